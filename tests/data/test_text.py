"""Words: the list, the bank of drawn words, and how they lie on the picture."""

import numpy as np
import pytest
import tensorflow as tf

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.occlusions import Text
from tfinpaint.data.occlusions.word_bank import TYPEFACES, WordBank, word_bank
from tfinpaint.data.occlusions.words import WORDS
from tfinpaint.errors import InputError
from tfinpaint.framing import template_points

BANK = word_bank()


def alphas(text, n, size=128, first=0):
    images = np.zeros((n, size, size, 3), np.float32)
    landmarks = np.repeat(template_points(size)[None], n, 0)
    seeds = np.stack([np.full(n, first), np.arange(n)], 1)
    return text.layer(images, landmarks, tf.constant(seeds))[1].numpy()[..., 0]


def laid(index, scale, turn=0.0, centre=(64.0, 60.0), size=128):
    values = [tf.constant([value], tf.float32) for value in (scale, turn)]
    return BANK.lay(tf.constant([index]), tf.constant([centre]), *values, size).numpy()[0, ..., 0]


def test_the_list_holds_2048_short_words_in_order():
    assert len(WORDS) == len(set(WORDS)) == 2048
    assert list(WORDS) == sorted(WORDS)
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 10 for word in WORDS)


def test_the_bank_fits_into_120_megabytes_and_is_drawn_once():
    assert BANK._pyramid.dtype == tf.uint8
    assert np.prod(BANK._pyramid.shape) < 120e6
    assert word_bank() is BANK


def test_the_bank_does_not_belong_to_the_graph_that_asks_for_it(monkeypatch):
    word_bank.cache_clear()
    asked = []
    monkeypatch.setattr(WordBank, "__init__", lambda self: asked.append(tf.constant(1.0)))
    tf.function(lambda: word_bank() and tf.constant(0))()
    word_bank.cache_clear()
    assert asked[0].numpy() == 1  # a tensor of a graph has no value


def test_every_word_is_drawn_as_large_as_the_bank_says():
    levels = BANK._pyramid.numpy().reshape(4, 2048, 48, 256)
    extent = BANK.extent.numpy()
    assert extent.min() >= 6
    assert ((extent[:, 1] >= 40) | (extent[:, 0] >= 220)).all()  # each fills its frame in one direction
    for index, (width, height) in enumerate(extent):
        ink = levels[0, index] > 0
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        assert (rows[0], columns[0]) == (2, 2) and rows[-1] <= 45 and columns[-1] <= 253
        assert (columns[-1] - 1, rows[-1] - 1) == (width, height)
    for level in (1, 2, 3):  # what is shrunk keeps its mean
        means = levels[level].mean((1, 2)) * 4**level, levels[0].mean((1, 2))
        np.testing.assert_allclose(*means, rtol=0.03)


def test_several_typefaces_are_used():
    assert len(TYPEFACES) == len(set(TYPEFACES)) == 20
    thin, thick = np.quantile(BANK._pyramid[:2048].numpy().mean((1, 2)), [0.1, 0.9])
    assert thick > 1.5 * thin


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("turn", [0.0, 0.6])
def test_a_word_lands_with_its_middle_and_its_area(scale, turn):
    index = WORDS.index("art")
    width, height = BANK.extent[index].numpy()
    picture = BANK._pyramid[index].numpy() / 255
    alpha = laid(index, scale, turn, size=256, centre=(120.0, 130.0))
    assert alpha.sum() == pytest.approx(picture.sum() * scale**2, rel=0.06)
    y, x = np.indices(picture.shape)
    ink = np.array([(picture * v).sum() / picture.sum() for v in (x, y)]) - [1.5 + width / 2, 1.5 + height / 2]
    cos, sin = np.cos(turn), np.sin(turn)
    expected = [120 + scale * (cos * ink[0] - sin * ink[1]), 130 + scale * (sin * ink[0] + cos * ink[1])]
    y, x = np.indices(alpha.shape)
    assert [(alpha * v).sum() / alpha.sum() for v in (x, y)] == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("height", [0.1, 0.3, 0.5])
