"""What is frozen comes back as it was, and other pictures are refused."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

from tests.evaluation.benchmark.data import KINDS, make_protocol, write_faces
from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark import freeze, load_protocol, save_protocol
from tfinpaint.evaluation.benchmark.drawing import compare
from tfinpaint.evaluation.benchmark.files import check_pictures

pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_faces(folder)
    return folder


@pytest.fixture(scope="module")
def protocol(folder):
    return make_protocol(folder)


def test_a_protocol_survives_its_file(protocol, tmp_path):
    save_protocol(protocol, tmp_path / "p.json")
    read = load_protocol(tmp_path / "p.json")
    assert read == protocol and read.sha256 == protocol.sha256


def test_the_hash_depends_on_everything(protocol):
    others = [dataclasses.replace(protocol, seed=1), dataclasses.replace(protocol, side=64, how="otherwise")]
    assert len({p.sha256 for p in (protocol, *others)}) == 3


def test_freezing_again_gives_the_same(protocol, folder):
    assert make_protocol(folder) == protocol


def test_every_picture_and_kind_is_listed(protocol):
    listed = protocol.sets["some"]
    assert list(listed.images) == [f"{i}.png" for i in range(6)]
    assert set(listed.drawn) == set(KINDS)
    assert len(bytes.fromhex(listed.drawn["rectangle"].means)) == 16 * (4 + 2)  # first batch and last


def test_the_protocol_that_comes_along_can_be_read():
    protocol = load_protocol("faces-1")
    assert len(protocol.sets["val"].images) == 1000 and len(protocol.sets["ffhq_val"].images) == 250
    assert all(set(listed.drawn) == set(protocol.kinds) for listed in protocol.sets.values())
    more = load_protocol("faces-1-more")
    assert more.sets["ffhq_val"].images == protocol.sets["ffhq_val"].images and more.seed == protocol.seed
    assert set(more.sets["ffhq_val"].drawn) == set(more.kinds) and not set(more.kinds) & set(protocol.kinds)
    assert more.judges == protocol.judges


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "JSONDecodeError"), ("[]", "frozen benchmark"), ('{"format": 7}', "format must be"), ("{}", "format")],
)
def test_a_file_that_is_no_protocol_is_refused(content, message, tmp_path):
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(InputError, match=message):
        load_protocol(tmp_path / "p.json")


def test_an_unknown_name_lists_the_known():
    with pytest.raises(InputError, match="faces-1.*Received: 'faces-9'"):
        load_protocol("faces-9")


def test_unknown_kinds_are_refused_and_the_order_is_the_protocols(protocol):
    assert protocol.chosen(reversed(KINDS), None) == (list(KINDS), ["some"])
    with pytest.raises(InputError, match="`kinds` must be some of .*Received: beard"):
        protocol.chosen(["beard"], None)


def test_the_right_pictures_pass(protocol, folder):
    assert check_pictures(protocol, folder, "some") == "same files"


def test_a_changed_picture_is_named(protocol, tmp_path):
    write_faces(tmp_path)
    cv2.imwrite(str(tmp_path / "faces" / "3.png"), np.zeros((48, 48, 3), np.uint8))
    with pytest.raises(InputError, match="1 of 6 missing or with other contents.*3.png"):
        check_pictures(protocol, tmp_path, "some")


def test_a_missing_folder_and_other_landmarks_are_named(protocol, tmp_path):
    with pytest.raises(InputError, match="`data` must hold faces"):
        check_pictures(protocol, tmp_path, "some")
    write_faces(tmp_path, first=1)
    with pytest.raises(InputError, match="faces.npz must have the SHA-256"):
        check_pictures(protocol, tmp_path, "some")


def test_one_face_is_too_few(tmp_path):
    write_faces(tmp_path, count=1)
    with pytest.raises(InputError, match="2 faces or more.*Received: 1"):
        freeze("one-1", tmp_path, {"some": "faces"}, KINDS, side=48)


def test_a_look_is_the_same_equal_but_for_rounding_or_refused(protocol):
    drawn = protocol.sets["some"].drawn["rectangle"]
    assert compare(drawn, drawn, "here") == "same bytes"
    means = bytearray.fromhex(drawn.means)
    means[0] = means[0] + 2 if means[0] < 200 else means[0] - 2
    rounded = dataclasses.replace(drawn, sha256="0" * 64, means=means.hex())
    assert compare(rounded, drawn, "here") == "same within 2 grey levels"
    means[0] = (means[0] + 100) % 256
    with pytest.raises(InputError, match="occluded faces of here must look like"):
        compare(dataclasses.replace(rounded, means=means.hex()), drawn, "here")
    with pytest.raises(InputError, match="must look like"):
        compare(dataclasses.replace(rounded, means=""), drawn, "here")


def test_a_saved_protocol_is_plain_json(protocol, tmp_path):
    save_protocol(protocol, tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text())["name"] == "drawn-1"
