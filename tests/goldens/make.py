"""Writes the goldens anew: `python -m tests.goldens.make`. Allowed for one reason only: published weights changed.

A golden that no longer fits says that the same weights paint another picture than the one which users got before:
framing, colours, resizing, pasting or a network has changed. That is to be repaired, never to be written over. So a
preset whose published weights still have the hash in `goldens.json` is left alone. `--draw` also draws the inputs
anew (see `drawings.py`), which means all goldens; take it only where a preset joins the zoo or leaves it.
"""

import argparse
from collections.abc import Sequence

from PIL import Image

from tests.goldens import drawings, restore, stored
from tfinpaint import records, zoo


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true", help="draw the inputs anew")
    draw = parser.parse_args(arguments).draw
    if draw:
        _draw()
    made = stored.record()
    for preset in restore.presets():
        digest = zoo.sha256(zoo.weights_path(zoo.preset(preset)))
        if not draw and made.get(preset, {}).get("weights") == digest:
            print(f"{preset}: the weights are those of its goldens; left alone")  # noqa: T201
            continue
        for name, (picture, mask) in restore.restored(preset).items():
            stored.write(name, picture, mask)
        made[preset] = {"weights": digest, "versions": records.environment()}
        print(f"{preset}: written")  # noqa: T201
    records.write_json({preset: made[preset] for preset in restore.presets()}, stored.RECORD)


def _draw() -> None:
    from skimage import data

    portrait = data.astronaut()
    pictures = {
        "fmodr_128": (*drawings.faces_behind_masks(), drawings.photo_behind_mask(portrait)),
        "c2fdan_128_small": (*drawings.faces_behind_words(), drawings.photo_behind_word(portrait)),
    }
    for preset in restore.presets():
        for name, picture in zip(restore.names(preset), pictures[preset], strict=True):
            restore.source(name).parent.mkdir(exist_ok=True)
            Image.fromarray(picture).save(restore.source(name), optimize=True)


if __name__ == "__main__":
    main()
