"""Weights of feature networks that the zoo publishes; a file is checked by SHA-256 before it is opened."""

import hashlib
import json
from pathlib import Path

from tfinpaint.errors import WeightsError

PUBLISHED = {("light_cnn", "compact"): ("light_cnn", "light_cnn_compact")}  # what builders call it -> folder, preset


def weights_file(network: str, weights: str | Path | None) -> Path | None:
    """The file behind the `weights` that a builder of `tfinpaint.features` takes: the zoo's or one's own; or None.

    Raises:
        WeightsError: see `published`.
    """
    if (network, str(weights)) in PUBLISHED:
        return published(*PUBLISHED[network, str(weights)])
    path = Path(weights) if weights is not None else None
    return path if path is not None and path.is_file() else None


def published(folder: str, name: str) -> Path:
    """The file of the preset `name` in the zoo's `folder`, inside the package or beside it in a checkout.

    Raises:
        WeightsError: it is missing, or its hash is not the one in the folder's `config.json`.
    """
    package = Path(__file__).parents[1]
    roots = [root / folder for root in (package / "_zoo", package.parent / "zoo")]
    root = next((r for r in roots if (r / "config.json").is_file()), None)
    if root is None:
        raise WeightsError(f"The zoo's files of {folder!r} must be in {roots[0]}; install the package again.")
    record = json.loads((root / "config.json").read_text(encoding="utf-8"))["presets"][name]
    path, sha256 = root / record["file"], record["sha256"]
    if not path.is_file():
        raise WeightsError(f"The weights of {name!r} must be at {path} (SHA-256 {sha256}); there are none.")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise WeightsError(
            f"The weights at {path} must have the SHA-256 {sha256}. Received: {digest}. "
            "The file is damaged or was replaced: install the package again."
        )
    return path