def test_the_height_is_that_of_the_drawn_word(height):
    for alpha in alphas(Text(height=height), 24, 256):
        rows = np.flatnonzero(alpha.max(1) > 0.4)
        if alpha[:, [0, -1]].max() == 0:  # nothing was cut off
            assert rows[-1] - rows[0] + 1 == pytest.approx(256 * height, abs=2.5)


def test_heights_are_uniform_and_some_words_are_cut_at_the_border():
    drawn = alphas(Text(), 300)
    tall = np.array([np.ptp(np.flatnonzero(alpha.max(1) > 0.3)) + 1 for alpha in drawn]) / 128
    assert tall.max() <= 0.53 and tall.min() >= 0.02
    assert np.mean(tall) == pytest.approx(0.27, abs=0.04)
    cut = drawn[:, :, [0, -1]].max((1, 2)) > 0
    assert 0.3 < cut.mean() < 0.9


def test_words_that_fit_are_whole():
    drawn = alphas(Text(fit=True, turn=30), 60)
    assert drawn[:, [0, -1]].max() < 0.3 and drawn[:, :, [0, -1]].max() < 0.3


def test_wide_words_span_the_picture_from_side_to_side():
    columns = alphas(Text(height=0.5), 40).max(1) > 0.5
    assert columns[:, :20].any(1).all() and columns[:, -20:].any(1).all()


def test_words_outside_leave_the_five_points_free():
    points = template_points(128)
    (left, top), (right, bottom) = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int)
    drawn = alphas(Text(at="outside", height=(0.05, 0.12)), 80)
    assert drawn[:, top : bottom + 1, left : right + 1].max() == 0
    assert (drawn.max((1, 2)) > 0.2).all()


def test_a_turned_word_leans_and_an_upright_one_does_not():
    alpha = laid(WORDS.index("around"), 0.4, 0.5)
    y, x = np.indices(alpha.shape)
    assert np.corrcoef(x[alpha > 0.5], y[alpha > 0.5])[0, 1] > 0.8
    upright = laid(WORDS.index("around"), 0.4, 0.0)
    assert abs(np.corrcoef(x[upright > 0.5], y[upright > 0.5])[0, 1]) < 0.2


def test_the_picture_is_one_colour_with_soft_edges():
    faces, landmarks = synthetic_faces(6, 64)
    images = faces.astype(np.float32) / 127.5 - 1
    seeds = np.stack([np.zeros(6, int), np.arange(6)], 1)
    colour, alpha = (v.numpy() for v in Text(height=0.4, colour=(0.5, -0.5, 1.0)).layer(images, landmarks, seeds))
    np.testing.assert_allclose(colour, np.broadcast_to([0.5, -0.5, 1.0], colour.shape))
    soft = ((alpha > 0) & (alpha < 1)).sum() / (alpha > 0).sum()
    assert 0.02 < soft < 0.8
    random, _ = Text().layer(images, landmarks, seeds)
    assert len(np.unique(random.numpy()[:, 0, 0], axis=0)) == 6


def test_all_words_come_up():
    """Each draw takes one word with equal chance: of 6000 draws no word has many and few have none."""
    n = 6000
    images, landmarks = np.zeros((n, 8, 8, 3), np.float32), np.repeat(template_points(8)[None], n, 0)
    picked = []
    original = WordBank.lay
    try:
        WordBank.lay = lambda self, index, *rest: (picked.append(index.numpy()), original(self, index[:1], *rest))[1]
        Text(height=0.5).layer(images[:1], landmarks[:1], tf.constant([[0, 0]]))
        WordBank.lay = lambda self, index, *rest: (picked.append(index.numpy()), tf.zeros((n, 8, 8, 1)))[1]
        Text(height=0.5).layer(images, landmarks, tf.constant(np.stack([np.zeros(n, int), np.arange(n)], 1)))
    finally:
        WordBank.lay = original
    counts = np.bincount(picked[-1], minlength=2048)
    assert len(counts) == 2048 and counts.max() < 16 and (counts == 0).mean() < 0.08


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": 0.0}, "`height` must be one number or two in order, between 0.01 and 1"),
        ({"height": (0.5, 0.1)}, "`height` must be"),
        ({"at": "hair"}, "`at` must be one or several of mouth, nose"),
        ({"turn": -5}, "`turn` must be"),
        ({"colour": 2}, "`colour` must be"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Text(**arguments)
