"""Whole photos through a SavedModel."""

import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import batch_of, make
from tfinpaint import faces
from tfinpaint.export import export_model

LEFT, TOP = 9, 5


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A model, its functions, two photos with a face each at (LEFT, TOP), and these faces and their masks."""
    model, folder = make("can_dfe"), tmp_path_factory.mktemp("photo")
    path = export_model(model, folder / "saved", format="saved_model", photos=True)
    data, side = batch_of(model, count=2), model.image_size
    crops = np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)
    photos = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    masks = np.zeros((2, 40, 60, 1), np.uint8)
    window = (slice(None), slice(TOP, TOP + side), slice(LEFT, LEFT + side))
    photos[window], masks[window] = crops, data["mask"]
    matrix = np.array([[[1, 0, -LEFT], [0, 1, -TOP]]] * 2, np.float32)
    return model, path, photos, masks, matrix, window


@pytest.mark.parametrize("told", [False, True])
def test_a_face_in_a_photo_is_restored_as_alone_and_all_other_bytes_stay(case, told):
    model, path, photos, masks, matrix, window = case
    loaded = tf.saved_model.load(str(path))
    given = {"image": photos, "matrix": matrix} | ({"mask": masks} if told else {})
    function = loaded.signatures["restore_photo_with_mask" if told else "restore_photo"]
    found = {k: v.numpy() for k, v in function(**{k: tf.constant(v) for k, v in given.items()}).items()}
    alone = model.restore(photos[window], masks[window] if told else None)
    np.testing.assert_array_equal(found["mask"][window], alone.masks)
    assert np.abs(found["image"][window].astype(int) - alone.images).max() <= 1
    assert found["mask"].sum() == alone.masks.sum() > 0
    kept = np.broadcast_to(found["mask"] == 0, photos.shape)
    np.testing.assert_array_equal(found["image"][kept], photos[kept])


def test_a_crop_of_a_large_turned_face_is_the_one_that_the_photo_road_cuts():
    from tfinpaint.export import photo

    rows, columns = np.mgrid[:300, :400]
    picture = np.stack([128 + 100 * np.sin(rows / 17), columns * 0.6, 255 - rows * 0.8], -1).astype(np.uint8)
    angle, scale = 0.4, 0.15
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([turn, np.array([15.5, 15.5]) - turn @ [200, 150]]).astype(np.float32)
    wanted = faces.resample(picture, matrix, (32, 32)).astype(float)
    inverse = photo._inverse(tf.constant(matrix[None]))
    found = photo._cut(tf.constant(picture[None], tf.float32), inverse, 32).numpy()[0]
    assert np.abs(found - wanted).mean() < 1.5


# TensorFlow's own command, where neither tfinpaint nor Keras can be imported; what stands between `--` are its words.
PROGRAM = """
import sys
sys.modules |= {"tfinpaint": None, "keras": None}
from tensorflow.python.tools import saved_model_cli
for words in " ".join(sys.argv[1:]).split(" -- "):
    sys.argv = ["saved_model_cli", *words.split()]
    try:
        saved_model_cli.main()  # ends the process, as its script does
    except SystemExit as end:
        if end.code:
            raise
"""


def test_the_command_of_tensorflow_shows_and_runs_it_by_the_conventions_of_a_server(case, tmp_path):
    model, path, photos, masks, matrix, window = case
    given = tmp_path / "given.npz"
    np.savez(given, face=photos[window], image=photos, matrix=matrix, mask=masks)
    run = f"run --dir {path} --tag_set serve --overwrite --outdir {tmp_path}"
    words = [
        f"show --dir {path} --all",
        f"{run}/face --signature_def serving_default --inputs image={given}[face]",
        f"{run}/photo --signature_def restore_photo --inputs image={given}[image];matrix={given}[matrix]",
    ]
    command = [sys.executable, "-I", "-c", PROGRAM, " -- ".join(words)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout
    assert "tag-set: 'serve'" in said and set(re.findall(r"signature_def\['(\w+)'\]", said)) >= {
        "serving_default", "restore", "restore_with_mask", "restore_photo", "restore_photo_with_mask",
    }  # fmt: skip
    photo = said[said.index("signature_def['restore_photo']") : said.index("signature_def['restore_photo_with_mask']")]
    assert set(re.findall(r"(?:inputs|outputs)\['(\w+)'\]", photo)) == {"image", "matrix", "mask"}
    assert set(re.findall(r"shape: \((.*)\)", photo)) == {"-1, -1, -1, 3", "-1, 2, 3", "-1, -1, -1, 1"}
    assert "Method name is: tensorflow/serving/predict" in photo
    alone = model.restore(photos[window])
    found = {kind: np.load(tmp_path / kind / "image.npy").astype(int) for kind in ("face", "photo")}
    for pictures in (found["face"], found["photo"][window]):
        assert np.abs(pictures - alone.images).max() <= 1
    np.testing.assert_array_equal(np.load(tmp_path / "face" / "mask.npy"), alone.masks)
