"""`WhatHides`: what it says of pixels, what its losses count, and that it is small."""

import numpy as np
import pytest

from tests.models.run_stages import at_stage
from tests.models.tiny import batch_of, make
from tfinpaint import zoo
from tfinpaint.engine import FAMILIES
from tfinpaint.errors import InputError
from tfinpaint.models import WhatHides
from tfinpaint.models.what_hides import terms


def test_it_is_small():
    assert zoo.preset("what_hides").parameters == {"finder": 244_704}
    assert zoo.load("what_hides", weights=False).painters.count_params() == 244_704 < 300_000


def test_families_are_shares_and_the_mask_is_where_nothing_is_unlikely():
    model = make("what_hides")
    found = model(batch_of(model)["occluded"])
    families = np.asarray(found["families"])
    assert families.shape == (2, model.image_size, model.image_size, len(FAMILIES))
    np.testing.assert_allclose(families.sum(-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(found["mask"]), families[..., :1] < 0.5)


def test_it_paints_the_colour_around_a_hole():
    model = make("what_hides")
    picture, mask = np.full((1, 32, 32, 3), 0.25, np.float32), np.zeros((1, 32, 32, 1), np.float32)
    mask[:, 8:20, 8:20] = 1
    painted = model({"image": np.where(mask > 0, -1, picture).astype(np.float32), "mask": mask})["image"]
    np.testing.assert_allclose(np.asarray(painted), picture, atol=1e-4)


def example():
    """Two faces of 2 x 2 pixels, two families; all logits 0 but one."""
    family = np.array([[[0, 1], [1, 0]], [[0, 0], [0, 0]]], np.float32)[..., None]
    logits = np.zeros((2, 2, 2, 5), np.float32)
    logits[0, 0, 1, 1] = np.log(6)  # softmax: 6 of 10
    return {"family": family, "mask": (family > 0).astype(np.float32)}, {"logits": logits}


def test_entropies_by_hand():
    batch, outputs = example()
    even, sure = np.log(5), -np.log(0.6)
    np.testing.assert_allclose(
        np.asarray(terms.family_entropy(None, batch, outputs)), [(3 * even + sure) / 5, 4 * even / 5], rtol=1e-5
    )
    np.testing.assert_allclose(
        np.asarray(terms.hidden_entropy(None, batch, outputs)), [(even + sure) / 3, 0], rtol=1e-5
    )


def test_made_up_borders_do_not_count():
    batch, outputs = example()
    batch["valid"] = np.array([[[1, 0], [1, 1]], [[0, 0], [0, 0]]], np.float32)[..., None]
    even = np.log(5)
    np.testing.assert_allclose(np.asarray(terms.family_entropy(None, batch, outputs)), [3 * even / 4, 0], rtol=1e-5)
    np.testing.assert_allclose(np.asarray(terms.hidden_entropy(None, batch, outputs)), [even / 2, 0], rtol=1e-5)


def test_the_share_of_right_families_by_hand():
    batch, _ = example()
    families = np.zeros((2, 2, 2, 5), np.float32)
    families[..., 0] = 0.5
    families[0, 0, 1, 1] = families[1, 0, 0, 2] = 1  # one of two right; nothing hidden, so nothing wrong
    np.testing.assert_allclose(np.asarray(terms.family_right(None, batch, {"families": families})), [0.5, 1], rtol=1e-4)


def test_it_learns_to_tell_two_colours_apart():
    model = at_stage("what_hides", recipe=WhatHides.recipes["small"].scaled(rates=10), run_eagerly=True)
    rng = np.random.default_rng(0)
    first = last = None
    for _ in range(60):
        family = np.kron(rng.integers(0, 3, (4, 4, 4)), np.ones((8, 8)))[..., None].astype(np.float32)
        picture = (family - 1) * np.ones(3, np.float32) + rng.normal(0, 0.05, (4, 32, 32, 3)).astype(np.float32)
        batch = {"image": picture, "occluded": picture, "mask": (family > 0).astype(np.float32), "family": family}
        logs = model.train_on_batch({**batch, "valid": np.ones_like(family)}, return_dict=True)
        loss = float(logs["family_entropy"])
        first, last = first or loss, loss
        model.reset_metrics()
    assert last < 0.5 * first


def test_a_side_that_is_no_multiple_is_refused():
    with pytest.raises(InputError, match="`image_size` must be a multiple of 16. Received: image_size=40"):
        WhatHides(image_size=40)
