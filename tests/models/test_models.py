"""One harness for every model: a row in `tiny.MODELS`, and a new one is covered unasked.

What a model can do it says in its contract; what it cannot do must fail in a sentence.
"""

import functools

import h5py
import numpy as np
import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import MODELS, batch_of, make, moved_by_hooks, stages, step_batch
from tfinpaint import zoo
from tfinpaint.errors import InputError
from tfinpaint.training import Recipe, load_checkpoint, save_checkpoint
from tfinpaint.training.checkpoint import named_variables

names = pytest.mark.parametrize("name", MODELS)
each_stage = pytest.mark.parametrize(("name", "stage"), [(name, stage) for name in MODELS for stage in stages(name)])


@functools.cache
def untouched(name):
    """One model for all tests that change nothing in it."""
    return make(name)


def pictures_of(data):
    return np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)


def test_every_model_of_the_zoo_is_tested():
    assert set(zoo.MODELS) <= set(MODELS)


# ---- pictures --------------------------------------------------------------------------------------------------------


@names
def test_the_output_is_the_input_where_nothing_is_hidden_bit_for_bit(name):
    model = untouched(name)
    data = batch_of(model)
    out = {k: np.asarray(v) for k, v in model.answer(model.inputs_of(data)).items()}
    assert set(np.unique(out["mask"])) <= {0.0, 1.0}
    kept = np.broadcast_to(out["mask"] == 0, out["image"].shape)
    np.testing.assert_array_equal(out["image"][kept], data["occluded"][kept])
    assert np.abs(out["image"]).max() <= 1


@names
def test_restore_keeps_every_byte_outside_its_mask_and_gives_the_extras(name):
    model = untouched(name)
    data = batch_of(model, count=3)
    pictures, side = pictures_of(data), model.image_size
    for masks in [data["mask"]] + [None] * model.contract.finds_mask:
        restored = model.restore(pictures, masks, batch_size=2)
        if masks is not None:
            np.testing.assert_array_equal(restored.masks, masks)
        kept = np.broadcast_to(restored.masks == 0, pictures.shape)
        np.testing.assert_array_equal(restored.images[kept], pictures[kept])
        assert (restored.images != pictures).any()
        assert set(restored.extras) == set(model.contract.extras)
        for extra in restored.extras.values():
            assert extra.shape[:3] == (3, side, side) and extra.dtype == np.float32 and np.isfinite(extra).all()


@names
def test_restore_takes_any_size_and_keeps_it(name):
    for shape in ((20, 31), (48, 48), (96, 40)):
        picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
        mask = np.zeros(shape, bool)
        mask[5:12, 6:14] = True
        restored = untouched(name).restore(picture, mask)
        assert restored.images.shape == (1, *shape, 3)
        np.testing.assert_array_equal(restored.images[0][~mask], picture[~mask])
        np.testing.assert_array_equal(restored.masks[0, ..., 0] > 0, mask)


@names
def test_a_sample_is_restored_alike_wherever_it_stands_in_the_batch(name):
    model = untouched(name)
    data, order = batch_of(model, count=4), [2, 0, 3, 1]
    pictures = pictures_of(data)
    straight, shuffled = model.restore(pictures, data["mask"]), model.restore(pictures[order], data["mask"][order])
    np.testing.assert_array_equal(straight.images[order], shuffled.images)


@names
def test_an_empty_mask_returns_the_picture(name):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(untouched(name).restore(picture, np.zeros((64, 64))).images[0], picture)


