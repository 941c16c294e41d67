"""Previews show what the model makes of the samples, as PNG and for TensorBoard."""

import sys

import cv2
import numpy as np
import pytest

from tests.callbacks.watched import batch, painting_toy
from tfinpaint.callbacks import Previews, Samples
from tfinpaint.errors import InputError


def drawn(folder, model, given=None, **options):
    previews = Previews(Samples(given or batch(9), count=3), folder, **options)
    previews.set_model(model)
    model.stage_step.assign(20)
    previews.on_epoch_end(0)
    return cv2.imread(str(folder / "preview-coarse_joint-000020.png"))[..., ::-1]


def test_columns_are_the_samples_and_the_models_answer(tmp_path):
    model, flat = painting_toy(), np.ones((2, 8, 8, 3), "float32")
    model.second.get_layer("second_b").set_weights([np.zeros((3, 3, 4, 3)), np.array([-1.0, 0.0, 1.0])])
    sheet = drawn(tmp_path, model, {"image": flat * 0.5, "occluded": flat * 0.0, "mask": flat[..., :1]})
    assert sheet.shape == (24 + 2 * 164, 4 * 164 + 4, 3)
    for row in range(2):
        middles = [sheet[24 + row * 164 + 80, 4 + i * 164 + 80].tolist() for i in range(4)]
        assert middles == [[191] * 3, [128] * 3, [255] * 3, [0, 128, 255]]


def test_the_picture_is_painted_with_the_averages(tmp_path):
    model = painting_toy(average=0.9)
    for i in range(2):
        model.train_on_batch(batch(i))
    kept = [v.numpy() for v in model.first.trainable_variables]
    for variable in model.first.trainable_variables:
        variable.assign(variable * 0.0)
    spoilt = drawn(tmp_path, model)
    for variable, value in zip(model.first.trainable_variables, kept, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(drawn(tmp_path, model), spoilt)


def test_tensorboard_gets_the_same_png(tmp_path):
    tf = pytest.importorskip("tensorflow")
    drawn(tmp_path, painting_toy(), tensorboard=tmp_path / "events")
    (events,) = (tmp_path / "events").iterdir()
    from tensorflow.core.util.event_pb2 import Event

    records = [Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(events))]
    (record,) = [r for r in records if r.summary.value]
    assert record.step == 20 and record.summary.value[0].tag == "preview/coarse_joint"
    png = (tmp_path / "preview-coarse_joint-000020.png").read_bytes()
    assert record.summary.value[0].image.encoded_image_string == png


def test_tensorboard_needs_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(InputError, match="TensorFlow is not installed"):
        Previews(Samples(batch()), tmp_path, tensorboard=tmp_path)


def test_samples_without_a_mask_are_refused():
    with pytest.raises(InputError, match="no 'mask'"):
        Samples({"image": 0, "occluded": 0})
