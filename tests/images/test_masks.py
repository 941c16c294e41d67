"""One convention for masks, whatever they come as: True is hidden."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.images import read_mask

HIDDEN = np.zeros((20, 30), bool)
HIDDEN[5:12, 8:25] = True
SIZE = (20, 30)


@pytest.mark.parametrize(
    "mask",
    [
        HIDDEN,
        HIDDEN[..., None],
        HIDDEN.astype(np.uint8),
        HIDDEN.astype(np.uint8) * 255,
        HIDDEN.astype(np.float32),
        HIDDEN.astype(np.float64)[..., None],
        np.repeat(HIDDEN[..., None].astype(np.uint8) * 255, 3, -1),
    ],
    ids=["bool", "bool 3-d", "uint8 0/1", "uint8 0/255", "float32", "float64", "RGB"],
)
def test_arrays_of_every_kind_mean_the_same(mask):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(read_mask(mask, SIZE), HIDDEN)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA", "drawn"])
def test_files_of_every_kind_mean_the_same(tmp_path, mode):
    image = Image.fromarray(HIDDEN.astype(np.uint8) * 255)
    if mode == "drawn":  # black paint on a see-through layer
        image = Image.merge("RGBA", [Image.new("L", image.size)] * 3 + [image])
    else:
        image = image.convert(mode)
    image.save(tmp_path / "mask.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(read_mask(tmp_path / "mask.png", SIZE), HIDDEN)
        assert np.array_equal(read_mask(str(tmp_path / "mask.png"), SIZE), HIDDEN)


@given(arrays.arrays(np.uint8, (4, 5)).filter(lambda mask: mask.max() > 127))
@settings(max_examples=30, deadline=None)
def test_bytes_hide_above_127(mask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(read_mask(mask, (4, 5)), mask > 127)


@given(arrays.arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)))
@settings(max_examples=30, deadline=None)
def test_floats_hide_above_a_half(mask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(read_mask(mask, (4, 5)), mask > 0.5)


def test_empty_full_and_grey_masks_are_warned_of(tmp_path):
    with pytest.warns(UserWarning, match="`mask` is empty"):
        read_mask(np.zeros(SIZE, bool), SIZE)
    with pytest.warns(UserWarning, match="hides the whole photo"):
        read_mask(np.ones(SIZE, np.uint8), SIZE)
    with pytest.warns(UserWarning, match="is not binary"):
        read_mask(HIDDEN * np.float32(0.8), SIZE)


def test_a_mask_of_another_size_names_both_sizes(tmp_path):
    with pytest.raises(InputError, match=r"the photo's size, 30x20 pixels. Received: 20x30 pixels"):
        read_mask(HIDDEN.T, SIZE)
    Image.fromarray(HIDDEN).resize((60, 40)).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=r"mask.png must have the photo's size, 30x20 pixels. Received: 60x40"):
        read_mask(tmp_path / "mask.png", SIZE)


def test_other_arrays_and_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="bool, uint8 or float. Received: int64"):
        read_mask(np.zeros(SIZE, np.int64), SIZE)
    with pytest.raises(InputError, match=r"Received: \(2, 20, 30, 1\)"):
        read_mask(np.zeros((2, 20, 30, 1)), SIZE)
    with pytest.raises(ImageFileError, match="No such file"):
        read_mask(tmp_path / "none.png", SIZE)
