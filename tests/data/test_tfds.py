"""Data sets by name, and the builder for those fetched by hand, on small stand-ins."""

import logging
import shutil
import sys
import zipfile

import numpy as np
import pytest

from tests.data.photos import Finder, encoded, photo
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.tfds_source import tfds_faces
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.faces import template_points

tfds = pytest.importorskip("tensorflow_datasets")


@pytest.fixture
def manual(tmp_path):
    folder = tmp_path / "downloads" / "manual"
    folder.mkdir(parents=True)
    return folder


def write(folder, names, pixels=None):
    for k, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(photo(1, k) if pixels is None else pixels[k]))


def built(config, tmp_path):
    from tfinpaint.data import tfds_builder  # noqa: F401

    builder = tfds.builder(f"tfinpaint_faces/{config}", data_dir=tmp_path)
    builder.download_and_prepare()
    return builder


def names(builder, split):
    return sorted(example["name"].decode() for example in builder.as_dataset(split=split).as_numpy_iterator())


@pytest.mark.parametrize("config", ["celeba_hq", "ffhq"])
def test_sets_without_people_are_divided_in_the_papers_ratio(config, manual, tmp_path):
    write(manual / config, [f"00000/{k:05}.png" for k in range(15)])
    builder = built(config, tmp_path)
    assert names(builder, "train") == [f"00000/{k:05}.png" for k in range(14)]
    assert names(builder, "test") == ["00000/00014.png"]
    (example,) = builder.as_dataset(split="test").as_numpy_iterator()
    assert example["identity"] == b""  # the folder is no person


def test_l2sfo_is_divided_by_person(manual, tmp_path):
    write(manual / "l2sfo", [f"id{k // 2}/{k}.png" for k in range(20)])
    builder = built("l2sfo", tmp_path)
    assert {n.split("/")[0] for n in names(builder, "train")} == {f"id{k}" for k in range(9)}
    assert names(builder, "test") == ["id9/18.png", "id9/19.png"]


def test_rmfd_tells_who_is_masked_and_is_all_for_tests(manual, tmp_path):
    people = [f"AFDB_masked_face_dataset/ann/{k}.png" for k in range(2)] + ["AFDB_face_dataset/ann/2.png"]
    write(manual / "rmfd", people)
    with zipfile.ZipFile(manual / "rmfd.zip", "w") as archive:
        for name in people:
            archive.write(manual / "rmfd" / name, name)
    shutil.rmtree(manual / "rmfd")
    (only,) = (builder := built("rmfd", tmp_path)).info.splits
    examples = list(builder.as_dataset(split=only).as_numpy_iterator())
    assert only == "test" and {e["identity"] for e in examples} == {b"ann"}
    assert {e["name"].decode(): bool(e["masked"]) for e in examples} == {n: "masked" in n for n in people}


def test_fmor_comes_hidden_bare_and_with_its_mask(manual, tmp_path, caplog):
    images = synthetic_faces(4, 32)[0]
    for k, folder in enumerate(("masked", "unmasked", "annotation")):
        write(manual / "fmor" / folder, [f"p/{n}.png" for n in range(4)], np.minimum(images, 100 * k + 50))
    (manual / "fmor" / "masked" / "p" / "3.png").unlink()
    (manual / "fmor" / "masked" / "p" / "0.png").write_bytes(b"nothing")
    with caplog.at_level(logging.WARNING):
        builder = built("fmor", tmp_path)
    assert "1 of 4 pairs in" in caplog.text and "1 of 2 pictures of fmor" in caplog.text
    examples = [e for split in builder.info.splits for e in builder.as_dataset(split=split).as_numpy_iterator()]
    assert sorted(e["name"] for e in examples) == [b"p/1", b"p/2"]
    for example in examples:
        k = int(example["name"].decode()[-1])
        np.testing.assert_array_equal(example["occluded"], np.minimum(images[k], 50))
        np.testing.assert_array_equal(example["image"], np.minimum(images[k], 150))


