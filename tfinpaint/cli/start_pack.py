"""Starts the training of a pack: `python3 PACK/train.py --out OUT`, where there is JAX but no TensorFlow.

`tfinpaint pack` writes this file into each pack as `train.py`. It needs nothing but Python: the package, and wheels
that lie beside it (keras, optree, namex), are unpacked into a temporary folder for the time of the run.
"""

import os
import sys
import tempfile
import zipfile
from pathlib import Path


def main() -> int:
    """Unpacks, trains, tidies up; returns the program's exit code."""
    pack = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as site:
        for archive in [*pack.glob("*.whl"), pack / "tfinpaint.zip"]:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(site)
        sys.path.insert(0, site)
        os.environ.setdefault("KERAS_BACKEND", "jax")
        from tfinpaint import cli

        return cli.main(["train", "--pack", str(pack), "--policy", "mixed_bfloat16", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
