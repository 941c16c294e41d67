"""What holds for every public layer; a new one needs a row in `tests/harness.py`."""

import inspect

import keras
import numpy as np
import pytest

from tests import harness
from tests.harness import LAYERS, LayerCase, arrays, call, ready
from tfinpaint import layers

every_layer = pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def tensorflow_results() -> dict[str, np.ndarray]:
    return harness.compute_all()


@pytest.fixture(scope="module")
def jax_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    pytest.importorskip("jax")
    return harness.compute_all_on("jax", tmp_path_factory.mktemp("jax") / "results.npz")


def test_every_public_layer_has_a_row_in_the_harness() -> None:
    public = {value for name in layers.__all__ if inspect.isclass(value := getattr(layers, name))}
    assert public == {case.layer for case in LAYERS}


@every_layer
def test_the_config_makes_the_same_layer_again(case: LayerCase) -> None:
    layer = case.make()
    config = layer.get_config()
    again = case.layer.from_config(config)
    assert again.get_config() == config
    assert case.arguments.items() <= config.items()


@every_layer
def test_every_constructor_argument_is_in_the_config(case: LayerCase) -> None:
    own = vars(case.layer).get("__init__", lambda: None)  # else Keras's, whose signature depends on its version
    arguments = set(inspect.signature(own).parameters) - {"self", "kwargs"}
    assert arguments <= case.make().get_config().keys()


@every_layer
def test_a_saved_model_with_the_layer_loads_and_gives_the_same(case: LayerCase, tmp_path) -> None:
    model, inputs = case.functional(), case.inputs()
    model.set_weights(harness.weights_for(model))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for before, after in zip(arrays(call(model, inputs)), arrays(call(again, inputs)), strict=True):
        np.testing.assert_array_equal(before, after)


@every_layer
def test_the_symbolic_shape_is_that_of_the_result(case: LayerCase) -> None:
    outputs = case.functional().outputs
    assert [y.shape[1:] for y in outputs] == [y.shape[1:] for y in call(case.make(), case.inputs())]


@every_layer
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_outputs_are_finite_and_near_float32_under_a_precision_policy(case: LayerCase, policy: str) -> None:
    inputs = case.inputs()
    exact, outputs = call(ready(case), inputs), call(ready(case, dtype=policy), inputs)
    assert keras.backend.standardize_dtype(outputs[0].dtype) == policy.removeprefix("mixed_")
    for reference, values in zip(arrays(exact), arrays(outputs), strict=True):
        assert np.isfinite(values).all()
        # Bfloat16 features may tip the choice between near matches, so the mean is compared, not the worst value.
        assert np.abs(values - reference).mean() <= 0.05 * np.abs(reference).mean() + 1e-6


@every_layer
def test_samples_do_not_mix(case: LayerCase) -> None:
    inputs, order = case.inputs(), np.array([2, 0, 1])
    layer = ready(case)
    shuffled = arrays(call(layer, [x[order] for x in inputs]))
    for expected, values in zip(arrays(call(layer, inputs)), shuffled, strict=True):
        np.testing.assert_allclose(values, expected[order], atol=1e-6)


@every_layer
def test_gradient_reaches_the_features_and_every_trainable_weight(case: LayerCase) -> None:
    layer = ready(case)
    assert sum(np.prod(weight.shape) for weight in layer.trainable_weights) == case.trainable
    _, gradients = harness.outputs_and_gradients(layer, case.inputs())
    for gradient in gradients:
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


@every_layer
def test_tflite_builtins_compute_the_same(case: LayerCase) -> None:
    model, inputs = case.functional(batch_size=1), [x[:1] for x in case.inputs()]
    model.set_weights(harness.weights_for(model))
    outputs, operators = harness.tflite_outputs(model, inputs)
    assert not [name for name in operators if name.startswith("Flex")]
    for expected, values in zip(arrays(call(model, inputs)), outputs, strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-4)


@every_layer
def test_jax_computes_the_same(case: LayerCase, tensorflow_results: dict, jax_results: dict) -> None:
    names = [name for name in tensorflow_results if name.startswith(f"{case.name}/")]
    assert names
    for name in names:
        expected = tensorflow_results[name]
        np.testing.assert_allclose(jax_results[name], expected, atol=1e-5 * max(1, np.abs(expected).max()))
