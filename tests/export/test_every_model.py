"""Each model as TFLite and as SavedModel: run, and compared with the model itself."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import SHARED
from tests.models.tiny import MODELS, batch_of, make
from tfinpaint.data import load_faces
from tfinpaint.export import Runner, export_model, read_about
from tfinpaint.export.about import read_network, with_about
from tfinpaint.export.quantize import KINDS, quantized, requests_of
from tfinpaint.export.trial import Trial, draw_trial

pytest.importorskip("ai_edge_litert")
names = pytest.mark.parametrize("name", MODELS)


def hidden_faces(model, count=2):
    """A batch of real faces, where the kit is present, or a portrait's: dimmed, because what hides them is white."""
    data, size, framing = batch_of(model, count=count), model.image_size, model.contract.framing
    if (path := SHARED / "data" / "faces" / "val.zip").is_file():
        faces = load_faces(path, size=size, framing=framing, limit=count).images
    else:
        faces = draw_trial(model, count=8).clean[:count]
    image, mask = np.float32(0.6) * (faces / np.float32(127.5) - 1), data["mask"]
    return {**data, "image": image, "occluded": image * (1 - mask) + mask}


def pictures_of(data):
    return np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)


def requests(model, data):
    """What a model of this kind may be asked: masks and seeds."""
    masks = [data["mask"]] + [None] * model.contract.finds_mask
    return [(mask, seed) for mask in masks for seed in (None, 3)[: 1 + model.contract.draws]]


def check(found, expected):
    """Pictures within one level, soft outputs within a thousandth of their range, but where a threshold was crossed."""
    assert np.mean(found.masks != expected.masks) < 1e-3
    same = np.broadcast_to(found.masks == expected.masks, found.images.shape)
    off = np.abs(found.images[same].astype(int) - expected.images[same])
    assert np.mean(off > 1) < 1e-3, off.max()
    assert set(found.extras) == set(expected.extras)
    for name, extra in expected.extras.items():
        assert found.extras[name].shape == extra.shape
        off = np.abs(found.extras[name] - extra) / max(np.ptp(extra), 1e-6)
        assert np.mean(off > 1e-3) < 1e-3, f"{name}: {off.max()}"


def contents(network):
    """A file's functions, operators and tensors, and the names of its kinds of operators and numbers."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools.flatbuffer_utils import convert_bytearray_to_object

    return convert_bytearray_to_object(bytearray(network)), schema


def foreign_operators(network):
    """Operators of any function that are no builtins, such as Flex ones, or hold variables."""
    file, schema = contents(network)
    kinds, codes = schema.BuiltinOperator, file.operatorCodes
    assert len(codes) > 5
    return [c.customCode or c.builtinCode for c in codes if c.customCode or c.builtinCode == kinds.VAR_HANDLE]


def filters(network):
    """Of each convolution of any function: its name, and the kind of number that its weights are stored as."""
    file, schema = contents(network)
    kinds = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
    for graph in file.subgraphs:
        made = {output: op for op in graph.operators for output in op.outputs}
        for op in graph.operators:
            if file.operatorCodes[op.opcodeIndex].builtinCode == schema.BuiltinOperator.CONV_2D:
                at = op.inputs[1]
                at = made[at].inputs[0] if at in made else at  # what is cast when the file is loaded
                yield graph.tensors[op.outputs[0]].name.decode(), kinds[graph.tensors[at].type]


@names
def test_a_tflite_file_answers_as_its_model_with_builtin_operators_only(name, tmp_path):
    model = make(name)
    data = hidden_faces(model)
    runner = Runner(export_model(model, tmp_path / "model.tflite"))
    assert runner.contract == model.contract and runner.image_size == model.image_size
    for masks, seed in requests(model, data):
        pictures = pictures_of(data)
        found, expected = (engine.restore(pictures, masks, seed=seed) for engine in (runner, model))
        check(found, expected)
        kept = np.broadcast_to(found.masks == 0, pictures.shape)
        np.testing.assert_array_equal(found.images[kept], pictures[kept])
        assert (found.images != pictures).any()
    assert not foreign_operators(read_network(tmp_path / "model.tflite")[0])
    assert read_about(tmp_path / "model.tflite")["contract"] == json.loads(json.dumps(asdict(model.contract)))
    if importlib.util.find_spec("ai_edge_quantizer"):
        check_eight_bits(model, runner, tmp_path / "model.tflite", data)


def check_eight_bits(model, runner, path, data):
    """The same file with 8-bit convolutions keeps what is not hidden, and paints nearly the same."""
    network, about = read_network(path)
    pictures, masks = pictures_of(data), data["mask"].astype(np.uint8)
    requests = requests_of(model, Trial(pictures, pictures, masks))
    whole = runner.restore(pictures, masks)
    expected, answers = whole.images.astype(int), {"none": everything(whole)}
    hidden = np.broadcast_to(masks > 0, pictures.shape)
    for kind in KINDS:
        made = quantized(network, kind, model.sensitive, requests)
        path.write_bytes(with_about(made, about))
        check_filters(made, model.sensitive)
        found = Runner(path).restore(pictures, masks)
        np.testing.assert_array_equal(found.images[~hidden], pictures[~hidden])
        off = np.abs(found.images.astype(int) - expected)[hidden]
        assert off.mean() < 12, f"{kind}: {off.mean()}"  # levels; weights are random, and attention chooses
        answers[kind] = everything(found)
    assert (answers["int8"] != answers["none"]).any() and (answers["fast"] != answers["int8"]).any()


def everything(restoration):
    """All numbers of an answer."""
    return np.concatenate([np.ravel(x) for x in (restoration.images, *restoration.extras.values())])


def check_filters(network, sensitive):
    """Weights of sensitive convolutions are float16, where there are such, and all others int8."""
    found = dict(filters(network))
    kept = {name for name in found if sensitive and re.search(sensitive, name)}
    assert {found[name] for name in kept} == ({"FLOAT16"} if sensitive else set())
    assert {kind for name, kind in found.items() if name not in kept} == {"INT8"}


# In a process that has TensorFlow and can import neither ours nor Keras.
PROGRAM = """
import sys
sys.modules |= {"tfinpaint": None, "keras": None}
import numpy as np
import tensorflow as tf
folder = sys.argv[1]
answers = {}
for name in sys.argv[2:]:
    functions = tf.saved_model.load(f"{folder}/{name}").signatures
    with np.load(f"{folder}/{name}.npz") as inputs:
        for key in functions:
            wanted = functions[key].structured_input_signature[1]
            answer = functions[key](**{k: tf.constant(inputs[k]) for k in wanted})
            answers |= {f"{name}/{key}/{k}": v.numpy() for k, v in answer.items()}
