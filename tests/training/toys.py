"""A toy model with every part, term, gate and hook that the five papers' recipes name, and those recipes."""

import keras
import numpy as np
from keras import layers, ops

from tfinpaint import losses
from tfinpaint.models.base import InpaintingModel
from tfinpaint.training.backend import input_grad
from tfinpaint.training.recipe import Recipe

SIZE = 8


def _net(name: str, channels: int) -> keras.Model:
    x = inputs = keras.Input((SIZE, SIZE, channels), name=f"{name}_in")
    x = layers.Conv2D(4, 3, padding="same", activation="elu", name=f"{name}_a")(x)
    return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", name=f"{name}_b")(x), name=name)


def _judge(name: str) -> keras.Model:
    inputs = keras.Input((SIZE, SIZE, 3), name=f"{name}_in")
    x = layers.BatchNormalization(name=f"{name}_norm")(layers.Conv2D(4, 3, strides=2, name=f"{name}_a")(inputs))
    return keras.Model(inputs, layers.Dense(4, name=f"{name}_b")(layers.Flatten(name=f"{name}_flat")(x)), name=name)


@keras.saving.register_keras_serializable("tfinpaint_tests")
class Toy(InpaintingModel):
    """Painters `first` and `second` (which sees the first's picture), a `judge`, a `twin` that follows it, a queue.

    Args:
        names: role -> the part's name in the recipe, for the roles first, second, judge; a role may be missing.
    """

    def __init__(self, names: dict[str, str], recipe: dict | None = None, name: str = "toy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.names = dict(names)
        self.first, self.second = _net("first", 3), _net("second", 3)
        self.judge, self.twin = _judge("judge"), _judge("twin")
        self.scale = layers.Dense(1, use_bias=False, name="scale")
        self.scale.build((None, 3))
        self.dropout = layers.Dropout(0.2, seed=3, name="noise")
        self.mix = keras.random.SeedGenerator(5)
        self.queue = self.add_weight(shape=(6, 4), initializer="zeros", trainable=False, name="queue")
        self.image_size = SIZE
        self.finish()

    def get_config(self):
        return {"names": self.names, "name": self.name}

    def parts(self):
        networks = {"first": self.first, "second": self.second, "judge": self.judge, "scale": self.scale}
        return {name: [networks[role]] for role, name in self.names.items()}

    def call(self, inputs, training=False):
        first = self.first(inputs, training=training)
        return {"image": self.second(first, training=training), "first": first}

    def forward(self, batch, player, stage, training):
        first = self.first(batch["occluded"], training=training)
        second = self.second(self.dropout(first, training=training), training=training)
        fake = second + 0.1 * self.scale(ops.mean(second, axis=(1, 2)))[:, None, None]
        if player == "D":
            fake = ops.stop_gradient(fake)
        return {
            "first": first,
            "second": fake,
            "fake": self.judge(fake, training=training),
            "real": self.judge(batch["image"], training=training),
        }


def _l1(key):
    return lambda model, batch, out: losses.mean_l1(out[key], batch["image"])


def _logit(key, sign):
    return lambda model, batch, out: sign * ops.mean(out[key], axis=-1)


def _penalty(model, batch, out):
    mix = keras.random.uniform((ops.shape(batch["image"])[0], 1, 1, 1), seed=model.mix)
    between = mix * batch["image"] + (1 - mix) * out["second"]
    gradient = input_grad(lambda x: model.judge(x, training=False), ops.stop_gradient(between))
    return ops.square(ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12) - 1.0)


def _contrast(model, batch, out):
    return ops.mean(ops.abs(out["real"] - ops.mean(model.queue, axis=0)), axis=-1)


def _critic(model, batch, out):
    return losses.logistic_critic_loss(out["real"], out["fake"])


