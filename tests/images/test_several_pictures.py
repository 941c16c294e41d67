"""Files of several pictures: refused with a word on the choice, passed over in folders, or taken by their first."""

import numpy as np
import pytest
from PIL import Image

from tests.images import samples
from tfinpaint import images
from tfinpaint.errors import ImageFileError
from tfinpaint.images import photos_in

KINDS = {"gif": "PNG", "webp": "WEBP", "png": "PNG", "tif": "TIFF"}  # ending -> what its first picture is written as


def animation(path, count=3):
    first = Image.fromarray(samples.picture())
    others = [Image.fromarray(255 - samples.picture())] * (count - 1)
    lossless = {"lossless": True} if path.suffix == ".webp" else {}
    first.save(path, save_all=True, append_images=others, **lossless)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_is_named_where_there_is_one(tmp_path, kind):
    path = animation(tmp_path / f"in.{kind}")
    for choice, advice in {None: "by itself.", False: "by itself, or take the first (`--first-picture`, "}.items():
        with pytest.raises(ImageFileError, match="in.* must hold one picture; it holds [23]. ") as caught:
            images.read(path, first_picture=choice)
        assert advice in str(caught.value)


@pytest.mark.parametrize("painted", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_is_read_and_written_alone(tmp_path, kind, painted):
    path = animation(tmp_path / f"in.{kind}")
    photo = images.read(path, first_picture=True)
    off = np.abs(photo.pixels.astype(int) - samples.picture()).max()
    assert off <= (40 if kind == "gif" else 0)  # a palette of GIF
    mask = np.zeros(photo.pixels.shape[:2], bool)
    mask[:8, :8] = painted
    out = tmp_path / f"out{images.output_suffix(path)}"
    images.write(photo, 255 - photo.pixels, mask, out)
    with Image.open(out) as after:
        assert after.format == KINDS[kind] and getattr(after, "n_frames", 1) == 1
        shown = np.asarray(after.convert("RGB"))
    assert np.array_equal(shown[~mask], photo.pixels[~mask])


def test_a_folder_passes_them_over_and_says_so(tmp_path):
    for kind in KINDS:
        animation(tmp_path / f"moving.{kind}")
        samples.save(tmp_path / f"still.{kind}")
    (tmp_path / "damaged.gif").write_bytes(b"GIF89a")
    listing = photos_in(tmp_path)
    stills = ["damaged.gif", *(f"still.{kind}" for kind in sorted(KINDS))]
    assert [file.name for file in listing.photos] == stills
    assert listing.words == "4 of several pictures (`--first-picture` takes the first)"
    listing = photos_in(tmp_path, first_picture=True)
    assert len(listing.photos) == 2 * len(KINDS) + 1 and not listing.left_out