np.savez(f"{folder}/answers.npz", **answers)
"""


def test_a_saved_model_answers_for_any_number_of_faces_where_only_tensorflow_is(tmp_path):
    expected = {}
    for name in MODELS:
        model = make(name)
        data = hidden_faces(model, count=3)
        inputs = {"image": pictures_of(data), "mask": data["mask"].astype(np.uint8)}
        noise = {k: data[k] for k in model.contract.noise}
        export_model(model, tmp_path / name, format="saved_model")
        np.savez(tmp_path / f"{name}.npz", **inputs, **noise)
        finds, draws = model.contract.finds_mask, model.contract.draws
        cases = {"restore": ("image",)} if finds else {}
        cases |= {"restore_with_mask": ("image", "mask")}
        cases |= {"draw": ("image", *noise)} if finds and draws else {}
        cases |= {"draw_with_mask": ("image", "mask", *noise)} if draws else {}
        cases["serving_default"] = next(iter(cases.values()))
        for key, given in cases.items():
            answer = model.answer_pictures({k: (inputs | noise)[k] for k in given})
            expected |= {f"{name}/{key}/{k}": np.asarray(v) for k, v in answer.items()}
        assert read_about(tmp_path / name)["image_size"] == model.image_size
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-I", "-c", PROGRAM, str(tmp_path), *MODELS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "answers.npz") as found:
        assert set(found) == set(expected)
        for key, value in expected.items():
            assert found[key].dtype == value.dtype and found[key].shape == value.shape
            tolerance = 1 if value.dtype == np.uint8 else 1e-3 * max(np.ptp(value), 1e-6)
            off = np.abs(found[key].astype(float) - value)
            assert np.mean(off > tolerance) < 1e-3, f"{key}: {off.max()}"


def test_a_saved_model_holds_the_networks_that_paint_and_no_others(tmp_path):
    from tests.models.tiny import class_of

    model = class_of("toy_ca_gan")()
    export_model(model, tmp_path / "saved", format="saved_model")
    stored = sum(Path(f).stat().st_size for f in (tmp_path / "saved" / "variables").glob("variables.data*"))
    assert 4 * model.painters.count_params() <= stored < 4 * model.painters.count_params() + 20_000


@names
def test_an_onnx_file_answers_for_any_number_of_faces(name, tmp_path):
    onnxruntime, _ = pytest.importorskip("onnxruntime"), pytest.importorskip("tf2onnx")
    model = make(name)
    data = hidden_faces(model, count=3)
    path = export_model(model, tmp_path / "model.onnx", format="onnx")
    inputs = {"image": pictures_of(data)} | ({"mask": data["mask"] > 0} if model.contract.needs_mask else {})
    inputs = {k: v.astype(np.uint8) for k, v in inputs.items()}
    session = onnxruntime.InferenceSession(path)
    found = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs), strict=True))
    expected = {k: np.asarray(v) for k, v in model.answer_pictures(inputs).items()}
    assert set(found) == {"image_out", "mask_out", *model.contract.extras}
    for key, value in expected.items():
        other = found[f"{key}_out" if key in ("image", "mask") else key]
        assert other.dtype == value.dtype and other.shape == value.shape
        tolerance = 1 if value.dtype == np.uint8 else 1e-3 * np.ptp(value)
        assert np.mean(np.abs(other.astype(float) - value) > tolerance) < 1e-3, key
    assert json.loads(session.get_modelmeta().custom_metadata_map["tfinpaint.json"])["name"] == model.name
