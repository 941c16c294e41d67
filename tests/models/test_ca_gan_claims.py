"""What zoo/ca_gan/ledger.csv says of CA-GAN's terms, stages and critics, shown row by row."""

import keras
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from tests.faces_for_tests import synthetic_faces
from tests.models.run_stages import at_stage
from tests.models.test_ca_gan import heard
from tests.models.tiny import batch, batch_of, make, step_batch
from tfinpaint import zoo
from tfinpaint.data import FaceSet, default_occlusion, occlude
from tfinpaint.models import CAGAN
from tfinpaint.models.ca_gan.recipe import PAPER, SMALL
from tfinpaint.training.recipe import Recipe

rng = np.random.default_rng(0)
SMALLER = {"image_size": 32}


def tensors(data):
    return {key: keras.ops.convert_to_tensor(value) for key, value in data.items()}


def value(model, term, data, **outputs):
    return np.asarray(model.terms[term](model, tensors(data), outputs))


# ---- equations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("term", "looks_at"), [("rec_coarse", "coarse_raw"), ("rec_refine", "refined_raw")])
@pytest.mark.parametrize("discount", ["power", "literal", "none"])
def test_reconstruction_is_discounted_in_the_hole_and_plain_around_it(term, looks_at, discount):
    """By SciPy's distance, sample by sample, on the term's own picture; made-up borders do not count."""
    model, data = make("ca_gan", discount=discount, gamma=0.9), batch_of("ca_gan")
    data["valid"][:, :, :20] = 0
    off = np.abs(rng.normal(size=data["image"].shape)).astype("float32")
    others = {"coarse_raw": data["image"] + 3, "refined_raw": data["image"] + 5}
    found = value(model, term, data, **{**others, looks_at: data["image"] + off})
    for i in range(2):
        hidden, real = data["mask"][i, ..., 0] > 0, data["valid"][i, ..., 0] > 0
        depth = distance_transform_edt(hidden)
        inside = hidden & real
        weight = {"power": 0.9**depth, "literal": depth**0.9, "none": np.ones_like(depth)}[discount]
        if discount == "literal":
            weight = weight / weight[inside].mean()
        error = off[i].mean(-1)
        expected = (weight * error)[inside].mean() + error[~hidden & real].mean()
        assert inside.any() and found[i] == pytest.approx(expected, rel=1e-3)


def test_unless_told_otherwise_the_discount_is_the_099th_to_the_distance():
    assert (make("ca_gan").discount, make("ca_gan").gamma) == ("power", 0.99)
    assert not {"discount", "gamma"} & {key for p in zoo.presets("ca_gan").values() for key in p.arguments}


def test_both_pictures_are_reconstructed_as_they_were_painted_not_composed():
    model, data = make("ca_gan"), tensors(batch())
    found = model.forward(data, ["coarse_raw", "coarse", "refined_raw", "refined", "rebuilt"])
    hidden = np.broadcast_to(data["mask"] > 0, found["coarse"].shape)
    for raw, composed in (("coarse_raw", "coarse"), ("refined_raw", "refined")):
        raw, composed = np.asarray(found[raw]), np.asarray(found[composed])
        np.testing.assert_array_equal(raw[hidden], composed[hidden])
        np.testing.assert_array_equal(composed[~hidden], np.asarray(data["occluded"])[~hidden])
        assert (raw[~hidden] != composed[~hidden]).mean() > 0.9
    assert CAGAN.terms["rec_coarse"].needs == ("coarse_raw",) and CAGAN.terms["rec_refine"].needs == ("refined_raw",)


def test_the_critics_score_the_photo_high_and_the_refined_picture_low():
    model, data = make("ca_gan"), batch()
    real, fake = (np.float32(x).reshape(2, 1) for x in ([1.5, -0.5], [-2.0, 0.75]))
    np.testing.assert_allclose(value(model, "wgan_d", data, real_score=real, fake_score=fake), [-3.5, 1.25])
    np.testing.assert_allclose(value(model, "wgan_g", data, fake_score=fake), [2.0, -0.75])


