"""C2FDAN against its paper: counts, maps, crops, losses; recipes and weights are in test_c2fdan_claims.py."""

import keras
import numpy as np
import pytest

from tests.models import run_stages
from tests.models.tiny import batch, make
from tfinpaint import losses
from tfinpaint.errors import InputError
from tfinpaint.features import weights_file
from tfinpaint.layers import PullPush
from tfinpaint.models.c2fdan import networks
from tfinpaint.models.c2fdan.critics import CRITICS, critics, mirror, views
from tfinpaint.models.c2fdan.crops import crop_side, part_centres, template_centres
from tfinpaint.models.c2fdan.recipe import PAPER
from tfinpaint.models.crop import crop
from tfinpaint.training.recipe import Recipe

rng = np.random.default_rng(0)


def compiled(stage, recipe="small", **changes):
    model = make("c2fdan", **changes)
    features = run_stages.features(["identity_maps"])
    model.compile(recipe=recipe, stage=stage, features=features, run_eagerly=True)  # a step or two: not worth compiling
    return model


def outputs_of(model, data, *wanted):
    """What the model computes for its losses: the named outputs, and what they need."""
    return model.forward(tensors(data), wanted, training=True)


def tensors(data):
    return {key: keras.ops.convert_to_tensor(value) for key, value in data.items()}


# ---- networks --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paper():
    return networks.coarse_network(112), networks.fine_network(112), critics(112, 28)


def test_paper_size_networks_have_the_specified_parameters(paper):
    assert [network.count_params() for network in paper] == [4_053_956, 3_349_763, 2_628_184]


@pytest.mark.parametrize(
    ("layer", "shape", "count"),
    [
        ("encode_0_b", (112, 112, 64), 36_928),
        ("encode_1_a", (56, 56, 128), 73_856),
        ("encode_2_b", (28, 28, 256), 590_080),
        ("dmfb", (28, 28, 256), 471_808),
        ("latent", (28, 28, 256), 590_080),
        ("face_1_0", (56, 56, 128), 442_496),
        ("mask_0_0", (112, 112, 64), 110_656),
        ("face_head", (112, 112, 3), 1_731),
        ("mask_head", (112, 112, 1), 577),
    ],
)
def test_the_coarse_network_is_laid_out_as_specified(paper, layer, shape, count):
    layer = paper[0].get_layer(layer)
    assert (layer.output.shape[1:], layer.count_params()) == (shape, count)


@pytest.mark.parametrize(
    ("layer", "shape", "count"),
    [
        ("full_0", (112, 112, 64), 2_368),
        ("cross_attention", (56, 56, 64), 24_768),
        ("cross_dmfb", (56, 56, 64), 29_632),
        ("self_attention", (28, 28, 256), 82_368),
        ("self_half", (56, 56, 128), 295_040),
        ("three_branches", (56, 56, 320), 0),
        ("fused_dmfb", (56, 56, 128), 118_144),
        ("decode_0", (112, 112, 64), 110_656),
        ("head", (112, 112, 3), 1_731),
    ],
)
def test_the_fine_network_is_laid_out_as_specified(paper, layer, shape, count):
    layer = paper[1].get_layer(layer)
    assert (layer.output.shape[1:], layer.count_params()) == (shape, count)


def test_a_new_fine_network_begins_halfway_between_the_coarse_picture_and_what_spreads_into_the_hole():
    network, data = networks.fine_network(64, (4, 8, 8), 4, residual=True, near=True, stem=2), batch()
    painted = np.asarray(network([data["image"], data["mask"]]))
    spread = np.asarray(PullPush()([data["image"], data["mask"]]))
    np.testing.assert_allclose(painted, (data["image"] + spread) / 2, atol=1e-5)
    kept = np.broadcast_to(data["mask"] == 0, painted.shape)
    np.testing.assert_allclose(painted[kept], data["image"][kept], atol=1e-6)


