"""Files of others that come with the package: whole, licensed, and all that is needed without a network."""

import hashlib
import re
from pathlib import Path

import tfinpaint

PACKAGE = Path(tfinpaint.__file__).parent
FOLDER = PACKAGE / "_third_party"
# What Keras fetches when a recipe or a judge asks for it, and data sets of `tensorflow_datasets`.
FETCHES = {"features/vgg16.py", "features/resnet50_v2.py", "data/tfds_source.py"}


def test_every_file_is_listed_with_its_hash_and_its_licence():
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\S+)` \| `([0-9a-f]{64})` \|$", page, re.MULTILINE))
    files = [p for p in FOLDER.glob("*/*") if not p.name.startswith("LICENSE")]
    found = {p.relative_to(FOLDER).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert found == listed and len(found) == 21
    licences = {p.relative_to(FOLDER).as_posix() for p in FOLDER.glob("*/LICENSE*")}
    assert licences == set(re.findall(r"`(\w+/LICENSE\w*)`", page)) and len(licences) == 4


def test_nothing_else_is_fetched():
    words = re.compile(r"urllib\.request|urlopen|requests\.|get_file\(|keras\.applications|download_and_prepare\(")
    found = {
        p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py") if words.search(p.read_text(encoding="utf-8"))
    }
    assert found == FETCHES
