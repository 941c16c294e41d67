"""Writes the goldens anew: `python -m tests.goldens.make`. Allowed for one reason only: published weights changed.

A golden that no longer fits says that the same weights paint another picture than the one which users got before:
framing, colours, resizing, pasting or a network has changed. That is to be repaired, never to be written over. So a
preset whose published weights still have the hash in `goldens.json` is left alone, and so are inputs that are stored;
those of a new preset are drawn as `drawings.py` says.
"""

from PIL import Image

from tests.goldens import drawings, restore, stored
from tfinpaint import records, zoo
from tfinpaint.files import sha256


def main() -> None:
    """Runs the command."""
    made = stored.record()
    for preset in restore.presets():
        digest = sha256(zoo.weights_path(zoo.preset(preset)))
        if made.get(preset, {}).get("weights") == digest:
            print(f"{preset}: the weights are those of its goldens; left alone")  # noqa: T201
            continue
        if not all(restore.source(name).exists() for name in restore.names(preset)):
            _draw(preset)
        for name, (picture, mask) in restore.restored(preset).items():
            stored.write(name, picture, mask)
        made[preset] = {"weights": digest, "versions": records.environment()}
        print(f"{preset}: written")  # noqa: T201
    records.write_json({preset: made[preset] for preset in restore.presets()}, stored.RECORD)


def _draw(preset: str) -> None:
    from skimage import data

    for name, picture in zip(restore.names(preset), drawings.PICTURES[preset](data.astronaut()), strict=True):
        restore.source(name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(restore.source(name), optimize=True)


if __name__ == "__main__":
    main()
