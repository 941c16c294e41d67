"""Promises of the pages: every Python block runs, and every command line is one that the program understands."""

import re
import shlex
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

import tfinpaint
from tests.faces_for_tests import synthetic_faces
from tests.fake_engine import FakeEngine
from tests.models.run_stages import features
from tests.models.tiny import MODELS, class_of
from tfinpaint import cli, zoo
from tfinpaint.data import load_faces, occlude
from tfinpaint.data.occlusions import Rectangle
from tfinpaint.data.prepare import prepare_faces
from tfinpaint.training.declared import output

tf = pytest.importorskip("tensorflow")

ROOT = Path(tfinpaint.__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("zoo/*/README.md")]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PAGES)}
# Page -> its Python, each block on the line where it stands.
BLOCKS = {
    page: [text[: block.start()].count("\n") * "\n" + block[0] for block in found]
    for page, text in TEXTS.items()
    if (found := list(re.finditer(r"(?<=^```python\n).*?(?=^```$)", text, re.M | re.S)))
}
COMMANDS = [
    (page, " ".join(line.replace("\\\n", " ").split("#")[0].split()))
    for page, text in TEXTS.items()
    for line in re.findall(r"^ {4}((?:tfinpaint|python -m tfinpaint) (?:.*\\\n)*.*)$", text, re.M)
]
# Blocks that cannot run here, by words that one of them holds.
NOT_RUN = {
    'tfds_faces("celeb_a"': "a gigabyte would be fetched; tests/data/test_tfds.py has a data set of its own",
    "num_processes=2": "takes two machines; tests/training/test_devices.py starts two processes",
}


def write_faces(place, names, side=64):
    """Drawn faces as pictures, and `landmarks.csv` as the pages describe it."""
    images, points = synthetic_faces(len(names), side)
    lines = ["name,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5"]
    for name, image, five in zip(names, images, points, strict=True):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / name), image[..., ::-1])
        lines.append(",".join([name, *(f"{v:.2f}" for v in five.ravel())]))
    (place / "landmarks.csv").write_text("\n".join(lines))


def write_pairs(place):
    """FMOR's layout: a face, a black box before it, and the box."""
    images, points = synthetic_faces(2, 64)
    for name, image in zip("ab", images, strict=True):
        box = np.zeros_like(image)
        box[40:56, 20:44] = 255
        for folder, picture in (("masked", image & ~box), ("unmasked", image), ("annotation", box)):
            (place / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(place / folder / f"{name}.png"), picture[..., ::-1])
    np.savez(place.with_suffix(".npz"), name=np.array(["a", "b"]), landmarks=points)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what the pages speak of: a photo, faces, people, pairs, prepared faces."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("photo.jpg", data.astronaut()[..., ::-1])
    write_faces(tmp_path / "my_faces", [f"{i}.png" for i in range(60)])
    write_faces(tmp_path / "vggface", [f"{person}/{i}.jpg" for person in "abcd" for i in range(2)])
    write_pairs(tmp_path / "fmor")
    shutil.make_archive("faces", "zip", "my_faces")
    shutil.copy("my_faces/landmarks.csv", "faces.csv")
    return tmp_path


@pytest.fixture
def tiny(monkeypatch):
    """The zoo has one tiny model, with a recipe of three short stages; all fitting ends after a step."""
    usual = class_of("fmodr").recipes["small"].scaled(1e-6)

    class Short(class_of("fmodr")):
        recipes = {"small": replace(usual, stages=tuple(usual.stage(s) for s in ("detector", "coarse", "finish")))}

        def compile(self, *arguments, **options):
            usual = {"features": features(MODELS["fmodr"].features), "run_eagerly": not tf.distribute.has_strategy()}
            super().compile(*arguments, **usual | options)

        def fit(self, data, **options):
            return super().fit(data, **{**options, "steps_per_epoch": 1, "epochs": 1})

    make = partial(Short, **{**MODELS["fmodr"].arguments, "image_size": 128})
    monkeypatch.setattr(zoo, "load", lambda name: make())
    return make


def given(page, make):
    """The names that a page takes for granted."""
    if page == "README.md":
        return {"faces": load_faces("my_faces", limit=2).images}
    if page == "docs/architecture.md":
        return {"output": output}
    if page == "docs/evaluation.md":
        return {"model": FakeEngine()}
    if page == "docs/training.md":
        faces = load_faces("my_faces", limit=4)
        names = {"faces": faces, "model": make(), "tf": tf, "tfinpaint": tfinpaint}
        names |= {"occlude": occlude, "default_occlusion": Rectangle}
        data = occlude(faces, Rectangle(), batch_size=2, seed=0)
        return names | {"data": data, "held_out": data.take(1)}
    if page == "docs/uv.md":
        shutil.copy("photo.jpg", Path("fmor") / "photo.jpg")
        prepare_faces(["fmor"], "faces_128", size=128, uv=True)
    return {}


@pytest.mark.parametrize("page", BLOCKS)
def test_the_python_of_a_page_runs(page, place, tiny):
    names = given(page, tiny)
    for block in BLOCKS[page]:
        if not any(words in block for words in NOT_RUN):
            exec(compile(block, page, "exec"), names)


def test_the_blocks_that_are_not_run_are_there():
    for words in NOT_RUN:
        assert sum(words in block for blocks in BLOCKS.values() for block in blocks) == 1


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[line[:60] for _, line in COMMANDS])
def test_a_command_of_a_page_is_understood(page, line):
    cli._parser().parse_args(shlex.split(line)[1:])
