"""What is read comes back as the same kind of file, and every kept sample is the file's own."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.images import samples
from tfinpaint import images
from tfinpaint.errors import ImageFileError, InputError

LOSSLESS = [
    ("png", "1"), ("png", "L"), ("png", "LA"), ("png", "P"), ("png", "RGB"), ("png", "RGBA"),
    ("tif", "1"), ("tif", "L"), ("tif", "LA"), ("tif", "P"), ("tif", "RGB"), ("tif", "RGBA"), ("tif", "CMYK"),
    ("bmp", "L"), ("bmp", "P"), ("bmp", "RGB"),
]  # fmt: skip


def painted(photo: images.Photo) -> tuple[np.ndarray, np.ndarray]:
    """The photo with a rectangle of another colour, and that rectangle."""
    mask = np.zeros(photo.pixels.shape[:2], bool)
    mask[10:30, 20:44] = True
    pixels = photo.pixels.copy()
    pixels[mask] = [200, 120, 100]
    return pixels, mask


def restored(source, target):
    photo = images.read(source)
    pixels, mask = painted(photo)
    images.write(photo, pixels, mask, target)
    return photo, pixels, mask


@pytest.mark.parametrize(("suffix", "mode"), LOSSLESS)
def test_kept_samples_come_back_bit_for_bit_in_the_same_mode(tmp_path, suffix, mode):
    source = samples.save(tmp_path / f"in.{suffix}", mode)
    _, pixels, mask = restored(source, tmp_path / f"out.{suffix}")
    before, after = Image.open(source), Image.open(tmp_path / f"out.{suffix}")
    assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)
    before, after = np.asarray(before), np.asarray(after)
    assert np.array_equal(before[~mask], after[~mask])
    assert not np.array_equal(before[mask], after[mask])
    if mode in ("LA", "RGBA"):
        assert np.array_equal(before[..., -1], after[..., -1])
    again = images.read(tmp_path / f"out.{suffix}").pixels[mask].astype(int)
    grey = round(0.299 * 200 + 0.587 * 120 + 0.114 * 100)
    expected = {"1": 255, "L": grey, "LA": grey}.get(mode, [200, 120, 100])
    assert np.abs(again - expected).max() <= (1 if mode == "CMYK" else 0)


def test_a_bmp_keeps_its_alpha_and_resolution(tmp_path):
    before = np.asarray(Image.open(samples.save(tmp_path / "in.png", "RGBA", dpi=(300, 150))))
    for target in ("a.bmp", "b.bmp"):  # from a PNG, and from the BMP that it became
        _, pixels, mask = restored(tmp_path / ("in.png" if target == "a.bmp" else "a.bmp"), tmp_path / target)
        after = Image.open(tmp_path / target)
        assert (after.format, after.mode) == ("BMP", "RGBA")
        assert after.info["dpi"] == pytest.approx((300, 150), abs=0.1)
        assert np.array_equal(np.asarray(after)[..., 3], before[..., 3])
        assert np.array_equal(np.asarray(after)[..., :3], pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_stay_sixteen_bits(tmp_path, suffix, channels):
    source = samples.save_deep(tmp_path / f"in.{suffix}", channels)
    _, _, mask = restored(source, tmp_path / f"out.{suffix}")
    before = samples.deep_picture(channels)
    after = cv2.imread(str(tmp_path / f"out.{suffix}"), cv2.IMREAD_UNCHANGED)
    after = after if channels == 1 else after[..., [2, 1, 0, 3][:channels]]
    assert after.dtype == np.uint16
    assert np.array_equal(before[~mask], after[~mask])
    colour = [round(0.299 * 200 + 0.587 * 120 + 0.114 * 100)] if channels == 1 else [200, 120, 100]
    assert (after[mask].reshape(mask.sum(), -1)[:, :3] == 257 * np.array(colour)).all()
    if channels == 4:
        assert np.array_equal(before[..., 3], after[..., 3])
    assert np.array_equal(images.read(tmp_path / f"out.{suffix}").samples, after)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once_and_reset(tmp_path, orientation):
    upright = samples.picture()
    turn = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}.get(orientation)  # fmt: skip
    stored = Image.fromarray(upright)
    stored = stored if turn is None else stored.transpose(turn)
    stored.save(tmp_path / "in.png", exif=samples.exif(orientation))
    deep = np.asarray(stored).astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "deep.png"), deep[..., ::-1])
    with_tag = (tmp_path / "deep.png").read_bytes()
    tag = (tmp_path / "in.png").read_bytes()
    at = tag.index(b"eXIf") - 4
    chunk = tag[at : at + 12 + int.from_bytes(tag[at : at + 4], "big")]
    (tmp_path / "deep.png").write_bytes(with_tag[:33] + chunk + with_tag[33:])
    for name in ("in.png", "deep.png"):
        photo, _, mask = restored(tmp_path / name, tmp_path / "out.png")
        assert np.array_equal(photo.pixels, upright)
        after = Image.open(tmp_path / "out.png")
        assert after.getexif()[0x0112] == 1
        assert np.array_equal(np.asarray(after)[~mask], upright[~mask])
        assert np.array_equal(images.read(tmp_path / "out.png").pixels[~mask], upright[~mask])


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_metadata_stays_and_the_tag_says_that_software_painted(tmp_path, suffix):
    options = {"exif": samples.exif(6), "icc_profile": samples.srgb_profile(), "dpi": (300, 300)}
    if suffix == "png":
        options["pnginfo"] = samples.texts()
    if suffix == "tif":
        options["tiffinfo"] = {700: b"<x:xmpmeta/>", 271: "Maker", 274: 6, 34665: {0x9003: "2024:05:06 07:08:09"}}
    source = samples.save(tmp_path / f"in.{suffix}", **options)
    restored(source, tmp_path / f"out.{suffix}")
    before, after = Image.open(source), Image.open(tmp_path / f"out.{suffix}")
    after.load()
    assert after.info["icc_profile"] == options["icc_profile"]
    tags = after.getexif()
    assert (tags[0x010F], tags.get(0x0112, 1)) == ("Maker", 1)
    assert tags.get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"
    software = after.text["Software"] if suffix == "png" else tags[0x0131]
    assert "painted by software" in software
    if suffix == "png":
        assert after.text["Author"] == "A. Person"
        assert after.info["gamma"] == pytest.approx(0.45455)
    if suffix == "tif":
        assert after.info["xmp"] == b"<x:xmpmeta/>"
    if suffix != "webp":
        assert after.info["dpi"] == pytest.approx(before.info["dpi"], abs=0.1)


def test_deep_tiff_keeps_its_description_and_profile(tmp_path):
    import tifffile

    extra = [(271, "s", 0, "Maker", True), (34675, 7, None, samples.srgb_profile(), True)]
    options = {"photometric": "rgb", "compression": "zlib", "extratags": extra}
    tifffile.imwrite(tmp_path / "in.tif", samples.deep_picture(3), **options)
    _, _, mask = restored(tmp_path / "in.tif", tmp_path / "out.tif")
    after = Image.open(tmp_path / "out.tif")
    assert after.info["icc_profile"] == samples.srgb_profile()
    assert (after.tag_v2[271], after.tag_v2[259]) == ("Maker", 8)
    assert "painted by software" in after.tag_v2[305]
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif")[~mask], samples.deep_picture(3)[~mask])


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_keeps_tables_subsampling_and_coding(tmp_path, mode, subsampling):
    options = {"quality": 83, "subsampling": subsampling, "progressive": True, "comment": b"hi"}
    source = samples.save(tmp_path / "in.jpg", mode, **options)
    restored(source, tmp_path / "out.jpg")
    before, after = Image.open(source), Image.open(tmp_path / "out.jpg")
    assert after.mode == before.mode == mode
    assert after.quantization == before.quantization
    if mode == "RGB":
        assert after.layer == before.layer  # sampling factors of each component
    assert after.info["progressive"] and after.info["comment"] == b"hi"


def test_jpeg_keeps_captions_and_xmp_without_orientation(tmp_path):
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x78\0\0"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6" creator="someone"/>'
    head = b"http://ns.adobe.com/xap/1.0/\0" + xmp
    segments = b"".join(bytes([255, m]) + (len(b) + 2).to_bytes(2, "big") + b for m, b in [(0xED, iptc), (0xE1, head)])
    data = samples.jpeg_bytes()
    (tmp_path / "in.jpg").write_bytes(data[:2] + segments + data[2:])
    restored(tmp_path / "in.jpg", tmp_path / "out.jpg")
    after = Image.open(tmp_path / "out.jpg")
    assert ("APP13", iptc) in after.applist
    assert b'creator="someone"' in after.info["xmp"] and b"Orientation" not in after.info["xmp"]


def test_lossless_webp_stays_lossless(tmp_path):
    source = samples.save(tmp_path / "in.webp", "RGBA", lossless=True, exact=True)
    _, pixels, mask = restored(source, tmp_path / "out.webp")
    after = np.asarray(Image.open(tmp_path / "out.webp"))
    assert np.array_equal(after[~mask], np.asarray(Image.open(source))[~mask])
    assert np.array_equal(after[..., :3][mask], pixels[mask])


def test_a_full_palette_takes_its_nearest_opaque_colours(tmp_path):
    indices = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)  # each entry is used by kept pixels
    palette = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)
    palette[255] = [200, 120, 100]  # the very colour wanted, but see-through
    image = Image.fromarray(indices, "P")
    image.putpalette(palette.tobytes())
    image.save(tmp_path / "in.png", transparency=255)
    _, _, mask = restored(tmp_path / "in.png", tmp_path / "out.png")
    after = Image.open(tmp_path / "out.png")
    assert after.mode == "P" and after.info["transparency"] == 255
    assert (np.asarray(after)[mask] != 255).all()
    assert np.array_equal(np.asarray(after)[~mask], np.asarray(image)[~mask])


def test_see_through_palette_entries_stay(tmp_path):
    image = Image.fromarray(samples.picture()).quantize(100)
    image.save(tmp_path / "in.png", transparency=bytes([0, 128] + 98 * [255]))
    restored(tmp_path / "in.png", tmp_path / "out.png")
    alpha = np.asarray(Image.open(tmp_path / "out.png").convert("RGBA"))[..., 3]
    assert set(np.unique(alpha)) == {0, 128, 255}


def test_a_photo_without_a_change_is_copied_byte_for_byte(tmp_path):
    source = samples.save(tmp_path / "in.jpg", quality=70, exif=samples.exif(6))
    photo = images.read(source)
    images.write(photo, photo.pixels.copy(), np.ones(photo.pixels.shape[:2], bool), tmp_path / "out.jpg")
    assert (tmp_path / "out.jpg").read_bytes() == source.read_bytes()


def test_pixels_outside_the_mask_are_never_taken(tmp_path):
    photo = images.read(samples.save(tmp_path / "in.png"))
    mask = np.zeros(photo.pixels.shape[:2], bool)
    mask[:5] = True
    images.write(photo, 255 - photo.pixels, mask, tmp_path / "out.png")
    after = images.read(tmp_path / "out.png").pixels
    assert np.array_equal(after[5:], photo.pixels[5:]) and np.array_equal(after[:5], 255 - photo.pixels[:5])


def test_a_photo_from_a_phone_with_two_frames_is_its_first(tmp_path):
    first, second = Image.fromarray(samples.picture()), Image.fromarray(samples.picture()[::2, ::2])
    first.save(tmp_path / "in.jpg", "MPO", save_all=True, append_images=[second])
    assert Image.open(tmp_path / "in.jpg").format == "MPO"
    restored(tmp_path / "in.jpg", tmp_path / "out.jpg")
    assert Image.open(tmp_path / "out.jpg").format == "JPEG"


def test_another_format_gets_what_it_can_hold(tmp_path):
    source = samples.save(tmp_path / "in.jpg", exif=samples.exif(3), icc_profile=samples.srgb_profile())
    _, pixels, mask = restored(source, tmp_path / "out.png")
    after = Image.open(tmp_path / "out.png")
    assert np.array_equal(np.asarray(after), pixels)
    assert after.info["icc_profile"] == samples.srgb_profile() and after.getexif()[0x010F] == "Maker"
    with pytest.raises(ImageFileError, match="cannot hold 8-bit RGBA samples; give a name that ends with .png"):
        restored(samples.save(tmp_path / "in.png", "RGBA"), tmp_path / "out.jpg")
    with pytest.raises(ImageFileError, match="cannot hold 16-bit L samples"):
        restored(samples.save_deep(tmp_path / "deep.png", 1), tmp_path / "out.bmp")
    with pytest.raises(ImageFileError, match="must end with .jpg"):
        restored(source, tmp_path / "out.xyz")


def test_gif_is_read_and_becomes_png(tmp_path):
    source = samples.save(tmp_path / "in.gif", "P")
    assert images.output_suffix(source) == ".png"
    restored(source, tmp_path / "out.png")
    assert Image.open(tmp_path / "out.png").mode == "P"


def test_metadata_too_long_for_the_format_is_one_sentence(tmp_path):
    tags = Image.Exif()
    tags[0x010E] = "x" * 70_000
    source = samples.save(tmp_path / "in.png", exif=tags)
    with pytest.raises(ImageFileError, match="out.jpg cannot be written as JPEG: EXIF data is too long"):
        restored(source, tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


def test_write_refuses_pictures_of_another_size(tmp_path):
    photo = images.read(samples.save(tmp_path / "in.png"))
    with pytest.raises(InputError, match="must have the photo's size"):
        images.write(photo, photo.pixels[:-1], np.ones((47, 64), bool), tmp_path / "out.png")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    source = samples.save(tmp_path / "in.png")
    target = tmp_path / "out.png"
    target.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(ImageFileError, match="out.png cannot be written: No space left"):
        restored(source, target)
    assert target.read_bytes() == b"old" and sorted(p.name for p in tmp_path.iterdir()) == ["in.png", "out.png"]


def _png(depth, colour, rows, width, height, transparent):
    """A PNG file chunk by chunk, with a transparent value."""
    import struct
    import zlib

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), (b"tRNS", transparent), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("depth", [2, 4])
def test_a_transparent_grey_stays_transparent_in_more_bits(tmp_path, depth):
    values = np.random.default_rng(0).integers(0, 2**depth, (32, 64))
    bits = np.unpackbits(values.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
    rows = [bytes(np.packbits(row.ravel())) for row in bits]
    (tmp_path / "a.png").write_bytes(_png(depth, 0, rows, 64, 32, bytes([0, 2])))
    photo, mask = images.read(tmp_path / "a.png"), np.zeros((32, 64), bool)
    mask[:2, :2] = True
    images.write(photo, 255 - photo.pixels, mask, tmp_path / "b.png")
    after = np.asarray(Image.open(tmp_path / "b.png").convert("RGBA"))
    np.testing.assert_array_equal(after[..., 0][~mask], (values * 255 // (2**depth - 1))[~mask])
    np.testing.assert_array_equal((after[..., 3] == 0)[~mask], (values == 2)[~mask])


@pytest.mark.parametrize("channels", [1, 3])
def test_deep_samples_with_a_transparent_value_keep_it(tmp_path, channels):
    deep = samples.deep_picture(channels).reshape(48, 64, channels)
    rows = [row.astype(">u2").tobytes() for row in deep]
    transparent = deep[20, 20].astype(">u2").tobytes()
    (tmp_path / "a.png").write_bytes(_png(16, {1: 0, 3: 2}[channels], rows, 64, 48, transparent))
    photo, mask = images.read(tmp_path / "a.png"), np.zeros((48, 64), bool)
    mask[:2, :2] = True
    images.write(photo, 255 - photo.pixels, mask, tmp_path / "b.png")
    data = (tmp_path / "b.png").read_bytes()
    assert data[data.index(b"tRNS") + 4 :][: len(transparent)] == transparent
    np.testing.assert_array_equal(images.read(tmp_path / "b.png").samples[~mask], deep.squeeze()[~mask])


@pytest.mark.parametrize(("depth", "channels"), [(4, 1), (8, 1), (8, 3), (16, 1), (16, 3)])
def test_what_is_painted_is_not_seen_through(tmp_path, depth, channels):
    step = {4: 17, 8: 1, 16: 1}[depth]
    values = np.full((32, 64, channels), 2**depth // 2, np.uint16)
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(32, 64, channels, 2), axis=-1)[..., 16 - depth :]
    rows = [bytes(np.packbits(row.ravel())) for row in bits]
    level = {4: 5, 8: 90, 16: 90 * 257}[depth]
    transparent = np.full(channels, level, ">u2").tobytes()
    (tmp_path / "a.png").write_bytes(_png(depth, {1: 0, 3: 2}[channels], rows, 64, 32, transparent))
    photo, mask = images.read(tmp_path / "a.png"), np.zeros((32, 64), bool)
    mask[:9] = True
    images.write(photo, np.full_like(photo.pixels, 85 if depth == 4 else 90), mask, tmp_path / "b.png")
    after = images.read(tmp_path / "b.png").samples.reshape(32, 64, channels)
    assert not (after[mask] == level * step).all(-1).any()
    assert np.abs(after[mask].astype(int) - level * step).max() == 1
    np.testing.assert_array_equal(after[~mask], photo.samples.reshape(32, 64, channels)[~mask])


@pytest.mark.parametrize(
    ("depth", "channels", "suffixes"),
    [(8, 1, {".tif"}), (8, 3, {".tif", ".webp", ".bmp"}), (16, 1, set()), (16, 3, {".tif"})],
)
def test_a_transparent_value_becomes_a_channel_in_formats_that_know_none(tmp_path, depth, channels, suffixes):
    values = np.random.default_rng(0).integers(0, 4, (32, 64, channels)) * (2**depth // 4)
    rows = [row.astype(">u2" if depth == 16 else np.uint8).tobytes() for row in values]
    through = (values == values[20, 20]).all(-1)
    name = values[20, 20].astype(">u2").tobytes()
    (tmp_path / "a.png").write_bytes(_png(depth, {1: 0, 3: 2}[channels], rows, 64, 32, name))
    photo, mask = images.read(tmp_path / "a.png"), np.zeros((32, 64), bool)
    mask[:9] = True
    for suffix in (".tif", ".webp", ".bmp", ".jpg"):
        target = tmp_path / f"b{suffix}"
        if suffix not in suffixes:
            with pytest.raises(ImageFileError, match=r"cannot hold .* samples; give a name that ends with \.png"):
                images.write(photo, 255 - photo.pixels, mask, target)
            assert not target.exists()
            continue
        images.write(photo, 255 - photo.pixels, mask, target)
        after = images.read(target)
        np.testing.assert_array_equal(after.samples[..., :-1][~mask], photo.samples.reshape(32, 64, -1)[~mask])
        np.testing.assert_array_equal((after.samples[..., -1] == 0)[~mask], through[~mask])
