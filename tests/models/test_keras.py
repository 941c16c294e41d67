"""Every model is a Keras model: what Keras offers works, compiled or not, or is refused in a sentence that says why."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tests.models.run_stages import at_stage
from tests.models.tiny import MODELS, batch_of, class_of, described, make, step_batch
from tfinpaint.errors import InputError

names = pytest.mark.parametrize("name", MODELS)
both = pytest.mark.parametrize("compiled", [False, True], ids=["raw", "compiled"])


def model_of(name, compiled):
    """Compiled, it has made a step."""
    if not compiled:
        return make(name)
    model = make(name)
    # Networks that are given as objects cannot be written down with a model; random ones by name can.
    model.compile("small", features=described(name).features, run_eagerly=True)
    model.train_on_batch(step_batch(model))
    return model


def picture(model, data):
    return np.asarray(model.answer(model.inputs_of(data))["image"])


@names
@both
def test_save_and_load_give_the_same_picture_and_the_same_next_step(name, compiled, tmp_path):
    model = model_of(name, compiled)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    data = batch_of(model, 1)
    np.testing.assert_array_equal(picture(model, data), picture(loaded, data))
    if not compiled:
        return
    loaded.run_eagerly = True  # how a step is run is no part of a saved model, and one of them is not worth compiling
    step = step_batch(model, 1)
    ours, theirs = (m.train_on_batch(step, return_dict=True) for m in (model, loaded))
    assert set(ours) == set(theirs)
    for a, b in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)


@names
@both
def test_a_model_is_cloned_described_and_made_from_its_config(name, compiled, capsys):
    model = at_stage(name) if compiled else make(name)
    config = model.get_config()
    for other in (keras.models.clone_model(model), type(model).from_config(config)):
        assert type(other) is type(model) and other.get_config() == config
        assert [v.shape for v in other.weights if "average" not in v.path] == [v.shape for v in model.weights]
        for theirs, ours in zip(other.weights, model.weights, strict=True):
            theirs.assign(ours)
        np.testing.assert_array_equal(picture(model, batch_of(model)), picture(other, batch_of(model)))
    model.summary()
    assert model.name in capsys.readouterr().out


# The zoo's networks are exported as they are loaded, a smaller one also after a step.
@pytest.mark.parametrize(("name", "compiled"), [*((name, False) for name in MODELS), ("toy_ca_gan", True)])
def test_an_exported_model_gives_the_same_picture(name, compiled, tmp_path):
    import tensorflow as tf

    model = model_of(name, compiled)
    model.export(tmp_path / "saved", verbose=False)
    data = batch_of(model, count=3)
    inputs = model.inputs_of(data)
    reloaded = tf.saved_model.load(str(tmp_path / "saved"))
    found = reloaded.serve(inputs if model.contract.needs_mask else inputs["image"])
    expected = model(inputs, training=False)
    for key in ("image", "raw") if model.contract.composes else ("raw",):
        if key in expected:
            np.testing.assert_allclose(np.asarray(found[key]), np.asarray(expected[key]), atol=2e-5, err_msg=key)


REFUSED = {
    "`compile` must be called without `optimizer`: a recipe names one for each part": (
        "compile",
        {"optimizer": "adam"},
    ),
    "`compile` must be called without `loss`: a recipe weighs the model's own terms": ("compile", {"loss": "mse"}),
    "`compile` must be called without `metrics`: a stage names the model's own measures": (
        "compile",
        {"metrics": ["mse"]},
    ),
    "`fit` must be called without `y`: a batch is one dict that holds the clean faces": ("fit", {"y": np.zeros(2)}),
    "`fit` must be called without `sample_weight`": ("fit", {"sample_weight": np.ones(2)}),
    "`fit` must be called without `class_weight`": ("fit", {"class_weight": {0: 1.0}}),
}


@names
def test_what_a_recipe_stands_for_is_refused_in_a_sentence(name):
    raw, compiled = make(name), at_stage(name)
    for sentence, (method, arguments) in REFUSED.items():
        with pytest.raises(InputError, match=sentence):
            getattr({"fit": compiled, "compile": raw}[method], method)(**arguments)


@names
def test_y_and_weights_are_refused_as_others_give_them_too(name):
    import tensorflow as tf

    model = at_stage(name, stage=class_of(name).recipes["small"].stages[0].name)
    data = batch_of(model)
    with pytest.raises(InputError, match="must be called without `y`"):
        model.fit(data, data["image"])
    for extra in ((data["image"],), (None, np.ones(2, "float32"))):
        with pytest.raises(InputError, match="must be called without `(y|sample_weight)`"):
            model.train_on_batch(data, *extra)
    model.fit(data, None, 1, verbose=0)  # its other arguments may be given by place, too: here batches of one sample
    assert int(model.stage_step) == 2
    pairs = tf.data.Dataset.from_tensors((data, data["image"]))
    for method in (model.fit, model.evaluate):
        with pytest.raises(InputError, match="must be called without `y`"):
            method(pairs, verbose=0)
    with pytest.raises(InputError, match="A batch must be a dict with `image`, `occluded` and `mask`"):
        model.fit(data["image"], verbose=0)


@names
def test_restore_takes_pictures_of_pillow_and_refuses_others_in_a_sentence(name):
    model = make(name)
    data = batch_of(model)
    pictures = np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)
    pillow = [Image.fromarray(p) for p in pictures]
    expected = model.restore(pictures, data["mask"]).images
    np.testing.assert_array_equal(model.restore(pillow, data["mask"]).images, expected)
    np.testing.assert_array_equal(model.restore(list(pictures), data["mask"]).images, expected)
    np.testing.assert_array_equal(model.restore(pillow[0], data["mask"][0]).images, expected[:1])
    grey = model.restore(pillow[0].convert("L"), data["mask"][0]).images
    assert grey.shape == (1, *pictures.shape[1:])
    with pytest.raises(InputError, match="`images` must be pictures of one size"):
        model.restore([pictures[0], pictures[0][1:]], data["mask"])
    assert len(model.restore([], np.zeros((0, 1, 1, 1)))) == 0


@names
def test_channels_first_is_refused_in_a_sentence(name):
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(InputError, match="must be set to pictures with channels last. .*'channels_first'"):
            make(name)
    finally:
        keras.config.set_image_data_format("channels_last")


@names
def test_numbers_of_another_kind_are_refused_in_a_sentence(name):
    keras.config.set_floatx("float16")
    try:
        with pytest.raises(InputError, match="must be set to float32. Received: floatx='float16'.*set_dtype_policy"):
            make(name)
    finally:
        keras.config.set_floatx("float32")


LOAD = """
import sys
import tfinpaint
import keras
import numpy as np
for path in sys.argv[1:]:
    model = keras.saving.load_model(path)
    print(type(model).__name__, float(np.asarray(model(np.full((1, 64, 64, 3), 0.5, "float32"))["image"]).sum()))
"""


def test_a_program_that_imports_the_package_alone_loads_the_zoos_models(tmp_path):
    models = {name: make(name) for name in ("fmodr", "c2fdan")}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    command = [sys.executable, "-c", LOAD, *(str(tmp_path / f"{name}.keras") for name in models)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    grey = np.full((1, 64, 64, 3), 0.5, "float32")
    for line, model in zip(done.stdout.splitlines(), models.values(), strict=True):
        cls, total = line.split()
        assert cls == type(model).__name__
        assert float(total) == pytest.approx(float(np.asarray(model(grey)["image"]).sum()), rel=1e-5)
