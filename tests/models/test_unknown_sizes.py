"""Every stage of every model trains and validates on batches whose sizes no one knows beforehand."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from tests.models.run_stages import at_stage
from tests.models.tiny import MODELS, batch_of, stages
from tfinpaint.training.batches import checked_batch


def dataset(batches, sides):
    """Batches whose specs tell neither their number of samples nor, unless `sides`, how large a picture is."""
    shapes = {
        k: (None, *(v.shape[1:] if sides or v.ndim < 4 else (None, None, v.shape[-1]))) for k, v in batches[0].items()
    }
    spec = {k: tf.TensorSpec(shape, tf.float32) for k, shape in shapes.items()}
    return tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec)


STAGES = [(name, stage) for name in MODELS for stage in stages(name)]
RUN = [(name, stages(name)[0]) for name in MODELS]  # the first stage of each is run; of the others losses are traced


def losses(model, batch):
    """The terms and gates of all updates of the stage, of a batch as the step takes it."""
    keys = model._reads(model._asked_by_steps(model.stage))
    batch = checked_batch(batch, keys, model.image_size, model.stage.name)
    for update in model.stage.updates:
        asked = [model.terms[t] for t, weight in update.terms.items() if weight]
        asked += [model.gates[model.recipe.gates[update.gate].value]] if update.gate else []
        wanted = list(dict.fromkeys(name for term in asked for name in term.needs))
        found = model.forward(batch, wanted, training=True, detach=update.detach)
        assert all(term(model, batch, found).shape.rank == 1 for term in asked)


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_a_stage_trains_on_batches_of_unknown_size_and_a_smaller_last_one(name, stage):
    """In one compiled step of the first stage.

    Where a step takes several batches, the last one is left out: it cannot be stacked.
    """
    model = at_stage(name, stage, run_eagerly=False, jit_compile=False)
    several = model.stage.batches_per_step
    sizes = [2, 1] if several == 1 else [2, 2, 1, *[2] * (2 * several - 3), 2, 1]
    data = dataset([batch_of(model, i, count) for i, count in enumerate(sizes)], sides=False)
    if (name, stage) not in RUN:
        model.make_train_function()
        tf.function(partial(losses, model), autograph=False).get_concrete_function(data.element_spec)
        return
    logs = model.fit(data, verbose=0).history
    assert all(np.isfinite(v).all() for v in logs.values())
    assert int(model.stage_step) == 2


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_validated_on_batches_of_unknown_size_by_the_mean_over_samples(name):
    for stage in {stages(name)[0], stages(name)[-1]}:
        model = at_stage(name, stage, run_eagerly=False, jit_compile=False)
        batches = [batch_of(model, i, count) for i, count in enumerate((2, 1))]
        together = {k: np.concatenate([b[k] for b in batches]) for k in batches[0]}
        logs = model.evaluate(dataset(batches, sides=False), verbose=0, return_dict=True)
        assert set(logs) == set(model.measures_of(model.stage))
        model.run_eagerly = True
        wanted = model.evaluate(dataset([together], sides=True), verbose=0, return_dict=True)
        for measure, value in wanted.items():
            assert float(logs[measure]) == pytest.approx(float(value), rel=1e-4), measure
