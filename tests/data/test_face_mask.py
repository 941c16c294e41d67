import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.occlusions import FaceMask
from tfinpaint.data.occlusions.mask_shapes import STYLES
from tfinpaint.errors import InputError
from tfinpaint.framing import template_points

SIZE, N = 64, 60
FACES, LANDMARKS = synthetic_faces(N, SIZE, seed=3)
IMAGES = FACES.astype(np.float32) / 127.5 - 1


@functools.cache
def _compiled(arguments):
    return tf.function(FaceMask(**dict(arguments)), autograph=False, reduce_retracing=True)


def draw(images=IMAGES, landmarks=LANDMARKS, first=0, **arguments):
    """Occluded pictures and masks `(n, size, size)`, true where hidden; sample k has the seed (first, k)."""
    seeds = tf.constant([(first, k) for k in range(len(images))], tf.int64)
    function = _compiled(tuple(arguments.items()))
    occluded, mask = function(tf.constant(images), tf.constant(np.float32(landmarks)), seeds)
    return occluded.numpy(), mask.numpy()[..., 0] > 0


def at(masks, points):
    """The masks' values at one point (x, y) each."""
    x, y = np.round(points).astype(int).T
    return masks[np.arange(len(masks)), y, x]


def luma(pictures, masks):
    return np.array([picture[mask].mean() for picture, mask in zip(pictures, masks, strict=True)])


def turned(shift):
    """The template's points with the nose and, less, the mouth moved sideways by `shift` eye distances."""
    points = template_points(SIZE)
    points[2, 0] += shift * 0.27 * SIZE
    return np.repeat(points[None], N, 0)


def test_masks_cover_nose_mouth_and_chin_and_leave_the_eyes():
    masks = draw(styles=("surgical", "cup", "cloth", "sport"))[1]
    for point in (2, 3, 4):
        assert at(masks, LANDMARKS[:, point]).mean() > 0.97
    eyes, mouth = LANDMARKS[:, :2].mean(1), LANDMARKS[:, 3:].mean(1)
    assert at(masks, eyes + 1.55 * (mouth - eyes)).all()
    assert not at(masks, LANDMARKS[:, 0]).any()
    assert not at(masks, LANDMARKS[:, 1]).any()
    assert not masks[:, 0].any()


def test_masks_cover_a_tenth_to_two_fifths_of_the_crop():
    areas = draw()[1].mean((1, 2))
    assert 0.08 < areas.min() and areas.max() < 0.45
    assert 0.15 < areas.mean() < 0.3
    assert areas.std() > 0.02


def test_low_masks_leave_the_nose_bare():
    masks = draw(styles=("low",), straps=0.0, shadow=0.0)[1]
    assert at(masks, LANDMARKS[:, 2]).mean() < 0.2
    assert at(masks, LANDMARKS[:, 3:].mean(1)).all()


def test_gaiters_reach_the_lower_edge():
    assert draw(styles=("gaiter",))[1][:, -1].any(1).all()


@pytest.mark.parametrize("style", STYLES)
def test_each_style_can_be_asked_for_alone(style):
    occluded, masks = draw(IMAGES[:4], LANDMARKS[:4], styles=(style,))
    assert np.isfinite(occluded).all()
    assert masks.any((1, 2)).all()


@pytest.mark.parametrize("shift", [-0.2, 0.2])
def test_masks_turn_with_the_head(shift):
    """A head that looks aside shows less of the mask on that side of the nose."""
    masks = draw(landmarks=turned(shift), straps=0.0)[1]
    tip = round(turned(shift)[0, 2, 0])
    left, right = masks[:, :, :tip].sum((1, 2)), masks[:, :, tip + 1 :].sum((1, 2))
    assert (np.sign(left - right) == np.sign(shift)).mean() > 0.95


def test_masks_follow_a_tilted_head():
    """Landmarks turned by 90 degrees turn the mask with them."""
    centre = (SIZE - 1) / 2
    points = template_points(SIZE) - centre
    upright = np.repeat(points[None] + centre, N, 0)
    sideways = np.repeat(points[None] @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + centre, N, 0)
    grey = np.zeros_like(IMAGES)
    first, second = draw(grey, upright)[1], draw(grey, sideways)[1]
    back = np.rot90(second, 1, (1, 2))
    union = (first | back).sum((1, 2))
    assert ((first & back).sum((1, 2)) / union).min() > 0.97


def test_masks_in_dark_photos_are_dark():
    bright, masks = draw(IMAGES)
    dark = draw((IMAGES + 1) * 0.3 - 1)[0]
    assert (luma(dark, masks) < luma(bright, masks)).mean() > 0.95


def test_masks_are_of_many_colours():
    occluded, masks = draw()
    colours = np.stack([picture[mask].mean(0) for picture, mask in zip(occluded, masks, strict=True)])
    assert (colours.std(0) > 0.25).all()
    assert (np.ptp(colours, axis=1) > 0.3).sum() > N // 10  # coloured
    assert (colours.max(1) < -0.4).sum() > N // 20  # black
    assert (colours.min(1) > 0.3).sum() > N // 20  # white


def test_straps_and_shadow_widen_the_mask_and_can_be_left_out():
    bare = draw(straps=0.0, shadow=0.0)[1]
    strapped = draw(straps=1.0, shadow=0.0)[1]
    shaded = draw(straps=0.0, shadow=0.5)[1]
    assert not (bare & ~strapped).any()
    assert (strapped.sum((1, 2)) > bare.sum((1, 2))).mean() > 0.7
    assert not (bare & ~shaded).any()
    extra = (shaded & ~bare).sum() / bare.sum()
    assert 0.01 < extra < 0.2  # a rim of one or two pixels


def test_prints_can_be_left_out():
    def contrasty(**arguments):
        occluded, masks = draw(styles=("cloth", "sport"), straps=0.0, shadow=0.0, **arguments)
        return np.mean([p[m].std(0).max() > 0.3 for p, m in zip(occluded, masks, strict=True)])

    assert contrasty() > contrasty(patterns=False) + 0.08


@pytest.mark.parametrize(
    "arguments", [{"styles": ["veil"]}, {"styles": []}, {"straps": 1.5}, {"shadow": -0.1}], ids=str
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(InputError, match=rf"`{next(iter(arguments))}` must .* Received: "):
        FaceMask(**arguments)