def test_mirrored_networks_see_their_skips_with_left_and_right_exchanged():
    arguments = {"residual": True, "mirrored": True, "stem": 2}
    coarse = networks.coarse_network(64, (4, 8, 8), (4, 4), mirrored=True, stem=2)
    fine = networks.fine_network(64, (4, 8, 8), 4, **arguments)
    data = batch()
    cases = [
        (coarse, [data["image"]], "face_skip_0", "encode_0_b", -4),
        (coarse, [data["image"]], "face_skip_1", "encode_1_b", -8),
    ]
    both = [data["image"], data["mask"]]
    cases += [(fine, both, "skip_full", "full_1", -4), (fine, both, "three_branches", "half_1", -8)]
    for network, inputs, joined, skip, first in cases:
        outputs = [network.get_layer(name).output for name in (joined, skip)]
        maps, skipped = keras.Model(network.inputs, outputs)(inputs)
        np.testing.assert_array_equal(np.asarray(maps)[..., first:], np.asarray(skipped)[:, :, ::-1], err_msg=joined)
    assert coarse.get_layer("mask_skip_0").output.shape[-1] == 4 + 4  # a hole is not symmetric


def _activations(network):
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    return {layer.name: layer.activation.__name__ for layer in convolutions}


def test_activations_are_the_papers(paper):
    kinds = _activations(paper[0])
    assert {v for k, v in kinds.items() if k.startswith("encode") or k == "latent"} == {"leaky_relu"}
    assert {v for k, v in kinds.items() if k.startswith(("face_", "mask_")) and "head" not in k} == {"relu"}
    kinds = _activations(paper[1])
    assert {v for k, v in kinds.items() if k != "head"} == {"elu"}
    assert float(keras.activations.leaky_relu(np.float32(-1.0))) == pytest.approx(-0.2)


def test_seven_critics_judge_faces_parts_and_the_pair_of_eyes(paper):
    judges = paper[2]
    assert CRITICS == ("global", "whole", "left_eye", "right_eye", "nose", "mouth", "eye_pair")
    found = {n: (judges.get_layer(n).input.shape[-1], judges.output[n].shape[1:]) for n in CRITICS}
    assert found.pop("global") == (6, (1,))
    assert found.pop("whole") == (6, (28, 28, 1))
    assert found.pop("eye_pair") == (12, (7, 7, 1))
    assert set(found.values()) == {(6, (7, 7, 1))}
    counts = {n: judges.get_layer(n).count_params() for n in CRITICS}
    assert counts["global"] == 375_634 and counts["eye_pair"] == 378_305 and counts["nose"] == 374_849


def test_no_network_has_a_normalisation(paper):
    names = {type(layer).__name__ for network in paper for layer in network._flatten_layers()}
    assert not [name for name in names if "Norm" in name]


# ---- where the critics look ------------------------------------------------------------------------------------------


def test_crops_are_whole_pixels_around_the_middle_and_stay_inside():
    pictures = rng.normal(size=(3, 12, 16, 2)).astype("float32")
    middles = np.array([[5.5, 4.5], [0, 0], [15, 11]], "float32")
    crops = np.asarray(crop(pictures, middles, 4))
    np.testing.assert_array_equal(crops[0], pictures[0, 3:7, 4:8])
    np.testing.assert_array_equal(crops[1], pictures[1, :4, :4])
    np.testing.assert_array_equal(crops[2], pictures[2, 8:, 12:])


def test_the_papers_boxes_are_those_of_its_template():
    corners = np.floor(template_centres(112, "arcface") - 13.5 + 0.5)
    assert np.abs(corners - [(24, 38), (60, 38), (42, 58), (42, 78)]).max() <= 1
    assert crop_side(112, "arcface") == 28


@pytest.mark.parametrize(("size", "side"), [(112, 24), (128, 28), (256, 56)])
def test_in_the_wide_framing_the_boxes_have_the_papers_size_in_eye_distances(size, side):
    assert crop_side(size) == side
    eyes = template_centres(size)[:2]
    assert side / np.ptp(eyes[:, 0]) == pytest.approx(28 / 35.24, abs=0.06)


def test_boxes_follow_the_landmarks_of_the_batch():
    points = np.array([[[10, 11], [30, 12], [20, 21], [15, 31], [27, 33]]], "float32")
    np.testing.assert_allclose(np.asarray(part_centres(points))[0], [(10, 11), (30, 12), (20, 21), (21, 32)])
    model, data = compiled("joint"), batch()
    points = np.array([[[20, 20], [44, 20], [32, 32], [24, 44], [40, 44]]] * 2, "float32")
    with_points, moved = (
        outputs_of(model, {**data, "landmarks": points + shift}, "real_logits")["real_logits"] for shift in (0, 8)
    )
    for name, same in (("global", True), ("whole", True), ("nose", False), ("eye_pair", False)):
        assert np.array_equal(np.asarray(with_points[name]), np.asarray(moved[name])) == same