def test_both_critics_have_a_say_in_a_score():
    model, data = make("ca_gan"), tensors(batch())
    whole, local = heard(model, "global_critic"), heard(model, "local_critic")
    found = model.forward(data, ["refined", "real_score", "fake_score"])
    np.testing.assert_array_equal(whole[0], data["image"])
    np.testing.assert_array_equal(whole[1], found["refined"])
    for picture, square in zip(whole, local, strict=True):
        assert square.shape == (2, 32, 32, 3)
        for i in range(2):
            y, x = (int(np.rint(a.mean() - 15.5)) for a in np.nonzero(np.asarray(data["mask"])[i, ..., 0]))
            y, x = (min(max(a, 0), 32) for a in (y, x))
            np.testing.assert_array_equal(square[i], picture[i, y : y + 32, x : x + 32])
    for picture, score in (("image", "real_score"), ("refined", "fake_score")):
        seen = {**data, "refined": found["refined"]}[picture]
        both = model.global_critic(seen) + model.local_critic(model._around_hole(seen, data["mask"]))
        np.testing.assert_allclose(found[score], both, rtol=1e-5)
        assert found[score].shape == (2, 1)


def test_of_the_papers_square_the_local_critic_sees_exactly_that():
    model = make("ca_gan")
    picture = np.arange(64 * 64, dtype="float32").reshape(1, 64, 64, 1)
    mask = np.zeros((1, 64, 64, 1), "float32")
    mask[:, 16:48, 16:48] = 1
    np.testing.assert_array_equal(model._around_hole(picture, mask), picture[:, 16:48, 16:48])


def linear(model):
    """Makes both critics linear; returns their weights."""
    weights = {}
    for name, side in (("global_critic", 64), ("local_critic", 32)):
        weights[name] = weight = rng.normal(size=(side, side, 3)).astype("float32") * 0.02

        def score(x, weight=weight):
            return keras.ops.sum(x * weight, axis=(1, 2, 3))[:, None]

        object.__setattr__(model, name, score)
    return weights


