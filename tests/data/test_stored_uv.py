"""Dense fields that `tfinpaint prepare --uv` writes come back as `uv_fields` computes them."""

import io
import json
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.data.photos import Finder, encoded, photo
from tfinpaint.data import load_faces, load_uv, occlude, prepare_faces, uv_fields
from tfinpaint.data.occlusions import NoOcclusion
from tfinpaint.data.stored_uv import decode_uv, encode_uv
from tfinpaint.errors import InputError
from tfinpaint.faces import Face
from tfinpaint.faces.uv import GenericHead

OPTIONS = {"size": 48, "shard_photos": 2}


class Turned(Finder):
    """Landmarks that differ from face to face, as those of real photos do."""

    def __call__(self, pixels):
        faces = super().__call__(pixels)
        moved = np.random.default_rng(int(pixels.sum())).normal(0, 1.5, (len(faces), 5, 2)).astype(np.float32)
        return [Face(f.box, f.score, f.landmarks + m) for f, m in zip(faces, moved, strict=True)]


@pytest.fixture
def album(tmp_path):
    (tmp_path / "album").mkdir()
    for k in range(5):
        (tmp_path / "album" / f"{k}.png").write_bytes(encoded(photo(2, k)))
    return tmp_path / "album"


@pytest.fixture
def prepared(album, tmp_path):
    prepare_faces([album], tmp_path / "out", detector=Turned, faces="all", uv=True, **OPTIONS)
    return tmp_path / "out"


def test_fields_come_back_bit_for_bit_in_order_of_the_faces(prepared):
    faces, (uv, valid) = load_faces(prepared, size=48), load_uv(prepared)
    expected = uv_fields(faces, GenericHead())
    assert len(faces) == 10 and uv.dtype == np.float16 and valid.dtype == np.uint8
    np.testing.assert_array_equal(uv, expected[0])
    np.testing.assert_array_equal(valid, expected[1])
    assert 0.2 < valid.mean() < 0.9 and np.ptp(uv[:, 24, 24, 0].astype(float)) > 0.01
    first = load_uv(prepared, limit=3)
    np.testing.assert_array_equal(first[0], uv[:3])
    np.testing.assert_array_equal(first[1], valid[:3])


def test_they_are_near_the_single_precision_field(prepared):
    faces, (uv, valid) = load_faces(prepared, size=48), load_uv(prepared)
    for image, points, field, defined in zip(faces.images, faces.landmarks, uv, valid, strict=True):
        exact, where = GenericHead()(image, points)
        np.testing.assert_array_equal(defined, where)
        np.testing.assert_allclose(field, exact, rtol=0, atol=2**-12)  # half a step of a half float below 1


def test_occlude_takes_the_pair(prepared):
    faces, fields = load_faces(prepared, size=48), load_uv(prepared)
    batches = occlude(faces, NoOcclusion(), batch_size=10, shuffle=False, flip=False, repeat=False, uv=fields)
    (batch,) = batches.as_numpy_iterator()
    np.testing.assert_array_equal(batch["uv"], fields[0].astype(np.float32))
    np.testing.assert_array_equal(batch["uv_valid"], fields[1])


def test_a_field_of_any_half_floats_survives(tmp_path):
    rng = np.random.default_rng(0)
    uv = rng.integers(0, 0x3C01, (7, 9, 2)).astype(np.uint16).view(np.float16)  # every pattern from 0 to 1
    valid = rng.integers(0, 2, (7, 9, 1)).astype(np.float32)
    png = encode_uv(uv, valid)
    field, defined = decode_uv(png)
    np.testing.assert_array_equal(field, np.where(valid > 0, uv, 0))
    np.testing.assert_array_equal(defined, valid)
    assert png[24:26] == bytes([16, 2]) and Image.open(io.BytesIO(png)).size == (9, 7)  # 16 bits of RGB


def test_the_channels_of_the_png_are_u_v_and_validity():
    """Read without this library; no filter of PNG changes a lone pixel's bytes."""
    png = encode_uv(np.array([[[0.25, 0.75]]], np.float32), np.ones((1, 1, 1), np.float32))
    at = png.index(b"IDAT")
    row = zlib.decompress(png[at + 4 : at + 4 + int.from_bytes(png[at - 4 : at])])
    np.testing.assert_array_equal(np.frombuffer(row[1:], ">u2").astype("u2").view(np.float16), [0.25, 0.75, 1])
    pixels = cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(pixels.view("float16"), [[[0.25, 0.75, 1]]])


def test_a_folder_without_fields_is_refused_in_a_sentence(album, tmp_path):
    prepare_faces([album], tmp_path / "plain", detector=Finder, **OPTIONS)
    with pytest.raises(InputError, match=r"plain' must hold dense fields: prepare it into a new folder with --uv\."):
        load_uv(tmp_path / "plain")
    with pytest.raises(InputError, match=r"A prepared folder must have the whole manifest\.json"):
        load_uv(album)


def test_going_on_with_the_flag_changed_is_refused(album, tmp_path):
    class Fails(Finder):
        def __call__(self, pixels):
            if list((tmp_path / "begun").glob("*.tfrecord")):
                raise KeyboardInterrupt
            return super().__call__(pixels)

    Fails.__name__ = "Finder"
    with pytest.raises(KeyboardInterrupt):
        prepare_faces([album], tmp_path / "begun", detector=Fails, uv=True, workers=1, **OPTIONS)
    with pytest.raises(InputError, match=r"^'[^']*begun' was begun with uv=True\. Received: uv=False\. Give the same"):
        prepare_faces([album], tmp_path / "begun", detector=Finder, **OPTIONS)
    prepare_faces([album], tmp_path / "begun", detector=Finder, uv=True, **OPTIONS)
    prepare_faces([album], tmp_path / "straight", detector=Finder, uv=True, **OPTIONS)
    for path in (tmp_path / "straight").iterdir():
        assert (tmp_path / "begun" / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match=r"was begun with uv=True\. Received: uv=False\."):
        prepare_faces([album], tmp_path / "straight", detector=Finder, **OPTIONS)


def test_folders_of_older_versions_that_say_nothing_have_no_fields(album, tmp_path):
    out = tmp_path / "out"
    manifest = prepare_faces([album], out, detector=Finder, **OPTIONS)
    del manifest["options"]["uv"]
    (out / "manifest.json").write_text(json.dumps(manifest))
    assert prepare_faces([album], out, detector=Finder, **OPTIONS) == manifest
    with pytest.raises(InputError, match=r"was begun with uv=False\. Received: uv=True\."):
        prepare_faces([album], out, detector=Finder, uv=True, **OPTIONS)
    with pytest.raises(InputError, match="must hold dense fields"):
        load_uv(out)


def test_damage_is_noticed(prepared):
    shard = prepared / "faces-00001.tfrecord"
    shard.write_bytes(b"x" + shard.read_bytes()[1:])
    with pytest.raises(InputError, match="must have the SHA-256"):
        load_uv(prepared)


@pytest.mark.shared
def test_a_real_faces_field_is_small(shared):
    faces = load_faces(shared / "faces" / "ffhq_val.zip", size=128, limit=8)
    sizes = [len(encode_uv(*GenericHead()(i, p))) for i, p in zip(faces.images, faces.landmarks, strict=True)]
    assert np.mean(sizes) < 14_000
