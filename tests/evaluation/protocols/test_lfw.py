import zipfile

import cv2
import numpy as np
import pytest

from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.evaluation.protocols import as_embedder, load_embedder, load_pair_pictures, read_pairs, verify
from tfinpaint.framing import template_points

PAIRS = "2\t1\nAnn_Lee\t1\t2\nAnn_Lee\t1\tBob\t1\nCy\t2\t1\nCy\t2\tDee\t3\n"
NAMES = ["Ann_Lee_0001", "Ann_Lee_0002", "Bob_0001", "Cy_0001", "Cy_0002", "Dee_0003", "Eve_0001"]


@pytest.fixture(params=["zip", "folder"])
def faces(request, tmp_path):
    """Seven grey pictures, the n-th of brightness 10 n, of which six are in pairs."""
    rows = ["name," + ",".join(f"{axis}{i}" for i in range(1, 6) for axis in "xy")]
    files = {}
    for i, name in enumerate(NAMES):
        points = template_points(16) + i
        rows.append(f"{name}.jpg," + ",".join(f"{v:.3f}" for v in points.ravel()))
        files[f"{name}.jpg"] = cv2.imencode(".jpg", np.full((16, 16, 3), 10 * i, "uint8"))[1].tobytes()
    (tmp_path / "pairs.txt").write_text(PAIRS)
    if request.param == "zip":
        (tmp_path / "lfw.csv").write_text("\n".join(rows))
        with zipfile.ZipFile(tmp_path / "lfw.zip", "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return tmp_path / "lfw.zip"
    for name, data in files.items():
        folder = tmp_path / "lfw" / name.rpartition("_")[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (tmp_path / "lfw" / "landmarks.csv").write_text("\n".join(rows))
    return tmp_path / "lfw"


def test_only_the_pictures_that_pairs_need_are_there_in_the_pairs_order(faces):
    loaded = load_pair_pictures(faces)
    assert loaded.names == tuple(
        f"{NAMES[i]}.jpg" for i in (0, 1, 2, 4, 3, 5)
    )  # as the list first names them; Eve is in no pair
    assert len(loaded) == 6 and loaded.images.shape == (6, 16, 16, 3)
    np.testing.assert_allclose(loaded.images[:, 8, 8, 0], [0, 10, 20, 40, 30, 50], atol=1)
    np.testing.assert_allclose(loaded.landmarks[3], template_points(16) + 4, atol=1e-3)
    assert loaded.people == ("Ann_Lee", "Ann_Lee", "Bob", "Cy", "Cy", "Dee")


def test_nothing_is_read_before_it_is_asked_for(faces):
    if faces.is_dir():
        (faces / "Bob" / "Bob_0001.jpg").write_bytes(b"no picture")
        loaded = load_pair_pictures(faces)
        assert loaded.pictures([0, 1])[1].shape == (16, 16, 3)
        with pytest.raises(ImageFileError, match="Bob"):
            loaded.pictures([2])


def test_pictures_are_embedded_in_order(faces):
    loaded = load_pair_pictures(faces)
    found = loaded.embed(as_embedder(lambda chips: chips.mean((1, 2)), size=8))
    np.testing.assert_allclose(found[:, 0], [0, 10, 20, 40, 30, 50], atol=1)


def test_pictures_of_several_sizes_have_no_common_array(faces):
    if faces.is_dir():
        cv2.imwrite(str(faces / "Bob" / "Bob_0001.jpg"), np.zeros((8, 9, 3), "uint8"))
        with pytest.raises(InputError, match="one size"):
            load_pair_pictures(faces).images  # noqa: B018


def test_other_lists_can_be_given(faces):
    pairs = read_pairs(faces.parent / "pairs.txt")
    some = load_pair_pictures(faces, pairs=pairs.take(pairs.fold == 1))
    assert some.people == ("Cy", "Cy", "Dee")


def test_what_is_missing_is_named(faces):
    (faces.parent / "more.txt").write_text(PAIRS.replace("Dee\t3", "Dee\t4"))
    with pytest.raises(InputError, match=r"lfw.*1 of 6 that are missing there \(Dee_0004.jpg\)"):
        load_pair_pictures(faces, pairs=faces.parent / "more.txt")
    points = faces.parent / "points.csv"
    points.write_text(
        "name," + ",".join(f"{axis}{i}" for i in range(1, 6) for axis in "xy") + "\nBob_0001.jpg" + ",1" * 10
    )
    with pytest.raises(InputError, match=r"landmarks .*points.csv.*5 of 6"):
        load_pair_pictures(faces, landmarks=points)
    (faces.parent / "pairs.txt").unlink()
    with pytest.raises(InputError, match="pairs.txt"):
        load_pair_pictures(faces)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "file", "stated"),
    [
        ("mobile_face_net", "mobilefacenet_fp16.npz", 0.9867),
        ("dlib", "dlib_face_recognition_resnet_u8.npz", 0.9855),
    ],
)
def test_the_recognisers_of_the_kit_reach_their_accuracy(shared, name, file, stated):
    """The first 16 pairs of each fold; `benchmarks/lfw.py` measures all of them."""
    pairs = read_pairs(shared / "lfw" / "pairs.txt")
    some = pairs.take(np.arange(len(pairs)) % 300 < 8)
    faces = load_pair_pictures(shared / "lfw" / "lfw.zip", pairs=some)
    embedder = load_embedder(name, shared / "nets" / file)
    found = faces.embed(embedder)
    first, second = found[faces.pairs.first], found[faces.pairs.second]
    accuracy = verify(first, second, faces.pairs, metric=embedder.metric).summary()["accuracy"]
    chance = np.sqrt(stated * (1 - stated) / len(some))
    assert accuracy["n"] == 7 and accuracy["mean"] > stated - 2 * chance