@names
@pytest.mark.parametrize(
    ("images", "masks", "word"),
    [
        (np.zeros((8, 8)), None, "uint8 RGB"),
        (np.zeros((8, 8, 3)), None, "uint8 RGB"),
        (np.zeros((8, 8, 4), np.uint8), None, "uint8 RGB"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((4, 4)), "one mask for each picture"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(name, images, masks, word):
    with pytest.raises(InputError, match=word):
        untouched(name).restore(images, masks)


@names
def test_a_model_that_must_be_told_what_is_hidden_says_so_and_others_find_it(name):
    model = untouched(name)
    pictures = pictures_of(batch_of(model))
    if model.contract.needs_mask:
        with pytest.raises(InputError, match="`masks` must say what is hidden"):
            model.restore(pictures)
    else:
        assert model.restore(pictures).masks.any()


@names
def test_a_seed_chooses_a_face_and_none_always_gives_the_same(name):
    """The draws of a picture depend on the seed and on its place, not on how many are painted at a time."""
    model = untouched(name)
    data = batch_of(model, count=3)
    pictures, masks = pictures_of(data), data["mask"]
    first, again = (model.restore(pictures, masks) for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    if not model.contract.draws:
        with pytest.raises(InputError, match="`seed` must be left out: .* draws nothing"):
            model.restore(pictures, masks, seed=1)
        return
    drawn = {seed: model.restore(pictures, masks, seed=seed).images for seed in (1, 2)}
    np.testing.assert_array_equal(drawn[1], model.restore(pictures, masks, seed=1, batch_size=2).images)
    kinds = [first.images, *drawn.values()]
    assert all((kinds[a] != kinds[b]).any() for a, b in ((0, 1), (0, 2), (1, 2)))


# ---- training --------------------------------------------------------------------------------------------------------


@each_stage
def test_a_stage_moves_every_weight_of_its_parts_and_nothing_else(name, stage):
    """Adam moves a weight once its gradient was not zero; other weights, statistics and slots stay as they were.

    Besides, the batch statistics of these parts move, what the stage's hooks say that they move, and seeds.
    """
    model = at_stage(name, stage)
    variables = {id(v): v for v in [*model.weights, *model.optimizer.variables]}
    before = {key: v.numpy() for key, v in variables.items()}
    for i in range(2):
        logs = model.train_on_batch(step_batch(model, i, count=4, draws=False), return_dict=True)
    assert all(np.isfinite(v) for v in logs.values())
    moved = {key for key, v in variables.items() if (before[key] != v.numpy()).any()}
    trained = [(part, update) for update in model.stage.updates for part in update.parts]
    weights = {id(v) for part, _ in trained for v in model.part_variables[part]}
    slots = {id(v) for part, update in trained for v in model.optimizer_of(part, update).variables}
    aside = {id(v) for part, _ in trained for v in model.part_statistics[part]} | {id(model.stage_step)}
    aside |= {key for key, v in variables.items() if v.path.endswith("seed_generator_state")}
    aside |= {id(model.levels[u.governor.term]) for u in model.stage.updates if u.governor}
    by_hooks = {id(v) for v in moved_by_hooks(model)}
    assert not [variables[key].path for key in (weights | by_hooks) - moved]
    assert not [variables[key].path for key in moved - weights - slots - by_hooks - aside]


@names
def test_a_batch_without_a_key_that_a_stage_reads_is_refused_in_a_sentence(name):
    model = at_stage(name)
    for stage in stages(name):
        model.begin(stage)
        for key in ("image", "occluded", "mask", *model.batch_keys()):
            step, single = ({k: v for k, v in b.items() if k != key} for b in (step_batch(model), batch_of(model)))
            with pytest.raises(InputError, match=rf"Stage '{stage}' reads .*`{key}`.* of a batch"):
                model.train_on_batch(step)
                model.test_on_batch(single)  # a measure reads it


@names
def test_the_next_step_of_any_stage_after_a_save_is_the_same_in_another_model(name, tmp_path):
    straight, second = at_stage(name, stages(name)[0]), at_stage(name, seed=5)  # which begins in another stage
    for n, stage in enumerate(stages(name)):
        straight.begin(stage)
        straight.train_on_batch(step_batch(straight, 10 * n, draws=False))
        save_checkpoint(straight, tmp_path / "c.npz")
        load_checkpoint(second, tmp_path / "c.npz")
        data = step_batch(straight, 10 * n + 1, draws=False)
        ours, theirs = (m.train_on_batch(data, return_dict=True) for m in (straight, second))
        assert ours == theirs
        ours = {k: v.numpy() for k, v in named_variables(second).items()}
        for key, variable in named_variables(straight).items():
            np.testing.assert_array_equal(variable.numpy(), ours[key], err_msg=f"{stage}: {key}")


@names
def test_a_stages_name_is_for_people(name):
    """Renamed, the first and the last stage give the same logs, weights, slots and statistics, bit for bit."""
    recipe = make(name).recipes["small"].to_dict()
    other = {**recipe, "stages": [{**s, "name": f"stretch_{n}"} for n, s in enumerate(recipe["stages"])]}
    usual, renamed = (at_stage(name, recipe=Recipe.from_dict(r)) for r in (recipe, other))
    ends = {0, len(usual.recipe.stages) - 1}
    for both in ((usual.recipe.stages[n], renamed.recipe.stages[n]) for n in ends):
        results = []
        for model, stage in zip((usual, renamed), both, strict=True):
            model.begin(stage.name)
            logs = model.train_on_batch(step_batch(model), return_dict=True)
            results.append(logs | {k: v.numpy() for k, v in named_variables(model).items()})
        assert results[0].keys() == results[1].keys()
        for key, value in results[0].items():
            np.testing.assert_array_equal(value, results[1][key], err_msg=f"{both[0].name}: {key}")


# ---- files -----------------------------------------------------------------------------------------------------------


@names
def test_weights_survive_half_precision_storage(name, tmp_path):
    model = make(name)
    path = zoo.save_weights(model, tmp_path / "m.weights.h5")
    other = make(name, seed=9)
    zoo.load_weights(other, path)
    for a, b in zip(model.painters.weights, other.painters.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-6)
    stored = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: stored.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    assert sum(stored) == 2 * model.painters.count_params()  # each weight once, in two bytes
    assert [p.name for p in tmp_path.iterdir()] == ["m.weights.h5"]


@names
def test_blended_weights_lie_between(name, tmp_path):
    files = [zoo.save_weights(make(name, seed), tmp_path / f"{seed}.weights.h5") for seed in (0, 1)]
    model, blends = make(name, seed=2), {}
    for share in (0.0, 0.25, 1.0):
        zoo.blend_weights(model, *files, share)
        blends[share] = [v.numpy() for v in model.painters.weights]
    for first, quarter, second in zip(*(blends[s] for s in (0.0, 0.25, 1.0)), strict=True):
        np.testing.assert_allclose(quarter, 0.75 * first + 0.25 * second, rtol=1e-6, atol=1e-7)
    assert any((a != b).any() for a, b in zip(blends[0.0], blends[1.0], strict=True))
    with pytest.raises(InputError, match="`share` must lie in"):
        zoo.blend_weights(model, *files, 1.5)


@names
def test_a_model_of_another_side_has_the_same_weights(name):
    model = make(name)
    other = model.resized(2 * model.image_size)
    assert other.image_size == 2 * model.image_size
    for ours, theirs in zip(model.painters.weights, other.painters.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    data = batch_of(other)
    assert other.restore(pictures_of(data), data["mask"]).images.any()


# ---- what a model declares -------------------------------------------------------------------------------------------


@names
def test_terms_read_and_depend_on_what_they_declare_and_on_nothing_else(name):
    """Each on a batch with its own keys only; its gradient reaches only the parts that paint what it looks at."""
    import tensorflow as tf

    model = at_stage(name)
    whole = {key: tf.constant(value) for key, value in batch_of(model, count=2, draws=False).items()}
    for kind in ("terms", "gates"):
        for key, term in getattr(model, kind).items():
            batch = {k: v for k, v in whole.items() if k in {"image", "occluded", "mask", *model._reads([term])}}
            with tf.GradientTape(persistent=False) as tape:
                values = term(model, batch, model.forward(batch, term.needs, training=True))
            assert tuple(values.shape) == (2,) and values.dtype == "float32", key
            owners = [(part, v.value) for part, vs in model.part_variables.items() for v in vs]
            gradients = tape.gradient(values, [variable for _, variable in owners])
            reached = {part for (part, _), g in zip(owners, gradients, strict=True) if g is not None and np.any(g)}
            assert reached <= model.painted_by(term.needs), key
            assert reached or kind == "gates" or term.features, key