def test_the_right_eye_is_mirrored_and_mirroring_twice_gives_it_back():
    eye = rng.normal(size=(2, 28, 28, 6)).astype("float32")
    np.testing.assert_array_equal(np.asarray(mirror(eye)), eye[:, :, ::-1])
    np.testing.assert_array_equal(np.asarray(mirror(mirror(eye))), eye)
    data, middles = batch(), np.tile(np.array([[15.5, 23.5], [47.5, 23.5], [32, 32], [32, 48]], "float32"), (2, 1, 1))
    symmetric = {k: np.concatenate([x[:, :, :32], x[:, :, 31::-1]], axis=2) for k, x in data.items()}
    pair = np.asarray(views(symmetric["image"], symmetric["occluded"], middles, 16)["eye_pair"])
    np.testing.assert_array_equal(pair[..., :6], pair[..., 6:])  # the eyes of a symmetric face look alike
    np.testing.assert_array_equal(pair[..., :3], symmetric["image"][:, 16:32, 8:24])


# ---- equations -------------------------------------------------------------------------------------------------------


def test_eq_2_composes_with_the_soft_mask_in_training_and_keeps_known_pixels_when_restoring():
    model, data = compiled("joint"), batch()
    outputs = outputs_of(model, data, "refined")
    soft, raw = np.asarray(outputs["mask"]), np.asarray(outputs["raw"])
    assert ((soft > 0) & (soft < 1)).any()
    np.testing.assert_allclose(outputs["refined"], (1 - soft) * data["occluded"] + soft * raw, atol=1e-6)
    restored = model(tensors({"image": data["occluded"], "mask": np.zeros_like(data["mask"])}))
    np.testing.assert_array_equal(np.asarray(restored["image"]), data["occluded"])


def test_eq_5_is_the_cross_entropy_of_the_logit():
    model, data = compiled("coarse"), batch()
    outputs = outputs_of(model, data, "mask_logit")
    ours = np.asarray(model.terms["mask_bce"](model, data, outputs))
    expected = keras.losses.binary_crossentropy(data["mask"], outputs["mask_logit"], from_logits=True)
    np.testing.assert_allclose(ours, np.asarray(expected).mean((1, 2)), rtol=1e-5)


@pytest.mark.parametrize(("term", "share"), [("occ_l1", "hidden"), ("nocc_l1", "visible"), ("occ_l1_fine", "hidden")])
def test_eq_6_and_7_do_not_depend_on_the_area(term, share):
    model, data = compiled("joint"), batch(count=3)
    data["mask"][0] = 0
    data["mask"][1, :32], data["mask"][1, 32:] = 1, 0
    off = data["image"] + 0.3 * (data["mask"] if share == "hidden" else 1 - data["mask"])
    values = np.asarray(model.terms[term](model, data, {"painted": off, "raw": off}))
    np.testing.assert_allclose(values, [0 if share == "hidden" else 0.3, 0.3, 0.3], atol=1e-5)


def test_the_chroma_term_sees_colours_and_no_greys():
    model, data = compiled("joint"), batch()
    for shift, expected in (([0.2, 0.2, 0.2], 0.0), ([0.0, 0.3, 0.0], 0.3), ([0.3, 0.0, 0.0], 0.15)):
        off = data["image"] + np.float32(shift) * data["mask"]
        values = model.terms["chroma_l1_fine"](model, data, {"raw": off})
        np.testing.assert_allclose(np.asarray(values), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("term", "distance"), [("id_perceptual", losses.feature_l1), ("id_style", losses.style_distance)]
)
def test_eq_8_to_10_add_up_taps_and_pictures(term, distance):
    model, data = compiled("joint", looks_at=("raw", "refined"), identity_window=0), batch()
    outputs, look = outputs_of(model, data, "identity_maps"), run_stages.features(["identity_maps"])["identity_maps"]
    data = tensors(data)
    clean = look(data["image"])
    expected = sum(distance(look(outputs[p])[t], clean[t]) for p in ("raw", "refined") for t in ("block1", "block3"))
    np.testing.assert_allclose(model.terms[term](model, data, outputs), expected, rtol=2e-4)


