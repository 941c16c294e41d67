"""Whatever marks the hole in the picture of a mask is understood, or a sentence says what was seen."""

import warnings

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.images import samples
from tfinpaint.errors import InputError
from tfinpaint.images import png, read_mask

PHOTO = data.astronaut()[:240, 100:340]
Y, X = np.mgrid[:240, :240]
HIDDEN = ((X - 125) / 60) ** 2 + ((Y - 150) / 40) ** 2 < 1


def seen(path, **options):
    """The mask of a file, and what was said about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mask = read_mask(path, PHOTO.shape[:2], photo=PHOTO, **options)
    return mask, " ".join(str(one.message) for one in caught)


def same(mask) -> bool:
    """Whether a mask is the true one but for a few pixels of its edge."""
    return (mask & HIDDEN).sum() / (mask | HIDDEN).sum() > 0.95


def file(tmp_path, pixels, name="mask.png", **options):
    Image.fromarray(np.asarray(pixels)).save(tmp_path / name, **options)
    return tmp_path / name


def on(ground, colour, opacity=1.0):
    """A picture with the hole painted in a colour."""
    ground = np.broadcast_to(np.uint8(ground), PHOTO.shape)
    share = opacity * HIDDEN[..., None]
    return np.rint((1 - share) * ground + share * np.array(colour)).astype(np.uint8)


@pytest.mark.parametrize("name", ["mask.png", "mask.jpg", "mask.webp"])
@pytest.mark.parametrize("brush", [(255, 0, 0), (0, 255, 0), (255, 255, 255), (0, 0, 0), (128, 128, 128)])
@pytest.mark.parametrize("opacity", [1.0, 0.6])
def test_a_brush_on_a_copy_of_the_photo(tmp_path, name, brush, opacity):
    path = file(tmp_path, on(PHOTO, brush, opacity), name, quality=75)
    mask, word = seen(path)
    # a brush that is by chance of the photo's own colour leaves holes; lossy files smear colours
    found, beside = (mask & HIDDEN).sum() / HIDDEN.sum(), (mask & ~HIDDEN).sum() / HIDDEN.sum()
    assert found > (0.9 if opacity == 1 else 0.6) and beside < 0.1
    assert "mask" in word and "shows the photo; what was changed in it (" in word
    assert np.array_equal(seen(path, marks="changed")[0], mask)


def test_a_copy_in_which_nothing_is_marked_is_told(tmp_path):
    for name in ("mask.png", "mask.jpg"):
        with pytest.raises(InputError, match="shows the photo, and nothing in it is marked"):
            seen(file(tmp_path, PHOTO, name, quality=75))


@pytest.mark.parametrize("name", ["mask.png", "mask.webp"])
def test_what_was_erased_from_a_copy_and_what_was_drawn_on_nothing(tmp_path, name):
    alpha = np.where(HIDDEN, 0, 255).astype(np.uint8)
    erased = file(tmp_path, np.dstack([PHOTO, alpha]), name, lossless=True)
    mask, word = seen(erased)
    assert np.array_equal(mask, HIDDEN) and "shows the photo; what was erased from it counts as hidden" in word
    drawn = file(tmp_path, np.dstack([on(0, (200, 30, 30)), 255 - alpha]), name, lossless=True)
    assert np.array_equal(seen(drawn)[0], HIDDEN) and seen(drawn)[1] == ""
    sheet = file(tmp_path, np.dstack([on(255, 255), alpha]), name, lossless=True)
    with pytest.raises(InputError, match=r"would hide 8\d% of the photo; it may be inverted"):
        seen(sheet)
    assert np.array_equal(seen(sheet, marks="erased")[0], HIDDEN)
    with pytest.raises(InputError, match="must have see-through parts to be erased"):
        seen(file(tmp_path, on(0, 255), name, lossless=True), marks="erased")


@pytest.mark.parametrize("strength", [30, 127, 200])
def test_a_brush_may_be_see_through_itself(tmp_path, strength):
    alpha = np.where(HIDDEN, strength, 0).astype(np.uint8)
    drawn = file(tmp_path, np.dstack([on(0, (200, 30, 30)), alpha]), "mask.png")
    assert np.array_equal(seen(drawn)[0], HIDDEN)
    assert np.array_equal(seen(drawn, marks="drawn")[0], HIDDEN)


@pytest.mark.parametrize("alpha", [0, 100, 255])
def test_an_alpha_that_is_the_same_everywhere_marks_nothing(tmp_path, alpha):
    """Programs that forget it leave it at zero."""
    layer = np.full(HIDDEN.shape, alpha, np.uint8)
    mask, _ = seen(file(tmp_path, np.dstack([on(0, (255, 255, 255)), layer])))
    assert np.array_equal(mask, HIDDEN)
    with pytest.raises(InputError, match="must have see-through parts to be drawn"):
        seen(tmp_path / "mask.png", marks="drawn")


@pytest.mark.parametrize("name", ["mask.png", "mask.jpg"])
@pytest.mark.parametrize("ground", [0, 255, 128, PHOTO[..., 1:2]])
@pytest.mark.parametrize("brush", [(255, 0, 0), (0, 0, 255), (0, 160, 60)])
def test_one_colour_on_black_white_or_grey(tmp_path, name, ground, brush):
    mask, word = seen(file(tmp_path, on(ground, brush), name, quality=80))
    assert same(mask) and "is in colour; the coloured part counts as hidden" in word


def test_several_colours_are_told(tmp_path):
    two = np.where(HIDDEN[..., None], np.uint8((68, 1, 84)), np.uint8((253, 231, 37)))
    with pytest.raises(InputError, match="in white, or in one colour. Received: several colours"):
        seen(file(tmp_path, two))
    assert np.array_equal(seen(file(tmp_path, two), marks="black")[0], HIDDEN)
    two[:40] = 0
    with pytest.raises(InputError, match="Received: several colours"):
        seen(file(tmp_path, two))
    with pytest.raises(InputError, match="Received: several colours"):
        seen(file(tmp_path, data.coffee()[:240, :240]))  # another photo
    both = on(0, 255)
    both[:40] = 255, 0, 0
    with pytest.raises(InputError, match="Received: black, white and a colour"):
        seen(file(tmp_path, both))
    assert np.array_equal(seen(file(tmp_path, both), marks="white")[0], HIDDEN)


def test_another_photo_in_grey_is_no_mask(tmp_path):
    grey = file(tmp_path, data.camera()[100:340, 100:340])
    with pytest.raises(InputError, match="must be white where the face is hidden and black elsewhere. Received: a pic"):
        seen(grey)
    assert seen(grey, marks="white")[0].any()


@pytest.mark.parametrize("name", ["mask.png", "mask.jpg"])
def test_black_in_white_and_masks_of_everything_are_questioned(tmp_path, name):
    inverted = file(tmp_path, on(255, 0), name, quality=75)
    with pytest.raises(InputError, match=r"would hide 8\d% of the photo; .*`--mask-marks black` for black in white"):
        seen(inverted)
    assert same(seen(inverted, marks="black")[0])
    assert same(~seen(inverted, marks="white")[0])  # whoever means it says so
    with pytest.raises(InputError, match="would hide 100% of the photo"):
        seen(file(tmp_path, on(255, 255), name, quality=75))


def test_half_of_a_crop_is_not_questioned(tmp_path):
    lower = np.where(Y > 90, 255, 0).astype(np.uint8)
    assert np.array_equal(seen(file(tmp_path, lower))[0], lower > 0)


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_nearly_black_and_white_is_black_and_white(tmp_path, quality):
    mask, word = seen(file(tmp_path, on(0, 255)[..., 0], "mask.jpg", quality=quality))
    assert same(mask) and word == ""


@pytest.mark.parametrize("top", [1, 255, 65535])
def test_sixteen_bits(tmp_path, top):
    (tmp_path / "mask.png").write_bytes(png.encode_deep(HIDDEN.astype(np.uint16) * top))
    assert np.array_equal(seen(tmp_path / "mask.png")[0], HIDDEN) and seen(tmp_path / "mask.png")[1] == ""
    colours = np.repeat(HIDDEN[..., None].astype(np.uint16) * top, 3, axis=-1)
    (tmp_path / "mask.png").write_bytes(png.encode_deep(colours))
    assert np.array_equal(seen(tmp_path / "mask.png")[0], HIDDEN)


@pytest.mark.parametrize("kind", ["grey", "RGB", "P", "deep"])
def test_maps_of_labels(tmp_path, kind):
    def labels(numbers):
        if kind == "deep":
            (tmp_path / "mask.png").write_bytes(png.encode_deep(numbers.astype(np.uint16)))
            return tmp_path / "mask.png"
        image = Image.fromarray(numbers)
        if kind == "RGB":
            image = image.convert("RGB")
        elif kind == "P":
            image.putpalette(bytes(n for i in range(256) for n in (i // 9, i // 9, i // 9)))
        image.save(tmp_path / "mask.png")
        return tmp_path / "mask.png"

    ones = labels(HIDDEN.astype(np.uint8))
    assert np.array_equal(seen(ones)[0], HIDDEN) and seen(ones)[1] == ""
    mask, word = seen(labels(HIDDEN.astype(np.uint8) * 17))
    assert np.array_equal(mask, HIDDEN) and "holds the numbers 0 and 17; 17 hides" in word
    three = HIDDEN.astype(np.uint8) * 2
    three[:30] = 1
    with pytest.raises(InputError, match=r"holds the numbers 0, 1, 2, as maps of labels do; .*--mask-marks 1"):
        seen(labels(three))
    assert np.array_equal(seen(labels(three), marks=(2,))[0], HIDDEN)
    assert np.array_equal(seen(labels(three), marks=(1, 2))[0], three > 0)
    with pytest.raises(InputError, match="must hold one of the numbers 5. Received: 0, 1, 2"):
        seen(labels(three), marks=(5,))


def test_a_palette_in_colour_marks_by_its_colour_or_its_numbers(tmp_path):
    image = Image.fromarray(HIDDEN.astype(np.uint8) * 15)
    image.putpalette([0] * 45 + [192, 128, 128])  # a person, as the best-known set of labels colours it
    image.save(tmp_path / "mask.png")
    mask, word = seen(tmp_path / "mask.png")
    assert np.array_equal(mask, HIDDEN) and "is in colour" in word
    assert np.array_equal(seen(tmp_path / "mask.png", marks=(15,))[0], HIDDEN)


def test_arrays_are_read_by_the_same_rules():
    assert np.array_equal(seen(on(PHOTO, (255, 0, 0)))[0], HIDDEN)
    assert np.array_equal(seen(np.dstack([PHOTO, np.where(HIDDEN, 0, 255)]).astype(np.uint8))[0], HIDDEN)
    assert np.array_equal(seen(on(0, (255, 0, 0)))[0], HIDDEN)
    assert np.array_equal(seen(on(0, 1))[0], HIDDEN)
    with pytest.raises(InputError, match="holds the numbers 0, 1, 2"):
        seen(np.uint8(Y > 60) + np.uint8(Y > 90))
    assert "hides the whole photo" in seen(np.full(PHOTO.shape[:2], 255, np.uint8))[1]
    for wrong in (HIDDEN * 255.0, np.where(HIDDEN, np.nan, 0)):
        with pytest.raises(InputError, match="must be 0 to 1 where it is float"):
            seen(wrong)


def test_a_mask_on_its_side_or_of_another_scale_says_which(tmp_path):
    with pytest.raises(InputError, match=r"Received: 20x30 pixels. It lies on its side: .* turn the mask"):
        read_mask(file(tmp_path, np.zeros((30, 20), np.uint8)), (20, 30))
    with pytest.raises(InputError, match=r"Received: 60x40 pixels. It has the photo's shape: scale it"):
        read_mask(file(tmp_path, np.zeros((40, 60), np.uint8)), (20, 30))
    with pytest.raises(InputError, match=r"Received: 60x60 pixels\.$"):
        read_mask(file(tmp_path, np.zeros((60, 60), np.uint8)), (20, 30))


def test_a_mask_is_turned_by_its_own_orientation(tmp_path):
    path = file(tmp_path, np.rot90(HIDDEN).astype(np.uint8) * 255, exif=samples.exif(6))
    assert np.array_equal(seen(path)[0], HIDDEN)


def test_unknown_marks_are_refused(tmp_path):
    with pytest.raises(InputError, match="`marks` must be one of auto, white, black, drawn, erased, changed, or num"):
        seen(file(tmp_path, on(0, 255)), marks="green")
    with pytest.raises(InputError, match="must be grey or have a palette where numbers mark"):
        seen(file(tmp_path, PHOTO), marks=(1,))