_L1_FIRST = ("mask_mse", "mask_bce", "rec_coarse", "nocc_l1", "occ_l1", "vae_kl", "vae_nll", "softmax_ce")
_L1_SECOND = (
    "rec_refine",
    "perceptual",
    "id_perceptual",
    "id_style",
    "pixel_l1",
    "id_cosine",
    "rec",
    "uv",
    "style",
    "id_mse",
)
Toy.terms = {
    **{t: _l1("first") for t in _L1_FIRST},
    **{t: _l1("second") for t in _L1_SECOND},
    **{t: _logit("fake", -1) for t in ("adv_g", "adv_g_coarse", "adv_g_refine", "wgan_g")},
    **{t: _critic for t in ("adv_d", "adv_d_coarse", "adv_d_refine", "wgan_d")},
    "gp": _penalty,
    "info_nce": _contrast,
}
Toy.gates = {"coarse_hole_l1": lambda model, batch, out: batch["gate"]}


def _momentum_update(model, batch, m):
    for slow, fast in zip(model.twin.trainable_variables, model.judge.trainable_variables, strict=True):
        slow.assign(m * slow + (1 - m) * fast)


def _enqueue(model, batch):
    rows = ops.mean(batch["image"], axis=(1, 2))
    rows = ops.concatenate([rows, ops.ones((ops.shape(rows)[0], 1))], axis=-1)
    model.queue.assign(ops.concatenate([model.queue, rows], axis=0)[-6:])


Toy.hooks = {"momentum_update": _momentum_update, "enqueue": _enqueue}


def _g(parts, terms, **more):
    return {"player": "G", "parts": parts, "terms": terms, **more}


def _d(parts, terms, **more):
    return {"player": "D", "parts": parts, "terms": terms, **more}