def test_faces_of_a_folder_fetched_by_hand_are_found_and_aligned(manual, tmp_path, caplog):
    write(manual / "l2sfo", [f"id{k // 2}/{k}.png" for k in range(4)])
    (manual / "l2sfo" / "id0" / "1.png").write_bytes(encoded(photo(0)))
    given = {"data_dir": tmp_path, "detector": Finder(), "size": 48}
    faces = tfds_faces("tfinpaint_faces/l2sfo", "train", **given)
    order = np.argsort(faces.names)
    assert [faces.names[k] for k in order] == ["id0/0.png", "id1/2.png", "id1/3.png"] and faces.bad == ("id0/1.png",)
    assert [faces.identities[k] for k in order] == ["id0", "id1", "id1"]
    np.testing.assert_allclose(faces.landmarks, np.broadcast_to(template_points(48), (3, 5, 2)), atol=1.5)
    assert "1 of 4 pictures of tfinpaint_faces/l2sfo" in caplog.text
    with pytest.raises(ImageFileError, match=r"No face was found in id0/1\.png of"):
        tfds_faces("tfinpaint_faces/l2sfo", "train", on_bad="stop", **given)
    with pytest.raises(InputError, match=r"`split` must be made of train"):
        tfds_faces("tfinpaint_faces/l2sfo", "holiday", **given)


def test_celeb_a_uses_its_own_landmarks(tmp_path):
    def example(k):
        box = (np.arange(218 * 178 * 3).reshape(218, 178, 3) % 251).astype(np.uint8)
        points = {"lefteye": (69, 109), "righteye": (106, 110), "nose": (88, 134), "leftmouth": (73, 152)}
        points |= {"rightmouth": (108, 153)}
        flat = {f"{name}_{axis}": v for name, p in points.items() for axis, v in zip("xy", p, strict=True)}
        builder = tfds.builder("celeb_a", data_dir=tmp_path)
        features = {
            "image": box,
            "landmarks": flat,
            "attributes": dict.fromkeys(builder.info.features["attributes"], True),
        }
        return features | ({"identity": {"Identity_No": k}} if "identity" in builder.info.features else {})

    builder = tfds.builder("celeb_a", data_dir=tmp_path)
    prepared(builder, [example(k) for k in range(3)])
    faces = tfds_faces("celeb_a", "test", data_dir=tmp_path, limit=2)
    assert len(faces) == 2 and faces.names[0] == "test/000000"
    np.testing.assert_allclose(faces.landmarks[0], template_points(128), atol=4)
    assert faces.landmarks[0, 0, 0] < faces.landmarks[0, 1, 0]


def test_lfw_has_names_and_no_landmarks(tmp_path):
    pixels = np.zeros((250, 250, 3), np.uint8)
    pixels[40:200, 60:190] = 150
    prepared(tfds.builder("lfw", data_dir=tmp_path), [{"image": pixels, "label": "ann"}] * 2, "train")
    faces = tfds_faces("lfw", data_dir=tmp_path, detector=Finder(), size=32)
    assert faces.identities == ("ann", "ann") and faces.images.shape == (2, 32, 32, 3)


def prepared(builder, examples, split="test"):
    """Writes examples as if the data set had been downloaded."""
    folder = builder.data_path
    folder.mkdir(parents=True)
    writer = tfds.core.SequentialWriter if hasattr(tfds.core, "SequentialWriter") else None
    assert writer is not None
    info = tfds.core.DatasetInfo(builder=builder, features=builder.info.features)
    sequential = writer(info, max_examples_per_shard=100)
    sequential.initialize_splits([split])
    sequential.add_examples({split: examples})
    sequential.close_splits([split])


def test_what_tfds_cannot_give_is_refused_in_a_sentence(manual, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"`name` must be a data set that tfds knows\. Received: 'no_such_faces'"):
        tfds_faces("no_such_faces", data_dir=tmp_path)
    with pytest.raises(InputError, match=r"could not be fetched \(AssertionError: Manual directory .* is empty"):
        tfds_faces("tfinpaint_faces/ffhq", data_dir=tmp_path)
    write(manual / "rmfd", ["somewhere/0.png"])
    with pytest.raises(InputError, match=r"The data set 'ffhq' must be fetched by hand \(docs/data\.md says where\)"):
        tfds_faces("tfinpaint_faces/ffhq", data_dir=tmp_path)
    with pytest.raises(InputError, match=r"must hold the folder AFDB_masked_face_dataset"):
        tfds_faces("tfinpaint_faces/rmfd", data_dir=tmp_path)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(InputError, match=r"needs the package tensorflow-datasets: pip install 'tfinpaint\[tfds\]'"):
        tfds_faces("lfw")
