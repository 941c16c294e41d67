"""The harness that every public layer passes: one table of tiny configurations, and what the tests do with a row.

Run as a module it computes all rows on the backend of `KERAS_BACKEND`, for the comparison of backends:
`python -m tests.harness RESULTS.npz`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfinpaint import layers

BATCH = 3


@dataclass(frozen=True)
class LayerCase:
    """One layer at a tiny size: how it is made, what it is called on, what it must have."""

    name: str
    layer: type
    arguments: dict[str, Any] = field(default_factory=dict)
    features: tuple[int, int, int] = (8, 12, 4)
    masked: bool = False  # is it called on [features, mask]?
    trainable: int = 0  # number of trainable values

    def make(self, **kwargs: Any) -> keras.layers.Layer:
        return self.layer(**self.arguments, name=self.name, **kwargs)

    def inputs(self, seed: int = 0) -> list[np.ndarray]:
        """Random features and, where the layer takes one, a mask that differs from sample to sample."""
        draw = np.random.default_rng(seed)
        features = draw.normal(size=(BATCH, *self.features)).astype("float32")
        if not self.masked:
            return [features]
        mask = np.zeros((BATCH, *self.features[:2], 1), "float32")
        for sample in range(BATCH):
            top, left = draw.integers(0, self.features[0] - 4), draw.integers(0, self.features[1] - 4)
            mask[sample, top : top + 3, left : left + 4] = 1
        return [features, mask]

    def functional(self, batch_size: int | None = None) -> keras.Model:
        shapes = [self.features, (*self.features[:2], 1)][: 1 + self.masked]
        names = ["features", "mask"]
        inputs = [keras.Input(shape, batch_size, name=name) for shape, name in zip(shapes, names, strict=False)]
        inputs = inputs if self.masked else inputs[0]
        return keras.Model(inputs, self.make()(inputs), name=f"only_{self.name}")


LAYERS = (
    LayerCase("space_to_depth", layers.SpaceToDepth, {"block": 2}),
    LayerCase("depth_to_space", layers.DepthToSpace, {"block": 2}),
    LayerCase("contextual_attention", layers.ContextualAttention, masked=True),
    LayerCase(
        "contextual_attention_rate_1", layers.ContextualAttention, {"rate": 1, "fuse": False}, (6, 5, 4), masked=True
    ),
    LayerCase(
        "contextual_attention_with_map", layers.ContextualAttention, {"return_attention": True, "scale": 3}, masked=True
    ),
    LayerCase("sca", layers.SelfAdaptiveContextualAttention, masked=True, trainable=18),
    LayerCase(
        "sca_soft_with_map",
        layers.SelfAdaptiveContextualAttention,
        {"select": "soft", "normalize": "background", "return_attention": True, "scale": 2, "kernel_size": 1},
        masked=True,
        trainable=18,
    ),
    LayerCase("pull_push", layers.PullPush, masked=True),
    LayerCase("dmfb", layers.DMFB, {"activation": "elu"}, features=(8, 12, 8), trainable=146 + 7 * 38 + 72),
    LayerCase("hybrid_dilated_conv", layers.HybridDilatedConv, {"filters": 8}, trainable=14 + 3 * 78 + 88),
    LayerCase(
        "hybrid_dilated_conv_chained",
        layers.HybridDilatedConv,
        {"filters": 6, "dilations": [1, 3], "arrangement": "chained", "norm": False, "global_pool": True},
        trainable=10 + 74 + 38 + 10 + 54,
    ),
    LayerCase("patch_cross_attention", layers.PatchCrossAttention, {"filters": 3}, masked=True, trainable=15),
    LayerCase(
        "patch_cross_attention_straight_through",
        layers.PatchCrossAttention,
        {"filters": 3, "gradient": "straight_through"},
        masked=True,
        trainable=45,
    ),
    LayerCase(
        "pixel_self_attention",
        layers.PixelSelfAttention,
        {"key_ratio": 2, "return_attention": True},
        trainable=3 * 10 + 12,
    ),
    LayerCase(
        "pixel_self_attention_normalized",
        layers.PixelSelfAttention,
        {"key_ratio": 2, "normalize": True},
        trainable=3 * 10 + 12 + 1,
    ),
    LayerCase("channel_attention", layers.ChannelAttention, {"ratio": 2}, trainable=20 + 20),
    LayerCase(
        "dual_attention_fusion",
        layers.DualAttentionFusion,
        {"ratio": 2, "filters": 5, "return_parts": True},
        masked=True,
        trainable=40 + 5 + 1 + 95 + 230 + 46,
    ),
    LayerCase("straight_through_clip", layers.StraightThroughClip, {"low": -0.5}),
)


def call(layer: Any, inputs: Sequence[Any]) -> list[Any]:
    """What the layer (or model) returns, always as a list."""
    outputs = layer(list(inputs) if len(inputs) > 1 else inputs[0])
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def arrays(tensors: Sequence[Any]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")) for tensor in tensors]


def weights_for(layer: keras.layers.Layer, seed: int = 1) -> list[np.ndarray]:
    """The layer's weights, each moved a little from its start, so that no comparison rests on a special value.

    Kernels of convolutions start at random, which no two backends do alike: they are drawn anew.
    """
    draw, weights = np.random.default_rng(seed), []
    for weight in layer.get_weights():
        start, spread = (0.0, np.prod(weight.shape[:-1]) ** -0.5) if weight.ndim == 4 else (weight, 0.2)
        weights.append(start + (spread * draw.normal(size=weight.shape)).astype("float32"))
    return weights


def ready(case: LayerCase, **kwargs: Any) -> keras.layers.Layer:
    """The case's layer, built, with weights that are not the initial ones."""
    layer = case.make(**kwargs)
    shapes = [x.shape for x in case.inputs()]
    layer.build(shapes if case.masked else shapes[0])
    layer.set_weights(weights_for(layer))
    return layer