def test_the_penalty_of_linear_critics_is_that_of_their_weights_in_the_hole():
    model, data = make("ca_gan"), batch_of("ca_gan")
    weights = linear(model)
    batch = tensors(data)
    found = value(model, "gp", data, **model.forward(batch, ["slopes"]))
    hole = np.asarray(model._around_hole(batch["mask"], batch["mask"]))
    seen = {"global_critic": data["mask"], "local_critic": hole}
    expected = [sum((np.linalg.norm(weights[name] * seen[name][i]) - 1) ** 2 for name in weights) for i in range(2)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_slope_is_taken_evenly_between_photo_and_refined_picture_sample_by_sample():
    model, data = make("ca_gan"), tensors(batch_of("ca_gan", count=1, draws=False))
    data = {key: keras.ops.repeat(v, 200, axis=0) for key, v in data.items()}
    seen = []
    object.__setattr__(model, "global_critic", lambda x: (seen.append(x), keras.ops.mean(x, axis=(1, 2, 3)))[1])
    object.__setattr__(model, "local_critic", lambda x: keras.ops.mean(x, axis=(1, 2, 3)))
    painted = keras.ops.clip(data["image"] + 0.5 * data["mask"], -1, 1)
    model.forward(data, ["slopes"], known={"refined": painted})
    (between,), hidden = seen, np.broadcast_to(np.asarray(data["mask"]) > 0, painted.shape)
    away = np.asarray(between - painted)[hidden].reshape(200, -1) / np.asarray(data["image"] - painted)[hidden].reshape(
        200, -1
    )
    np.testing.assert_allclose(away, np.broadcast_to(away[:, :1], away.shape), atol=1e-4)  # one number a sample
    t = np.sort(away[:, 0])
    assert -1e-5 <= t[0] and t[-1] < 1 and len(np.unique(t)) > 190
    assert np.abs(t - (np.arange(200) + 0.5) / 200).max() < 0.14  # Kolmogorov and Smirnov at 1 in 1000


def test_a_flat_critic_gives_no_nan():
    model = at_stage("ca_gan", changes=SMALLER, recipe=Recipe.from_dict(short(PAPER)))
    for critic in (model.local_critic, model.global_critic):
        for variable in critic.trainable_variables:
            variable.assign(np.zeros(variable.shape))
    logs = model.train_on_batch(step_batch(model), return_dict=True)
    assert all(np.isfinite(v) for v in logs.values())
    assert all(np.isfinite(v.numpy()).all() for v in model.part_variables["critics"])


def short(recipe):
    """As a dictionary, with one critic step a step, and rates so low that the weights stay: gradients are compared."""
    changed = recipe.scaled(rates=1e-20).to_dict()
    for stage in changed["stages"]:
        for update in stage["updates"]:
            update["times"] = 1
    return changed


# ---- stages ----------------------------------------------------------------------------------------------------------


def test_the_recipe_is_the_papers():
    (stage,) = PAPER.stages
    critics, painters = stage.updates
    assert (dict(stage.length), stage.batch, stage.frozen, stage.schedule) == ({"steps": 10_000}, 16, (), None)
    assert (critics.parts, critics.terms) == ({"critics": 1e-4}, {"wgan_d": 1.0, "gp": 10.0})
    assert (critics.times, critics.fresh, painters.times, painters.fresh) == (5, True, 1, True)
    assert painters.parts == {"coarse": 1e-4, "refine": 1e-4}
    assert painters.terms == {"rec_coarse": 1.2, "rec_refine": 1.2, "wgan_g": 1.0}
    assert dict(painters.route) == {"wgan_g": ("refine",)} and not painters.detach
    assert PAPER.optimizer == {"name": "adam", "beta_1": 0.5, "beta_2": 0.9} and stage.optimizer is None


def test_the_small_recipe_is_as_the_ledger_says():
    pixels, game, finish = SMALL.stages
    painted = {"rec_coarse": 1.2, "rec_refine": 1.2, "ssim_coarse": 0.5, "ssim_refine": 0.5}
    assert [(s.name, dict(s.length), s.batch) for s in SMALL.stages] == [
        ("reconstruction", {"steps": 10_000}, 16),
        ("adversarial", {"steps": 3_000}, 16),
        ("finish", {"steps": 16_000}, 16),
    ]
    (paints,) = pixels.updates
    assert (paints.parts, paints.terms) == ({"coarse": 5e-4, "refine": 5e-4}, painted)
    plays, judges = game.updates
    assert (plays.parts, plays.terms) == ({"coarse": 1e-4, "refine": 2e-4}, {**painted, "wgan_g": 1e-3})
    assert (judges.parts, judges.terms) == ({"critics": 1e-4}, {"wgan_d": 1.0, "gp": 10.0})
    assert not [u for s in SMALL.stages for u in s.updates if u.fresh or u.times != 1 or u.route]
    assert tuple(paints.detach) == tuple(plays.detach) == ("coarse",) and not finish.updates[0].detach
    assert game.optimizer == PAPER.optimizer and SMALL.optimizer == {"name": "adam", "beta_1": 0.9, "beta_2": 0.99}
    assert finish.updates[0].parts == {"coarse": 1e-4, "refine": 2e-4} and "critics" in finish.frozen
    assert {t: w for t, w in finish.updates[0].terms.items() if not t.startswith("finish_")} == {"rec_coarse": 1.2}
    assert (zoo.load("ca_gan_128", weights=False).default_recipe, CAGAN.default_recipe) == ("small", "paper")


def test_critics_step_five_times_on_fresh_batches_and_the_painters_once_on_another():
    model = at_stage("ca_gan", changes=SMALLER, recipe="paper")
    data, seen = step_batch(model), []
    forward = model.forward
    model.forward = lambda batch, wanted, *a, **k: (
        seen.append((wanted, batch["image"])),
        forward(batch, wanted, *a, **k),
    )[1]
    model.train_on_batch(data)
    iterations = {key: int(optimizer.iterations) for key, optimizer in model.optimizer.by_part.items()}
    assert iterations == {"coarse": 1, "refine": 1, "critics": 5}
    assert ["slopes" in wanted for wanted, _ in seen] == [True] * 5 + [False]
    for (_, picture), expected in zip(seen, data["image"], strict=True):
        np.testing.assert_array_equal(picture, expected)


def test_what_the_critics_say_teaches_the_refine_network_and_not_the_coarse_one():
    norms = []
    for weight in (1.0, 1e4):
        changed = short(PAPER)
        changed["stages"][0]["updates"][1]["terms"]["wgan_g"] = weight
        model = at_stage("ca_gan", changes=SMALLER, recipe=Recipe.from_dict(changed))
        logs = model.train_on_batch(step_batch(model), return_dict=True)
        norms.append((logs["coarse_gradient"], logs["refine_gradient"]))
    assert norms[0][0] == pytest.approx(norms[1][0], rel=1e-4) and norms[0][0] > 1e-3
    assert norms[1][1] > 10 * norms[0][1]


def test_both_reconstructions_teach_the_coarse_network_in_the_papers_recipe_and_its_own_alone_in_the_small_one():
    for recipe, stage, reaches in ((PAPER, "adversarial", True), (SMALL, "reconstruction", False)):
        norms = []
        for weight in (1.2, 1.2e4):
            changed = short(recipe)
            update = next(s for s in changed["stages"] if s["name"] == stage)["updates"][-1]
            update["terms"]["rec_refine"] = weight
            model = at_stage("ca_gan", stage, changes=SMALLER, recipe=Recipe.from_dict(changed))
            norms.append(model.train_on_batch(step_batch(model), return_dict=True)["coarse_gradient"])
        assert (norms[1] > 10 * norms[0]) == reaches
        assert reaches or norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_a_small_stage_with_critics_paints_once_a_step():
    model = at_stage("ca_gan", "adversarial", changes=SMALLER)
    coarse, refine = heard(model, "coarse_generator"), heard(model, "refine_generator")
    model.train_on_batch(step_batch(model))
    assert (len(coarse), len(refine)) == (1, 1)


# ---- holes -----------------------------------------------------------------------------------------------------------


def test_it_trains_on_holes_the_papers_square_among_them():
    mixture = default_occlusion(CAGAN.contract.occlusion)
    images, points = synthetic_faces(4, 64)
    faces = FaceSet(images, points, np.ones((4, 64, 64, 1), np.uint8), tuple("abcd"))
    found = next(iter(occlude(faces, mixture, batch_size=200, with_kind=True, keys=("distance",))))
    kinds = np.array(mixture.kinds)[found["kind"]]
    shares = {kind: (kinds == kind).mean() for kind in mixture.kinds}
    assert list(shares) == ["center_square", "free_form", "half_face", "no_occlusion"]
    assert 0.2 < shares["center_square"] < 0.5 and 0.25 < shares["free_form"] < 0.55 and shares["half_face"] > 0.07
    assert 0 < shares["no_occlusion"] < 0.2
    square = np.zeros((64, 64, 1))
    square[16:48, 16:48] = 1
    masks = found["mask"].numpy()
    assert (masks[kinds == "center_square"] == square).all() and not masks[kinds == "no_occlusion"].any()
    hidden = np.broadcast_to(masks > 0, found["occluded"].shape)
    clean, shown = found["image"].numpy()[hidden], found["occluded"].numpy()[hidden]
    assert (shown >= clean - 1e-6).all() and (shown == 1).mean() > 0.8  # white, with soft edges
