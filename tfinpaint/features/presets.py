"""Weights of feature networks that the zoo publishes; a file is checked by SHA-256 before it is opened."""

import json
from pathlib import Path

from tfinpaint.files import checked_weights, zoo_folder

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
    root = zoo_folder(folder)
    record = json.loads((root / "config.json").read_text(encoding="utf-8"))["presets"][name]
    return checked_weights(root / record["file"], record["sha256"], name)