def test_the_identity_window_lies_around_what_is_hidden():
    model, data = compiled("joint", identity_window=32), batch(count=1)
    data["mask"][:] = 0
    data["mask"][:, 8:24, 30:46] = 1
    outputs = outputs_of(model, data, "raw", "refined")
    far, near = (np.array(outputs["refined"]) for _ in range(2))
    far[:, 44:] += 0.5
    near[:, 8:24, 30:46] += 0.5
    values = []
    for refined in (outputs["refined"], far, near):
        known = {**outputs, "refined": keras.ops.convert_to_tensor(refined)}
        found = model.forward(tensors(data), ["identity_maps"], known=known)
        values.append(float(model.terms["id_perceptual"](model, data, found)[0]))
    assert values[0] == values[1] != values[2]


def test_eq_11_and_12_are_means_over_seven_critics():
    model, data = compiled("joint"), batch()
    outputs = outputs_of(model, data, "real_logits", "fake_logits")

    def probability(logits):
        return (1 / (1 + np.exp(-np.asarray(logits, "float64")))).reshape(2, -1).mean(1)

    real, fake = ([probability(outputs[k][n]) for n in CRITICS] for k in ("real_logits", "fake_logits"))
    np.testing.assert_allclose(model.terms["adv_g"](model, data, outputs), -np.log(fake).mean(0), rtol=1e-4)
    expected = -(np.log(real) + np.log1p(-np.array(fake))).mean(0)
    np.testing.assert_allclose(model.terms["adv_d"](model, data, outputs), expected, rtol=1e-4)


# ---- training --------------------------------------------------------------------------------------------------------


def test_the_fine_network_moves_twice_as_far_as_the_coarse_one():
    recipe = PAPER.to_dict()
    joint = recipe["stages"][1]
    joint["updates"] = [{**joint["updates"][0], "optimizer": {"name": "sgd"}}]
    model = compiled("joint", Recipe.from_dict(recipe))
    before = {p: [v.numpy() for v in vs] for p, vs in model.part_variables.items()}
    logs = model.train_on_batch(tensors(batch()), return_dict=True)
    steps = {}
    for part in ("coarse", "fine"):
        pairs = zip(before[part], model.part_variables[part], strict=True)
        length = np.sqrt(sum(((old - new.numpy()) ** 2).sum() for old, new in pairs))
        steps[part] = length / logs[f"{part}_gradient"]
    assert steps["fine"] / steps["coarse"] == pytest.approx(2.0, rel=0.05)
    assert steps["fine"] == pytest.approx(1e-4, rel=0.05)


def test_fine_losses_reach_the_mask_and_the_coarse_network():
    recipe = PAPER.to_dict()
    recipe["stages"][1]["updates"][0]["terms"] = {"id_perceptual": 1.0}
    model = compiled("joint", Recipe.from_dict(recipe))
    before = {v.path: v.numpy() for v in model.part_variables["coarse"]}
    model.train_on_batch(tensors(batch()))
    moved = {v.path.split("/")[-2] for v in model.part_variables["coarse"] if (v.numpy() != before[v.path]).any()}
    assert {"mask_head", "face_head", "encode_0_a"} <= moved


def test_a_frozen_recogniser_is_not_changed():
    model = make("c2fdan")
    picture = keras.Input((None, None, 3))
    look = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(picture))
    taps = keras.Model(picture, {"block1": look})
    taps.trainable = False
    before = [w.numpy() for w in taps.weights]
    model.compile(recipe="small", stage="joint", features={"identity_maps": taps}, run_eagerly=True)
    model.train_on_batch(tensors(batch()))
    for old, new in zip(before, taps.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_unless_told_otherwise_the_published_recogniser_looks():
    model = make("c2fdan")
    model.compile(recipe="small", stage="joint", run_eagerly=True)
    logs = model.train_on_batch(tensors(batch()), return_dict=True)
    assert logs["id_perceptual"] > 0 and logs["id_style"] > 0
    assert model.feature_networks.files() == [weights_file("light_cnn", "compact")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_size": 40}, "multiple of 16"),
        ({"framing": "tight"}, "`framing` must be one of"),
        ({"near": True, "residual": False}, "`near` must go with"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(changes, words):
    with pytest.raises(InputError, match=words):
        make("c2fdan", **changes)
