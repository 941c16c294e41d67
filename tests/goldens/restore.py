"""Restores the goldens' inputs with the published weights; a program of its own, so that another backend can do it.

`python tests/goldens/restore.py OUT.npz` needs nothing but an installed tfinpaint: it imports none of the tests.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent
FACES = 2  # of the batch of each preset
HOLE = (255, 0, 255)  # pixels of this colour are what a model is told to paint, if it must be told
# Five points (x, y) of the photo, left-most eye first: no detector looks for the face.
PHOTO_LANDMARKS = ((86, 93), (130, 95), (107, 118), (87, 135), (125, 136))


def presets() -> list[str]:
    """The names of the presets with published weights."""
    from tfinpaint import zoo

    return [name for model in zoo.MODELS for name, preset in zoo.presets(model).items() if preset.file]


def names(preset: str) -> list[str]:
    """The names of a preset's pictures: its faces, then its photo."""
    return [*(f"{preset}_face_{k}" for k in range(FACES)), f"{preset}_photo"]


def source(name: str) -> Path:
    """The PNG file of an input."""
    return FOLDER / "inputs" / f"{name}.png"


def hole(pictures: np.ndarray) -> np.ndarray:
    """Where pictures have the colour that marks a hole, bool, without the last axis."""
    return (pictures == HOLE).all(-1)


def restored(preset: str, model: Any = None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> restored picture `(h, w, 3)` uint8 and mask `(h, w)` bool, of the preset's two faces and its photo.

    The faces are aligned already and run as one batch; the photo takes the whole road, with given landmarks.

    Args:
        preset: its name.
        model: the engine that has the preset's weights; by default its Keras model.
    """
    from tfinpaint import images, restoration, zoo

    model = model or zoo.load(preset)
    *faces, photo = names(preset)
    told = model.contract.needs_mask
    pictures = np.stack([images.read(source(name)).pixels for name in faces])
    batch = model.restore(pictures, hole(pictures) if told else None)
    found = dict(zip(faces, zip(batch.images, batch.masks[..., 0] > 0, strict=True), strict=True))
    mask = hole(images.read(source(photo)).pixels) if told else None
    result = restoration.restore_photo(source(photo), model, landmarks=PHOTO_LANDMARKS, mask=mask)
    return {**found, photo: (result.pixels, result.mask)}


def main(path: str) -> None:
    """Writes every picture and mask to an `.npz` file, and where the package and its weights were, for the test."""
    import keras

    import tfinpaint
    from tfinpaint import zoo

    arrays = {}
    for preset in presets():
        for name, (picture, mask) in restored(preset).items():
            arrays |= {f"{name}/picture": picture, f"{name}/mask": mask}
    where = [keras.backend.backend(), tfinpaint.__file__, *(str(zoo.folder(model)) for model in zoo.MODELS)]
    np.savez(path, where=np.array(where), **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
