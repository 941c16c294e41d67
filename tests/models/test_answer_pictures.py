"""Between uint8 pictures and a network: looked at with a stand-in for the network."""

from types import SimpleNamespace

import numpy as np

from tfinpaint.engine import Contract
from tfinpaint.models import InpaintingModel


def answered(picture, painted, mask=None):
    """What `answer_pictures` gives where a network paints `painted` into the mask, and what that network was given."""
    seen = []

    def answer(inputs):
        seen.append({name: np.asarray(value) for name, value in inputs.items()})
        hidden = np.float32(picture[..., :1] > 200) if mask is None else inputs["mask"]
        return {"image": np.full(picture.shape, painted, np.float32), "mask": hidden, "coarse": hidden, "other": hidden}

    model = SimpleNamespace(answer=answer, contract=Contract(extras=("coarse",)))
    inputs = {"image": picture} if mask is None else {"image": picture, "mask": mask}
    return {k: np.asarray(v) for k, v in InpaintingModel.answer_pictures(model, inputs).items()}, seen[0]


def test_a_network_sees_bytes_on_minus_one_to_one_and_masks_as_0_and_1():
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    mask = np.zeros((1, 16, 16, 1), np.uint8)
    mask[:, :4], mask[:, 4:8] = 255, 1
    _, seen = answered(picture, 0.0, mask)
    np.testing.assert_allclose(seen["image"], picture / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(seen["mask"], mask > 0)


def test_every_byte_outside_the_mask_comes_back_and_what_is_painted_is_rounded_and_bounded():
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    for value, byte in ((0.0, 128), (-0.5, 64), (0.503, 192), (7.0, 255), (-7.0, 0)):
        answer, _ = answered(picture, value)
        np.testing.assert_array_equal(answer["image"], np.where(picture > 200, byte, picture))
        np.testing.assert_array_equal(answer["mask"], picture[..., :1] > 200)
        assert answer["image"].dtype == answer["mask"].dtype == np.uint8 and set(answer) == {"image", "mask", "coarse"}
