"""Every fault of a file becomes one clear sentence."""

import os
import threading

import numpy as np
import pytest
from PIL import Image

from tests.images import samples
from tfinpaint import images
from tfinpaint.errors import ImageFileError
from tfinpaint.images import reader


def sentence(path) -> str:
    with pytest.raises(ImageFileError) as caught:
        images.read(path)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and str(path) in message
    return message


def test_a_missing_file_a_folder_and_an_empty_file_are_told_apart(tmp_path):
    assert "No such file" in sentence(tmp_path / "none.jpg")
    assert "Is a directory" in sentence(tmp_path)
    (tmp_path / "empty.jpg").write_bytes(b"")
    assert "0 bytes" in sentence(tmp_path / "empty.jpg")


def test_text_named_like_a_photo_is_no_picture(tmp_path):
    (tmp_path / "text.jpg").write_text("hello " * 100)
    assert "must be a picture" in sentence(tmp_path / "text.jpg")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_truncated_files_are_refused(tmp_path, suffix, share):
    path = tmp_path / f"in.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    sentence(path)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_truncated_deep_files_are_refused(tmp_path, suffix):
    path = samples.save_deep(tmp_path / f"in.{suffix}", 3)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    sentence(path)


def test_tiny_pictures_are_refused(tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert "at least 16 pixels wide and high. Received: 1x1 pixels" in sentence(tmp_path / "dot.png")
    Image.new("RGB", (100, 15)).save(tmp_path / "strip.png")
    assert "100x15" in sentence(tmp_path / "strip.png")


@pytest.mark.parametrize(("width", "height"), [(20_000, 10_000), (200_000, 200_000)])
def test_huge_pictures_are_refused_before_their_pixels_are_read(tmp_path, width, height):
    (tmp_path / "huge.png").write_bytes(samples.png_promise(width, height))
    assert "at most 150 million pixels" in sentence(tmp_path / "huge.png")


def test_a_photo_20000_pixels_wide_is_read_and_written(tmp_path):
    Image.new("RGB", (20_000, 40), (120, 90, 80)).save(tmp_path / "wide.png")
    photo = images.read(tmp_path / "wide.png")
    pixels = photo.pixels.copy()
    pixels[:, :30] = 0
    images.write(photo, pixels, np.ones(pixels.shape[:2], bool), tmp_path / "out.png")
    assert np.array_equal(images.read(tmp_path / "out.png").pixels, pixels)


def test_animations_are_refused(tmp_path):
    frames = [Image.fromarray(samples.picture()), Image.fromarray(samples.picture()[::-1])]
    frames[0].save(tmp_path / "in.webp", save_all=True, append_images=frames[1:])
    assert "it holds 2" in sentence(tmp_path / "in.webp")


def test_samples_of_more_than_16_bits_are_refused(tmp_path):
    Image.fromarray(np.zeros((20, 20), np.float32)).save(tmp_path / "in.tif")
    assert "at most 16 bits" in sentence(tmp_path / "in.tif")


def test_broken_exif_does_not_stop_a_photo(tmp_path):
    data = samples.jpeg_bytes()
    body = b"Exif\0\0II*\0\xff\xff\xff\x7f"
    (tmp_path / "in.jpg").write_bytes(data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:])
    photo = images.read(tmp_path / "in.jpg")
    mask = np.ones(photo.pixels.shape[:2], bool)
    images.write(photo, 255 - photo.pixels, mask, tmp_path / "out.jpg")
    assert "painted by software" in Image.open(tmp_path / "out.jpg").getexif()[0x0131]


def test_threads_that_read_leave_the_programs_warnings_as_they_were(tmp_path):
    import threading
    import warnings

    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(path)
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [images.read(path) for _ in range(80)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_what_is_longer_than_any_photo_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 3_000_000)
    (tmp_path / "disk.jpg").touch()
    os.truncate(tmp_path / "disk.jpg", 3_000_001)
    assert sentence(tmp_path / "disk.jpg").startswith(f"{tmp_path / 'disk.jpg'} must have at most 0.0 GB")
    with pytest.raises(ImageFileError, match="/dev/zero must have at most"):  # without an end
        images.read("/dev/zero")


def test_a_pipe_is_read_to_its_end(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)  # more than one block
    Image.fromarray(noise).save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[(tmp_path / "a.png").read_bytes()])
    writer.start()
    assert np.array_equal(images.read(tmp_path / "pipe").pixels, noise)
    writer.join()


def test_a_photo_for_which_there_is_not_memory_enough_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    Image.new("RGB", (40, 30)).save(path)

    def load(image):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", load)
    with pytest.raises(ImageFileError, match=r"large\.png needs more memory than there is; make it smaller first"):
        images.read(path)
