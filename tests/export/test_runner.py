"""The runner, with a stand-in for the interpreter."""

import sys

import numpy as np
import pytest

from tests.export.test_about import MODEL
from tfinpaint.errors import InputError, WeightsError
from tfinpaint.export import about, runner


class Interpreter:
    """Paints white what it is told, or the upper half; says which function was called with what."""

    calls: list = []  # noqa: RUF012

    def __init__(self, model_content, num_threads):
        assert model_content == b"network" and num_threads >= 1

    def allocate_tensors(self):
        """Nothing to do."""

    def get_signature_list(self):
        return dict.fromkeys(("restore", "restore_with_mask", "draw", "draw_with_mask"))

    def get_signature_runner(self, name):
        def function(image, mask=None, **noise):
            self.calls.append((name, sorted(noise)))
            mask = np.zeros((1, 112, 112, 1), np.uint8) if mask is None else mask
            mask[:, : 0 if mask.any() else 56] = 1
            return {"image": np.where(mask > 0, np.uint8(255), image), "mask": mask, "raw": np.float32(image)}

        return function


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_interpreter", lambda: Interpreter)
    monkeypatch.setattr(Interpreter, "calls", [])
    path = tmp_path / "model.tflite"
    path.write_bytes(about.with_about(b"network", about.describe(MODEL)))
    return path


def test_each_request_goes_to_its_function_face_by_face(file):
    engine = runner.Runner(file)
    faces, masks = np.zeros((2, 112, 112, 3), np.uint8), np.zeros((2, 112, 112, 1))
    masks[:, 5:9] = 1
    for given, seed, name in ((None, None, "restore"), (masks, None, "restore_with_mask"), (None, 4, "draw"),
                              (masks, 4, "draw_with_mask")):  # fmt: skip
        Interpreter.calls.clear()
        restored = engine.restore(faces, given, seed=seed)
        assert Interpreter.calls == 2 * [(name, ["z"] if seed else [])]
        wanted = masks if given is not None else np.arange(112).reshape(1, -1, 1, 1) < 56
        np.testing.assert_array_equal(restored.masks, np.broadcast_to(wanted, masks.shape))
        np.testing.assert_array_equal(restored.images, np.broadcast_to(255 * restored.masks, faces.shape))
        assert restored.extras["raw"].shape == (2, 112, 112, 3)


def test_a_file_of_one_preset_is_not_run_as_another(file):
    assert runner.Runner(file, preset="mine").about["name"] == "mine"
    with pytest.raises(WeightsError, match="must hold 'other'. Received: a file of 'mine'"):
        runner.Runner(file, preset="other")


def test_without_the_interpreter_a_sentence_says_what_to_install(file, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match=r"pip install 'tfinpaint\[lite\]'"):
        runner.Runner(file)


def test_a_network_that_the_interpreter_cannot_run_is_a_sentence(file, monkeypatch):
    pytest.importorskip("ai_edge_litert")
    monkeypatch.undo()
    with pytest.raises(WeightsError, match="must hold a network that this LiteRT can run. .* a newer") as caught:
        runner.Runner(file)
    assert "\n" not in str(caught.value)
