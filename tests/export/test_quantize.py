"""What a quantised file loses, by hand; and that one which loses too much is not written."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.fake_engine import FakeEngine
from tfinpaint.engine import Contract
from tfinpaint.errors import ExportError, InputError
from tfinpaint.export import export_model, quantize, read_about, trial, write

SIDE = 16
MODEL = SimpleNamespace(name="mine", contract=Contract(), image_size=SIDE, sensitive="head")


class Off(FakeEngine):
    """Paints what is hidden so many levels beside the truth, which is 100."""

    def __init__(self, levels):
        super().__init__()
        self.levels = levels

    def find(self, images):
        return np.float32(images[..., :1] == 7)

    def paint(self, images, seed):
        return np.broadcast_to((100 + np.reshape(self.levels, (-1, 1, 1, 1))).astype(np.uint8), images.shape)


@pytest.fixture
def faces():
    clean = np.full((4, SIDE, SIDE, 3), 100, np.uint8)
    masks = np.zeros((4, SIDE, SIDE, 1), np.uint8)
    masks[:, 4:8] = 1
    return trial.Trial(clean, np.where(masks > 0, np.uint8(7), clean), masks)


def test_a_loss_is_the_difference_of_psnr_in_the_hole(faces):
    lost = trial.losses(Off([20, 10, 5, 10]), Off([10, 10, 10, 10]), faces)
    np.testing.assert_allclose(lost, [20 * np.log10(2), 0, -20 * np.log10(2), 0], atol=1e-6)


def test_faces_far_above_the_median_are_left_out():
    assert quantize.usual(np.array([6.0, 5, 7, 6, 20_116, 36, 34])).tolist() == [True] * 4 + [False, False, True]


def _file_of(gains, folder):
    """A TFLite file whose functions are a convolution each, name -> what it multiplies the sum of three colours by."""
    import tensorflow as tf

    def convolve(kernel):
        return tf.function(lambda image: {"image": tf.nn.conv2d(image, kernel, 1, "SAME")})

    spec = tf.TensorSpec((1, 4, 4, 3), name="image")
    made = {n: convolve(np.full((1, 1, 3, 2), g, "float32")).get_concrete_function(spec) for n, g in gains.items()}
    tf.saved_model.save(tf.Module(), str(folder), signatures=made)
    return tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=list(gains)).convert()


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_activations_are_those_of_the_function_whose_operators_are_listed_whatever_the_order(tmp_path, names):
    network = _file_of(dict(zip(names, (2.0, 4.0), strict=True)), tmp_path)
    calls = {name: [{"image": np.full((1, 4, 4, 3), x, np.float32)} for x in (0.5, 1.5)] for name in names}
    found = [quantize.largest_activations(network, c) for c in (calls, dict(reversed(calls.items())))]
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0].tolist() in ([3.0, 9.0], [6.0, 18.0])  # one of the two; the other would show what was left there


@pytest.fixture
def made(monkeypatch, faces):
    """Nothing is converted; the file paints so much beside the truth as the list says. What was asked for, and that."""
    asked, levels = [], [10, 10]

    def quantized(network, kind, sensitive, requests):
        asked.append((network, kind, sensitive, requests and {k: len(v) for k, v in requests.items()}))
        return b"quantised"

    calls = {"restore": ["plain", "outlier"], "restore_with_mask": ["plain", "outlier"]}
    monkeypatch.setattr(write, "_tflite", lambda *_: b"network")
    monkeypatch.setattr(write, "Runner", lambda path: Off(levels))
    monkeypatch.setattr(quantize, "quantized", quantized)
    monkeypatch.setattr(quantize, "requests_of", lambda *_: calls)
    monkeypatch.setattr(quantize, "largest_activations", lambda *_: np.array([1.0, 90.0]))
    monkeypatch.setattr(quantize, "usual", lambda values: values < 10)
    monkeypatch.setattr(trial, "draw_trial", lambda model, data: faces)
    monkeypatch.setattr(MODEL, "restore", Off([10, 10]).restore, raising=False)
    return asked, levels


@pytest.mark.parametrize(("kind", "calls"), [("fast", None), ("static", {"restore": 1, "restore_with_mask": 1})])
def test_a_file_says_what_it_loses_and_outliers_do_not_calibrate_it(made, tmp_path, kind, calls):
    made[1][:] = [10, 10]
    path = export_model(MODEL, tmp_path / "m.tflite", quantize=kind)
    assert made[0] == [(b"network", kind, "head", calls)]
    assert read_about(path)["loss"] == {"faces": "portrait", "count": 2, "mean_db": 0.0, "worst_db": 0.0}


@pytest.mark.parametrize("levels", [[11, 9], [11, 11]], ids=["on the worst face", "in the mean"])
def test_a_file_that_loses_too_much_is_not_written_unless_forced(made, tmp_path, levels):
    made[1][:] = levels
    with pytest.raises(ExportError, match=r"may lose 0.1 dB in the mean and 0.5 dB on the worst .* take another kind"):
        export_model(MODEL, tmp_path / "m.tflite", quantize="int8")
    assert list(tmp_path.iterdir()) == []
    with pytest.warns(UserWarning, match="may lose 0.1 dB"):
        path = export_model(MODEL, tmp_path / "m.tflite", quantize="int8", force=True)
    assert read_about(path)["loss"]["worst_db"] == pytest.approx(20 * np.log10(1.1), abs=1e-3)


def test_faces_of_a_trial_are_those_of_the_seed_and_too_few_are_refused(monkeypatch):
    model = SimpleNamespace(image_size=64, contract=Contract(occlusion="rectangle"))
    first, again = trial.draw_trial(model, count=4), trial.draw_trial(model, count=4)
    np.testing.assert_array_equal(first.hidden, again.hidden)
    kept = np.broadcast_to(first.masks == 0, first.clean.shape)
    np.testing.assert_array_equal(first.hidden[kept], first.clean[kept])
    assert len(first) == 4 and first.masks.any((1, 2, 3)).all() and (first.clean[0] != first.clean[1]).any()
    with pytest.raises(InputError, match="at least 4 faces .* 3"):
        trial.draw_trial(model, count=3)