def outputs_and_gradients(layer: keras.layers.Layer, inputs: Sequence[np.ndarray]) -> tuple[list, list]:
    """Outputs, and the gradients of a fixed random projection of them for the features and the trainable weights."""

    def project(features: Any) -> tuple[Any, list[Any]]:
        draw, outputs = np.random.default_rng(2), call(layer, [features, *inputs[1:]])
        return sum(keras.ops.sum(y * draw.normal(size=y.shape).astype("float32")) for y in outputs), outputs

    values = [weight.value for weight in layer.trainable_variables]
    if keras.backend.backend() == "jax":
        import jax

        def run(features: Any, weights: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(layer.trainable_variables, weights, strict=True))):
                return project(features)

        gradient = jax.jit(jax.value_and_grad(run, argnums=(0, 1), has_aux=True))
        (_, outputs), (of_features, of_weights) = gradient(inputs[0], values)
        return arrays(outputs), arrays([of_features, *of_weights])

    import tensorflow as tf

    features = tf.constant(inputs[0])
    with tf.GradientTape() as tape:
        tape.watch(features)
        loss, outputs = project(features)
    return arrays(outputs), arrays(tape.gradient(loss, [features, *values]))


def compute_all() -> dict[str, np.ndarray]:
    """Outputs and gradients of all rows on this process's backend, by "name/output/index" and "name/gradient/index"."""
    results = {}
    for case in LAYERS:
        computed = outputs_and_gradients(ready(case), case.inputs())
        for kind, values in zip(("output", "gradient"), computed, strict=True):
            results |= {f"{case.name}/{kind}/{index}": value for index, value in enumerate(values)}
    return results


def compute_all_on(backend: str, path: Path) -> dict[str, np.ndarray]:
    """`compute_all` in a process of its own on another backend."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-m", "tests.harness", str(path)], cwd=root, env=environment, check=True)
    with np.load(path) as results:
        return dict(results)


def tflite_outputs(model: keras.Model, inputs: Sequence[np.ndarray]) -> tuple[list[np.ndarray], set[str]]:
    """Outputs of the model converted with builtin operators only, and the names of its operators."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    runner = interpreter.get_signature_runner()
    outputs = runner(**dict(zip(("features", "mask"), inputs, strict=False)))
    names = {operator["op_name"] for operator in interpreter._get_ops_details()}
    return [outputs[name] for name in sorted(outputs)], names


if __name__ == "__main__":
    np.savez(sys.argv[1], **compute_all())
