"""Runs the notebooks and keeps what they show: `make notebooks`, or `python notebooks/renew.py NOTEBOOK ...` for some.

Needs `pip install '.[demo,export,notebooks]'`. Pictures are kept as JPEG, which is a fifth of the size; what libraries
say on the error stream, and TensorFlow's warnings, are left out.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image
from tqdm import tqdm

HERE = Path(__file__).parent


def renew(path: Path) -> None:
    """Runs one notebook in a kernel of its own and writes it back with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": HERE}}).execute()
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [_kept(output) for output in cell.outputs if not _is_noise(output)]
    nbformat.write(notebook, path)


def _is_noise(output: nbformat.NotebookNode) -> bool:
    return output.get("name") == "stderr" or output.get("text", "").startswith("WARNING:")


def _kept(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An output whose picture is a JPEG."""
    shown = output.get("data", {})
    if "image/png" in shown:
        packed = io.BytesIO()
        Image.open(io.BytesIO(base64.b64decode(shown.pop("image/png")))).save(packed, "JPEG", quality=90)
        shown["image/jpeg"] = base64.b64encode(packed.getvalue()).decode()
        shown.pop("text/plain", None)
    return output


def main(*names: str) -> None:
    """All notebooks, or those that are named."""
    for path in tqdm([Path(name) for name in names] or sorted(HERE.glob("*.ipynb")), desc="notebooks"):
        renew(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
