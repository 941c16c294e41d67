"""Engines: what they declare, what is refused, and how one borrows the other's detector."""

import numpy as np
import pytest

from tfinpaint.engine import Borrowed, Contract, Restoration, check_request, contract_of
from tfinpaint.errors import InputError

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)


class Engine:
    """Paints black; finds the left half hidden."""

    image_size = 8

    def __init__(self, **contract):
        self.contract, self.asked = Contract(**contract), []

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        self.asked.append((masks, seed, batch_size))
        if masks is None:
            masks = np.zeros((*images.shape[:3], 1), np.float32)
            masks[:, :, :4] = 1
        return Restoration(np.where(masks > 0, np.uint8(0), images), masks, {"coarse": images})


@pytest.mark.parametrize(
    ("mask", "needs", "finds", "composes"),
    [("finds", False, True, True), ("needs", True, False, True), ("whole", False, True, False)],
)
def test_a_contract_answers_what_rooms_ask(mask, needs, finds, composes):
    contract = Contract(mask=mask)
    assert (contract.needs_mask, contract.finds_mask, contract.composes) == (needs, finds, composes)
    assert not contract.draws and Contract(noise={"z": (4,)}).draws


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mask": "guesses"}, "`mask` must be one of finds, needs, whole. Received: mask='guesses'"),
        ({"framing": "tight"}, "`framing` must be one of wide, arcface"),
        ({"reach": 0.5}, "`reach` must be at least 1"),
    ],
)
def test_a_wrong_contract_is_refused_in_a_sentence(wrong, words):
    with pytest.raises(InputError, match=words):
        Contract(**wrong)


def test_an_engine_without_a_contract_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="must declare what it asks .* Received: object with contract=None"):
        contract_of(object())
    assert contract_of(Engine(reach=2.0)).reach == 2.0


def test_a_borrowed_detector_says_where_to_paint_and_a_callers_mask_goes_first():
    painter, finder = Engine(mask="needs", extras=("coarse",)), Engine(reach=2.0)
    both = Borrowed(painter, finder)
    assert both.contract == Contract(mask="finds", extras=("coarse",), reach=2.0)
    result = both.restore(PICTURES, seed=5, batch_size=2)
    assert (result.images[:, :, :4] == 0).all() and (result.images[:, :, 4:] == PICTURES[:, :, 4:]).all()
    masks, seed, batch_size = painter.asked[0]
    assert masks.mean() == 0.5 and (seed, batch_size) == (5, 2) and len(result) == 3
    given = np.zeros((3, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(both.restore(PICTURES, given).images, PICTURES)
    assert len(finder.asked) == 1


@pytest.mark.parametrize(
    ("finder", "words"),
    [({"mask": "needs"}, "must find masks itself"), ({"framing": "arcface"}, "must see faces framed 'wide'")],
)
def test_only_a_blind_engine_of_the_same_framing_lends_its_detector(finder, words):
    with pytest.raises(InputError, match=words):
        Borrowed(Engine(mask="needs"), Engine(**finder))


@pytest.mark.parametrize(
    ("contract", "mask", "seed", "words"),
    [
        ({"mask": "needs"}, None, None, "`where` must say what is hidden.*Received: where=None; give it, or borrow"),
        ({}, None, 0, "`seed` must be left out.*Received: seed=0"),
        ({"mask": "needs"}, PICTURES, None, None),
        ({"noise": {"z": (4,)}}, None, 0, None),
    ],
)
def test_an_engine_gets_the_mask_that_it_needs_and_no_seed_without_use(contract, mask, seed, words):
    if words is None:
        check_request(Engine(**contract), "where", mask, seed)
        return
    with pytest.raises(InputError, match=words):
        check_request(Engine(**contract), "where", mask, seed)
