"""Imports point one way, and the door is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tfinpaint

ROOT = Path(tfinpaint.__file__).parent
COMMON = {"errors", "files"}
# Room -> rooms that it may import, at module level or inside functions.
MAY = {
    "errors": set(),
    "files": {"errors"},
    "framing": COMMON,
    "engine": COMMON | {"framing"},
    "records": COMMON,
    "layers": COMMON,
    "losses": COMMON,
    "features": COMMON | {"framing"},
    "training": COMMON | {"engine", "losses", "layers", "features"},
    "models": COMMON | {"engine", "framing", "losses", "layers", "features", "training"},
    "images": COMMON,
    "faces": COMMON | {"framing", "images"},
    "data": COMMON | {"engine", "framing", "faces", "images", "records"},
    "zoo": COMMON | {"engine", "models"},
    "restoration": COMMON | {"engine", "zoo", "faces", "images"},
    "evaluation": COMMON | {"engine", "framing", "zoo", "faces", "images", "data", "features", "records"},
    "export": COMMON | {"engine", "framing", "zoo", "records", "data", "evaluation"},
    "page": COMMON | {"engine", "images", "restoration"},
    "callbacks": COMMON | {"engine", "zoo", "images", "training", "records"},
}
NO_TENSORFLOW = ("callbacks", "layers", "losses", "features", "models", "faces", "images", "page", "training")


def modules(room):
    path = ROOT / room
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def imported(path, top_level=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", MAY)
def test_a_room_imports_only_what_lies_below_it(room):
    for path in modules(room):
        for name in imported(path):
            if not name.startswith("tfinpaint.") or name.startswith("tfinpaint._version"):
                continue
            target = name.removeprefix("tfinpaint.")
            allowed = {room, *MAY[room]}
            assert any(target == a or target.startswith(f"{a}.") or a.startswith(f"{target}.") for a in allowed), (
                f"{path.relative_to(ROOT)} imports {name}"
            )


@pytest.mark.parametrize("room", NO_TENSORFLOW)
def test_rooms_that_run_on_jax_do_not_import_tensorflow(room):
    for path in modules(room):
        if path.name != "backend_tensorflow.py":
            assert not [n for n in imported(path, top_level=True) if n.split(".")[0] == "tensorflow"], path


def test_every_room_is_listed():
    rooms = {p.stem for p in ROOT.iterdir() if not p.stem.startswith("_") and p.suffix in ("", ".py")}
    assert rooms - {"cli"} == set(MAY)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, tfinpaint; print([m for m in ('numpy', 'keras', 'tensorflow', 'cv2', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_models_import_on_jax_without_tensorflow():
    pytest.importorskip("jax")
    code = (
        "import os, sys; os.environ['KERAS_BACKEND'] = 'jax'\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'tensorflow':\n"
        "            raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')\n"
        "sys.meta_path.insert(0, Block())\n"
        "import tfinpaint.models, tfinpaint.features, tfinpaint.training, tfinpaint.zoo\n"
        "print(sorted(tfinpaint.models.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "FMODR" in done.stdout


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a file begins with what it is"


def test_an_unknown_room_is_an_attribute_error():
    with pytest.raises(AttributeError, match="zoo"):
        tfinpaint.kitchen  # noqa: B018


def test_rooms_are_listed_by_dir():
    assert "zoo" in dir(tfinpaint)
