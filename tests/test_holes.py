"""Pictures of anything, painted at their own size by a model that is rebuilt for them; the model is a fake."""

import warnings

import numpy as np
import pytest

from tests.fake_engine import CopyingEngine, FakeEngine
from tfinpaint import images
from tfinpaint.engine import Contract
from tfinpaint.restoration import HolePainter, restore_photo
from tfinpaint.restoration.holes import hole_boxes, window_matrix

NOISE = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)


class GreyEngine(FakeEngine):
    """Paints hidden pixels grey and keeps what it was shown; all sizes of one tell the first."""

    def __init__(self, side=128, shown=None):
        super().__init__(Contract(mask="needs"))
        self.image_size, self.shown = side, [] if shown is None else shown

    def resized(self, side):
        assert side % 64 == 0
        return GreyEngine(side, self.shown)

    def restore(self, images, masks=None, **options):
        self.shown += [
            (self.image_size, picture, mask[..., 0] > 0) for picture, mask in zip(images, masks, strict=True)
        ]
        return super().restore(images, masks, **options)

    def paint(self, images, seed):
        return np.full_like(images, 128)


def painted(picture, hole, engine=None, **options):
    engine = engine or GreyEngine()
    restored = restore_photo(picture, engine, mask=hole, aligned=True, **options)
    np.testing.assert_array_equal(restored.pixels[~hole], picture[~hole])
    np.testing.assert_array_equal(restored.mask, hole)
    return restored.pixels, engine.shown


def hole_in(height, width, *boxes):
    hole = np.zeros((height, width), bool)
    for left, top, right, bottom in boxes:
        hole[top:bottom, left:right] = True
    return hole


def test_a_window_around_the_hole_is_shown_as_it_is_and_its_hole_is_painted():
    picture, hole = NOISE[:500, :700], hole_in(500, 700, (300, 200, 420, 290))
    pixels, shown = painted(picture, hole)
    ((side, window, hidden),) = shown
    assert side == 256 and hidden.sum() == hole.sum()
    left, top = 360 - 128, 245 - 128
    np.testing.assert_array_equal(window, picture[top : top + 256, left : left + 256])
    np.testing.assert_array_equal(hidden, hole[top : top + 256, left : left + 256])
    assert np.abs(pixels[210:280, 310:410].astype(int) - 128).max() < 40  # the colours around may shift it a little


def test_what_lies_beyond_the_border_is_mirrored_with_its_hole():
    picture, hole = NOISE[:90, :100], hole_in(90, 100, (0, 0, 30, 20))
    _, ((side, window, hidden),) = painted(picture, hole)
    assert side == 128
    np.testing.assert_array_equal(window[19:109, 14:114], picture)
    np.testing.assert_array_equal(window[18], window[20])  # mirrored about the first row
    np.testing.assert_array_equal(hidden[18], hidden[20])
    assert hidden[10, 14]


def test_holes_that_fit_into_one_window_share_it_and_far_ones_have_their_own():
    near, far = (100, 100, 150, 150), (3000, 2500, 3040, 2540)
    picture, hole = NOISE, hole_in(3000, 4000, near, (180, 120, 220, 160), far)
    _, shown = painted(picture, hole)
    assert [side for side, *_ in shown] == [256, 256]
    assert [hidden.sum() for *_, hidden in shown] == [50 * 50 + 40 * 40, 40 * 40]
    assert sorted(hole_boxes(hole, 384)) == [(100, 100, 220, 160), far]
    assert hole_boxes(np.zeros((9, 9), bool), 384) == []


def test_a_huge_hole_is_painted_smaller_in_bounded_memory_and_said_so():
    hole = hole_in(3000, 4000, (500, 300, 2500, 2700))
    with pytest.warns(UserWarning, match="2400 pixels wide; it is painted smaller"):
        _, ((side, window, _),) = painted(NOISE, hole)
    assert side == 768 and window.shape == (768, 768, 3)


def test_everything_or_nothing_may_be_hidden():
    picture = NOISE[:64, :80]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels, shown = painted(picture, np.zeros((64, 80), bool))
        assert not shown
        np.testing.assert_array_equal(pixels, picture)
        _, ((side, _, hidden),) = painted(picture, np.ones((64, 80), bool))
    assert side == 128 and hidden.all()


def test_a_model_is_built_once_for_pictures_of_one_size():
    built = []
    engine = GreyEngine()
    engine.resized = lambda side: built.append(side) or GreyEngine(side)
    painter, hole = HolePainter(engine), hole_in(400, 400, (100, 100, 250, 250))
    for _ in range(3):
        painter.paint(images.Photo.from_array(NOISE[:400, :400]), lambda pixels: hole)
    assert built == [320]


@pytest.mark.parametrize("box", [(0, 0, 10, 10), (690, 490, 700, 500), (300, 200, 420, 290)])
def test_windows_move_by_whole_pixels_and_stay_inside(box):
    matrix = window_matrix(box, 256, (500, 700))
    np.testing.assert_array_equal(matrix[:, :2], np.eye(2))
    left, top = -matrix[:, 2]
    assert left == int(left) and top == int(top)
    assert 0 <= left <= min(box[0], 700 - 256) and left + 256 >= box[2]
    assert 0 <= top <= min(box[1], 500 - 256) and top + 256 >= box[3]


def test_offsets_are_told_in_pixels_of_the_photo():
    pixels, hole = NOISE[:256, :256], hole_in(256, 256, (100, 100, 140, 140))
    whole = restore_photo(pixels, CopyingEngine(), mask=hole, aligned=True)  # the 128 px engine saw half of the side
    np.testing.assert_allclose(whole.offsets[hole], [[0, 64]] * hole.sum(), atol=1e-4)
    assert not whole.offsets[~hole].any()
    points = np.array([[160, 100], [160, 150], [130, 125], [100, 100], [100, 150]])  # eyes above each other: turned
    turned = restore_photo(pixels, CopyingEngine(), mask=hole, landmarks=points)
    down, right = turned.offsets[hole].mean(0)
    assert down > 30 and abs(right) < 10
    assert restore_photo(pixels, GreyEngine(), mask=hole, aligned=True).offsets is None
