"""What reaches a network and comes back from it, looked at with a stand-in for the network."""

from types import SimpleNamespace

import numpy as np

from tfinpaint.engine import Contract
from tfinpaint.engine.restore import restore_pictures

SIDE = 16


def restored(pictures, masks):
    """What `restore_pictures` gives with a network that paints what it is told to in white, and what that was given."""
    seen = []

    def run(inputs):
        seen.append(inputs)
        return {"image": np.where(inputs["mask"] > 0, np.uint8(255), inputs["image"]), "mask": inputs["mask"]}

    model = SimpleNamespace(contract=Contract(), image_size=SIDE, name="stand-in")
    return restore_pictures(run, model, pictures, masks), seen[0]


def test_a_line_of_one_pixel_still_hides_when_the_picture_shrinks():
    mask = np.zeros((4 * SIDE, 4 * SIDE), bool)
    mask[21], mask[:, 42] = True, True
    result, seen = restored(np.full((4 * SIDE, 4 * SIDE, 3), 90, np.uint8), mask)
    shown = seen["mask"][0, ..., 0] > 0
    assert shown[5].all() and shown[:, 10].all() and shown.sum() == 2 * SIDE - 1
    assert (result.images[0][mask] > 150).all()
    np.testing.assert_array_equal(result.images[0][~mask], 90)


def test_a_network_sees_the_bytes_of_the_picture_red_first():
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[..., 0] = 255
    _, seen = restored(picture, np.zeros((SIDE, SIDE), bool))
    assert {name: value.dtype for name, value in seen.items()} == {"image": np.uint8, "mask": np.uint8}
    np.testing.assert_array_equal(seen["image"][0], picture)
