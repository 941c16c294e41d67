"""The drawn sprites: whole, varied, cut out cleanly, the same in every process, and not too dear."""

import numpy as np
import pytest

from tfinpaint.data.occlusions.drawings import KINDS, SIDE, SKIN, VARIANTS, drawn
from tfinpaint.data.occlusions.drawings.canvas import Canvas, hsv, mirrored, oval, smooth
from tfinpaint.data.occlusions.drawings.eyewear import GAP
from tfinpaint.data.occlusions.placement import PLACES

every_kind = pytest.mark.parametrize("kind", KINDS)


def test_there_are_many_kinds_and_each_has_a_place():
    assert len(KINDS) >= 18
    assert set(KINDS) == set(PLACES)


@every_kind
def test_a_kind_is_drawn_in_variants_that_differ(kind):
    pictures = drawn(kind)
    assert pictures.shape == (VARIANTS, SIDE, SIDE, 4)
    assert pictures.dtype == np.uint8
    assert len({p.tobytes() for p in pictures}) == VARIANTS


@every_kind
def test_a_sprite_shows_something_and_leaves_its_border_free(kind):
    for alpha in drawn(kind)[..., 3]:
        assert 0.008 < (alpha > 8).mean() < 0.95
        assert alpha.max() > 200 or kind == "face_shield"
        assert not alpha[[0, -1]].any()
        assert not alpha[:, [0, -1]].any()


@every_kind
def test_a_sprite_has_its_own_texture_and_soft_edges(kind):
    for picture in drawn(kind):
        alpha = picture[..., 3]
        assert ((alpha > 8) & (alpha < 247)).any()
        if kind != "bar":
            assert picture[..., :3][alpha > 128].std(0).max() > 3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if PLACES[kind].border == "lower"])
def test_what_must_leave_the_picture_reaches_the_sprites_lower_edge(kind):
    assert (drawn(kind)[:, -2, :, 3] > 128).any(1).all()


def test_locks_hang_from_the_upper_edge():
    assert (drawn("hair_strand")[:, 1, :, 3] > 128).any(1).all()


@pytest.mark.parametrize("kind", ["eyeglasses", "face_shield"])
def test_clear_panes_hide_little(kind):
    rows = slice(SIDE // 2 - 6, SIDE // 2 + 7)
    for alpha in drawn(kind)[..., 3]:
        for x in (0.5 - GAP / 2, 0.5 + GAP / 2) if kind == "eyeglasses" else (0.4, 0.6):
            assert np.median(alpha[rows, round(x * SIDE) - 6 : round(x * SIDE) + 7]) < 0.45 * 255


def test_dark_lenses_hide_the_eyes():
    for alpha in drawn("sunglasses")[..., 3]:
        assert min(alpha[SIDE // 2, round((0.5 + s * GAP / 2) * SIDE)] for s in (-1, 1)) > 0.6 * 255


def test_hands_are_of_the_skin_that_the_photos_skin_replaces():
    for picture in drawn("hand"):  # palm, above any sleeve
        palm = picture[60:90, 70:90]
        mean = palm[palm[..., 3] > 200][:, :3].mean(0) / 255
        np.testing.assert_allclose(mean, SKIN, atol=0.13)


@pytest.mark.parametrize("kind", ["bar", "sticker", "hand"])
def test_drawn_anew_a_kind_is_the_same(kind):
    np.testing.assert_array_equal(drawn.__wrapped__(kind), drawn(kind))


def test_drawings_are_kept_and_cannot_be_written():
    assert drawn("bar") is drawn("bar")
    with pytest.raises(ValueError, match="read-only"):
        drawn("bar")[0, 0, 0, 0] = 1


@pytest.fixture
def canvas():
    return Canvas(np.random.default_rng(0))


def test_a_polygon_covers_its_area(canvas):
    shape = canvas.polygon([(0.2, 0.3), (0.7, 0.3), (0.7, 0.5), (0.2, 0.5)])
    assert shape.mean() == pytest.approx(0.1, rel=0.03)
    assert canvas.ellipse((0.5, 0.5), (0.3, 0.2), 0.7).mean() == pytest.approx(np.pi * 0.06, rel=0.03)


def test_paint_over_paint_is_composed(canvas):
    whole = canvas.polygon([(-1, -1), (2, -1), (2, 2), (-1, 2)])
    canvas.paint(whole, (1.0, 0.0, 0.0), 0.5)
    canvas.paint(whole, (0.0, 0.0, 1.0), 0.5)
    # opacity 1 - 0.5^2; red is 0.25 of the colour times opacity, blue 0.5
    np.testing.assert_allclose(canvas.picture()[80, 80], [85, 0, 170, 191], atol=1)


def test_flat_relief_is_neither_brightened_nor_darkened(canvas):
    bright, _ = canvas.lit(np.zeros((8, 8), np.float32))
    np.testing.assert_allclose(bright, 1.0, atol=1e-6)


def test_what_faces_the_light_is_brighter(canvas):
    slope = np.linspace(0, 5, 50, dtype=np.float32)[:, None] * np.ones((1, 50), np.float32)  # rises downwards
    up, down = (canvas.lit(s)[0][25, 25] for s in (slope, -slope))
    assert up > 1 > down  # the light comes from above


def test_a_smooth_curve_goes_through_its_points():
    points = np.array([(0.1, 0.2), (0.4, 0.9), (0.8, 0.3)])
    for closed in (False, True):
        curve = smooth(points, closed)
        for point in points:
            assert np.abs(curve - point).sum(1).min() < 1e-9


def test_mirrored_twice_is_the_same_and_hues_wrap():
    points = oval((0.4, 0.5), (0.1, 0.2))
    np.testing.assert_allclose(mirrored(mirrored(points)), points)
    np.testing.assert_allclose(hsv(1.0, 1.0, 1.0), [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(hsv(1 / 3, 1.0, 1.0), [0, 1, 0], atol=1e-6)