# The stages of the papers' recipes, rates raised so that a toy moves visibly.
RECIPES = {
    "c2fdan": (
        {"judge": "critics", "first": "coarse", "second": "fine"},
        {
            "model": "C2FDAN",
            "optimizer": {"name": "adam", "beta_1": 0.5, "beta_2": 0.999},
            "stages": [
                {
                    "name": "features",
                    "length": {"epochs": 20},
                    "batch": 4,
                    "updates": [
                        {
                            "player": "F",
                            "parts": {"coarse": 0.1},
                            "optimizer": {"name": "sgd", "momentum": 0.9},
                            "terms": {"softmax_ce": 1},
                        }
                    ],
                },
                {
                    "name": "coarse",
                    "length": {"epochs": 1},
                    "batch": 4,
                    "updates": [_g({"coarse": 1e-3}, {"mask_bce": 1, "occ_l1": 3, "nocc_l1": 1})],
                },
                {
                    "name": "joint",
                    "length": {"epochs": 5},
                    "batch": 4,
                    "schedule": {"name": "step", "every_epochs": 1, "factor": 0.1},
                    "updates": [
                        _g({"coarse": 5e-4, "fine": 1e-3}, {"mask_bce": 10, "occ_l1": 3, "id_style": 240, "adv_g": 1}),
                        _d({"critics": 1e-3}, {"adv_d": 1}),
                    ],
                },
            ],
        },
    ),
    "fsg_gan": (
        {"first": "vae", "second": "generator", "judge": "heads"},
        {
            "model": "FSGGAN",
            "optimizer": {"name": "adam", "beta_1": 0.5},
            "stages": [
                {
                    "name": "structure",
                    "length": {"epochs": 500},
                    "batch": 4,
                    "updates": [_g({"vae": 1e-3}, {"vae_nll": 1, "vae_kl": 1})],
                },
                {
                    "name": "synthesis",
                    "length": {"epochs": 500},
                    "batch": 4,
                    "frozen": ["vae"],
                    "updates": [
                        _g({"generator": 1e-3}, {"pixel_l1": 100, "id_cosine": 50, "adv_g": 1}),
                        _d({"heads": 1e-3}, {"adv_d": 1}),
                    ],
                },
            ],
        },
    ),
    "fmodr": (
        {"first": "coarse", "second": "refine", "scale": "sca", "judge": "critic"},
        {
            "model": "FMODR",
            "gates": {"unsolved": {"value": "coarse_hole_l1", "at_least": 0.1}},
            "stages": [
                {
                    "name": "coarse_joint",
                    "length": {"steps": 24},
                    "batch": 4,
                    "updates": [
                        _g({"coarse": 1e-3}, {"rec_coarse": 1, "adv_g_coarse": 0.05}),
                        _d({"critic": 1e-3}, {"adv_d_coarse": 1}),
                    ],
                },
                {
                    "name": "refine",
                    "length": {"steps": 10},
                    "batch": 4,
                    "frozen": ["coarse"],
                    "updates": [
                        _g(
                            {"refine": 1e-3, "sca": 1e-3},
                            {"rec_refine": 1, "perceptual": 1},
                            route={"rec_refine": ["refine"], "perceptual": ["sca"]},
                            gate="unsolved",
                        )
                    ],
                },
            ],
        },
    ),
    "can_dfe": (
        {"judge": "encoder", "first": "decoder"},
        {
            "model": "CANDFE",
            "stages": [
                {
                    "name": "contrast",
                    "length": {"epochs": 200},
                    "batch": 4,
                    "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 1e-4},
                    "hooks": {"before": [{"hook": "momentum_update", "m": 0.9}], "after": [{"hook": "enqueue"}]},
                    "updates": [_g({"encoder": 0.015}, {"info_nce": 1})],
                },
                {
                    "name": "completion",
                    "length": {"epochs": 100},
                    "batch": 4,
                    "optimizer": {"name": "adam"},
                    "updates": [
                        _g({"encoder": 1e-4, "decoder": 1e-3}, {"rec": 6, "uv": 0.1, "perceptual": 0, "adv_g": 0.1})
                    ],
                },
            ],
        },
    ),
    "ca_gan": (
        {"first": "coarse", "second": "refine", "judge": "critics"},
        {
            "model": "CAGAN",
            "optimizer": {"name": "adam", "beta_1": 0.5, "beta_2": 0.9},
            "stages": [
                {
                    "name": "adversarial",
                    "length": {"steps": 10},
                    "batch": 4,
                    "updates": [
                        _d({"critics": 1e-3}, {"wgan_d": 1, "gp": 10}, times=5, fresh=True),
                        _g(
                            {"coarse": 1e-3, "refine": 1e-3},
                            {"rec_coarse": 1.2, "rec_refine": 1.2, "wgan_g": 1},
                            route={"wgan_g": ["refine"]},
                            fresh=True,
                        ),
                    ],
                }
            ],
        },
    ),
}
STAGES = [(name, stage["name"]) for name, (_, recipe) in RECIPES.items() for stage in recipe["stages"]]


def toy(name: str, stage: str | None = None, seed: int = 0) -> Toy:
    """The toy compiled with a paper's recipe, at a stage."""
    names, recipe = RECIPES[name]
    keras.utils.set_random_seed(seed)
    model = Toy(names)
    model.compile(Recipe.from_dict(recipe), stage=stage)
    return model


def batch(index: int = 0, count: int = 4, gate: list[float] | None = None) -> dict:
    """A batch of noise, a function of its index."""
    rng = np.random.default_rng(index)
    image = rng.uniform(-1, 1, (count, SIZE, SIZE, 3)).astype("float32")
    mask = (rng.random((count, SIZE, SIZE, 1)) < 0.3).astype("float32")
    gate = np.ones(count) if gate is None else np.array(gate)
    return {"image": image, "occluded": image * (1 - mask), "mask": mask, "gate": gate.astype("float32")}


def step_batches(model: Toy, start: int = 0) -> dict:
    """What one step of the model's stage eats: a batch, or several stacked ones."""
    count = model.stage.batches_per_step
    batches = [batch(start * count + i) for i in range(count)]
    return batches[0] if count == 1 else {k: np.stack([b[k] for b in batches]) for k in batches[0]}


def snapshot(model: Toy) -> dict[str, list[np.ndarray]]:
    """Every part's weights."""
    return {part: [v.numpy() for v in vs] for part, vs in model.part_variables.items()}
