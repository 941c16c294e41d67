"""Rectangles, squares, strokes, halves and given masks: sizes, places and colours by numbers."""

import cv2
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.occlusions import CenterSquare, FreeForm, FromMask, HalfFace, Rectangle
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.free_form import stroke_distance
from tfinpaint.data.occlusions.places import draw_corner
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.framing import template_points


def blank(n, size=64):
    return np.zeros((n, size, size, 3), np.float32), np.repeat(template_points(size)[None], n, 0)


def seeds(n, first=0):
    return np.stack([np.full(n, first), np.arange(n)], 1)


def masks_of(occlusion, n, size=64, first=0):
    return occlusion(*blank(n, size), seeds(n, first))[1].numpy()[..., 0] > 0


def boxes(masks):
    """x, y, width, height of each mask, which must fill its box."""
    found = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask.sum() == len(rows) * len(columns)
        found.append((columns[0], rows[0], len(columns), len(rows)))
    return np.array(found)


@settings(max_examples=20, deadline=None)
@given(
    size=st.integers(48, 256),
    area=st.tuples(st.floats(0.01, 0.3), st.floats(1.3, 3)),
    aspect=st.tuples(st.floats(0.2, 2), st.floats(1.3, 4)),
)
def test_sides_are_whole_pixels_with_area_and_aspect_in_their_intervals(size, area, aspect):
    (low, high), (flat, wide) = ((least, least * factor) for least, factor in (area, aspect))
    width, height = Rectangle(area=(low, high), aspect=(flat, wide))._sides(Draws(seeds(60)), size)
    width, height = width.numpy(), height.numpy()
    y, x = np.indices((size, size)) + 1
    fine = (x * y >= low * size**2) & (x * y <= high * size**2) & (x / y >= flat) & (x / y <= wide)
    np.testing.assert_array_equal([width, height], np.round([width, height]))
    assert width.max() <= size and height.max() <= size and min(width.min(), height.min()) >= 1
    if not fine.any():  # no whole numbers will do
        return
    assert ((width * height >= low * size**2 - 1e-3) & (width * height <= high * size**2 + 1e-3)).all()
    assert ((width / height >= flat - 1e-5) & (width / height <= wide + 1e-5)).all()


def test_area_is_uniform_and_tall_rectangles_are_as_frequent_as_wide_ones():
    width, height = Rectangle()._sides(Draws(seeds(4000)), 256)
    area, aspect = width * height / 256**2, width / height
    assert np.mean(area) == pytest.approx(0.08, abs=0.003)
    np.testing.assert_allclose(np.quantile(area, [0.25, 0.75]), [0.045, 0.115], atol=0.005)
    assert np.mean(aspect > 1) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(np.quantile(np.log2(aspect), [0.25, 0.75]), [-0.5, 0.5], atol=0.06)


def test_a_single_area_is_met_as_nearly_as_pixels_allow():
    width, height = Rectangle(area=0.05)._sides(Draws(seeds(300)), 112)  # 627.2 pixels
    np.testing.assert_allclose(width * height, 627.2, rtol=0.04)


@pytest.mark.parametrize("at", ["mouth", "nose", "eyes"])
def test_a_rectangle_lies_on_the_part_that_is_named(at):
    points = template_points(64)
    start, end = {
        "mouth": (points[3], points[4]),
        "nose": (points[2], (points[2] + points[:2].mean(0)) / 2),
        "eyes": (points[0], points[1]),
    }[at]
    x, y, width, height = boxes(masks_of(Rectangle(at=at, area=(0.01, 0.05)), 60)).T
    centres = np.stack([x + (width - 1) / 2, y + (height - 1) / 2], 1)
    assert (centres >= np.minimum(start, end) - 0.51).all() and (centres <= np.maximum(start, end) + 0.51).all()


def test_outside_covers_none_of_the_five_points_box_and_every_side():
    x, y, width, height = boxes(masks_of(Rectangle(at="outside", area=(0.01, 0.08)), 300)).T
    (left, top), (right, bottom) = template_points(64).min(0), template_points(64).max(0)
    sides = np.stack([x + width - 1 < left, x > right, y + height - 1 < top, y > bottom])
    assert sides.any(0).all()
    assert (sides.mean(1) > 0.1).all()


def numbers_of(at, landmarks, width, height, size, n):
    extent = [tf.fill((n,), float(value)) for value in (width, height)]
    points = np.broadcast_to(np.asarray(landmarks, np.float32), (n, 5, 2))
    return draw_corner(Draws(seeds(n)), (at,), tf.constant(points), *extent, size).numpy().astype(int)


def test_places_outside_are_equally_likely_counted_one_by_one():
    points = [[4, 4], [7, 4], [6, 5], [4, 6], [7, 6.5]]
    allowed = set()
    for x in range(12 - 3 + 1):
        for y in range(12 - 2 + 1):
            # No part of the box's pixels touches the face, which reaches from (4, 4) to (7, 6.5).
            if x + 2 < 3.5 or x > 7.5 or y + 1 < 3.5 or y > 7:
                allowed.add((x, y))
    drawn, counts = np.unique(numbers_of("outside", points, 3, 2, 12, 20000), axis=0, return_counts=True)
    assert set(map(tuple, drawn.tolist())) == allowed
    expected = 20000 / len(allowed)
    assert ((counts - expected) ** 2 / expected).sum() < 2 * len(allowed)


def test_places_anywhere_are_equally_likely():
    drawn, counts = np.unique(numbers_of("anywhere", np.zeros((5, 2)), 9, 10, 12, 4000), axis=0, return_counts=True)
    assert len(drawn) == 4 * 3
    assert counts.min() > 250


def test_what_fits_nowhere_outside_is_pushed_to_the_side_where_it_covers_least():
    points = [[20, 10], [40, 10], [30, 20], [20, 50], [40, 50]]
    x, y = numbers_of("outside", points, 40, 40, 64, 50).T
    assert (x == 24).all()  # right of the face 23 pixels are free, left of it 20, above it 10, below it 13
    assert len(set(y)) > 10


@settings(max_examples=25, deadline=None)
@given(
    at=st.sampled_from(["mouth", "nose", "eyes", "outside", "anywhere"]),
    points=st.lists(st.floats(-1e4, 1e4, width=32), min_size=10, max_size=10),
    width=st.integers(1, 90),
    height=st.integers(1, 64),
)
def test_boxes_stay_inside_the_picture_or_span_it(at, points, width, height):
    x, y = numbers_of(at, np.reshape(points, (5, 2)), width, height, 64, 8).T
    assert (x >= min(0, 64 - width)).all() and (x <= max(0, 64 - width)).all()
    assert (y >= 0).all() and (y <= 64 - height).all()


def test_several_places_are_taken_equally_often():
    x, y, width, height = boxes(masks_of(Rectangle(at=("mouth", "eyes"), area=0.02), 400)).T
    level = template_points(64)[[0, 3], 1].mean()
    assert (y + height / 2 > level).mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(("turn", "edge"), [(30.0, 0.0), (-90.0, 0.0), (0.0, 4.0), (12.0, 2.0)])
def test_a_rectangle_is_turned_about_its_middle_and_its_edges_fade(turn, edge):
    arguments, size = {"area": 0.06, "at": "nose", "colour": 1.0}, 64
    upright = masks_of(Rectangle(**arguments), 6)
    occlusion = Rectangle(**arguments, turn=turn, edge=edge)
    drawn, mask = (value.numpy() for value in occlusion(*blank(6), seeds(6)))  # on zeros: colours are opacities
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    for i, (x0, y0, width, height) in enumerate(boxes(upright)):
        for y, x in np.ndindex(size, size):
            dx, dy = x - (x0 + (width - 1) / 2), y - (y0 + (height - 1) / 2)
            along, across = cos * dx + sin * dy, cos * dy - sin * dx
            depth = min(width / 2 - abs(along), height / 2 - abs(across))
            if abs(depth) > 1e-3 or edge:  # a pixel on the line may fall on either side
                opacity = np.clip(0.5 + depth / edge, 0, 1) if edge else float(depth > 0)
                assert drawn[i, y, x, 0] == pytest.approx(opacity, abs=1e-4)
                assert mask[i, y, x, 0] == (opacity > 0) or opacity < 1e-4


def test_colours_are_random_or_as_given():
    images, landmarks = blank(50)
    occluded, mask = (value.numpy() for value in Rectangle()(images, landmarks, seeds(50)))
    colours = np.array([picture[hidden][0] for picture, hidden in zip(occluded, mask[..., 0] > 0, strict=True)])
    assert len(np.unique(colours, axis=0)) == 50
    assert np.abs(colours.mean(0)).max() < 0.3 and np.ptp(colours, axis=0).min() > 1.7
    for kind in (Rectangle, CenterSquare, FreeForm, HalfFace):
        occluded, mask = (v.numpy() for v in kind(colour=(1.0, 0.0, -0.5))(images[:3], landmarks[:3], seeds(3)))
        full = np.linalg.norm(occluded - [1.0, 0.0, -0.5], axis=-1) < 1e-6
        assert full.sum() > 0.75 * mask.sum() > 0


@pytest.mark.parametrize(("size", "first", "last"), [(64, 16, 47), (48, 12, 35), (65, 16, 47)])
def test_the_square_is_in_the_middle_and_white(size, first, last):
    occluded, mask = (value.numpy() for value in CenterSquare()(*blank(2, size), seeds(2)))
    expected = np.zeros((size, size), bool)
    expected[first : last + 1, first : last + 1] = True
    np.testing.assert_array_equal(mask[..., 0] > 0, np.stack([expected] * 2))
    assert (occluded[mask[..., 0] > 0] == 1).all() and (occluded[mask[..., 0] == 0] == 0).all()


def distance_by_loops(start, end, radius, there, points, size):
    result = np.empty((points, points))
    for i in range(points):
        for j in range(points):
            p = (np.array([j, i]) + 0.5) * size / points - 0.5
            values = []
            for a, b, r, drawn in zip(start, end, radius, there, strict=True):
                length = ((b - a) ** 2).sum()
                share = np.clip((p - a) @ (b - a) / length, 0, 1) if length else 0
                values.append(np.linalg.norm(p - a - share * (b - a)) - r if drawn else np.inf)
            result[i, j] = min(values)
    return result


@pytest.mark.parametrize("points", [24, 12])
def test_distances_to_strokes_are_those_of_a_loop_over_pixels_and_segments(points):
    rng = np.random.default_rng(0)
    start, end = rng.uniform(-3, 27, (2, 3, 5, 2)).astype(np.float32)
    end[0, 0] = start[0, 0]  # a segment without length is a disc
    radius, there = rng.uniform(0.5, 4, (3, 5)).astype(np.float32), rng.random((3, 5)) < 0.6
    there[:, 0] = True
    result = stroke_distance(*map(tf.constant, (start, end, radius, there)), 24, points).numpy()
    for k in range(3):
        expected = distance_by_loops(start[k], end[k], radius[k], there[k], points, 24)
        np.testing.assert_allclose(result[k], expected, atol=1e-4)


def test_a_horizontal_stroke_has_the_area_of_its_capsule():
    brush = FreeForm(strokes=1, segments=1, angle=0.0, angle_range=0.0, width=0.125)
    _, alpha = brush.layer(*blank(40, 128), tf.constant(seeds(40)))
    alpha = alpha.numpy()[..., 0]
    inside = ~(alpha[:, [0, -1]].any((1, 2)) | alpha[:, :, [0, -1]].any((1, 2)))
    assert inside.sum() > 5
    for picture in alpha[inside]:
        rows, columns = picture.sum(0).max(), picture.sum(1).max()  # thickness and whole length
        assert rows == pytest.approx(16, abs=0.3)
        assert picture.sum() == pytest.approx(16 * (columns - 16) + np.pi * 64, rel=0.02)


def test_strokes_have_the_papers_number_lengths_angles_and_widths():
    brush = FreeForm()
    start, end, radius, there = (value.numpy() for value in brush._strokes(Draws(seeds(400))))
    strokes, segments = there.reshape(400, 3, 11).any(2).sum(1), there.reshape(400, 3, 11).sum(2)
    assert set(strokes) == {1, 2, 3} and set(segments[segments > 0]) == set(range(4, 12))
    assert 0 <= start.min() and end.max() <= 1
    inner = there & ((end > 0) & (end < 1)).all(-1)
    step = (end - start)[inner]
    length = np.linalg.norm(step, axis=1)
    assert length.max() <= 2 * brush.length + 1e-6
    angle = np.abs(np.arctan2(step[:, 1], np.abs(step[:, 0])))[length > 1e-3]
    assert angle.min() >= np.pi * 4 / 15 - 1e-2 and angle.max() <= np.pi / 2 + 1e-2
    assert 6 / 256 <= radius.min() and radius.max() <= 20 / 256
    assert np.linalg.norm((end - start)[there], axis=1).mean() == pytest.approx(0.16, abs=0.03)


def test_large_pictures_show_the_same_strokes_as_small_ones():
    small, large = (masks_of(FreeForm(), 12, size) for size in (64, 256))
    shrunk = large.reshape(12, 64, 4, 64, 4).mean((2, 4)) > 0.5
    assert (small & shrunk).sum() / (small | shrunk).sum() > 0.85


@pytest.mark.parametrize("half", ["left", "right", "upper", "lower"])
def test_half_a_frontal_face_is_cut_through_its_middle(half):
    size, points = 100, template_points(100)
    occlusion = HalfFace(half=half, shift=0.0, tilt=0.0)
    _, alpha = occlusion.layer(*blank(1, size), tf.constant(seeds(1)))
    y, x = np.indices((size, size))
    line = points[0, 1] + 0.45 * 27
    expected = {"left": x < 49.5, "right": x > 49.5, "upper": y < line, "lower": y > line}[half]
    assert (np.abs(alpha.numpy()[0, ..., 0] - expected) > 0.51).sum() == 0


def test_halves_follow_a_face_that_is_turned_in_the_picture():
    points = template_points(100) - 49.5
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])  # a quarter turn clockwise: the forehead is on the right
    turned = (points @ turn.T.T * [1, 1])[None].astype(np.float32) + 49.5
    alphas = {
        half: HalfFace(half=half, shift=0.0, tilt=0.0).layer(blank(1, 100)[0], turned, seeds(1))[1].numpy()[0, ..., 0]
        for half in ("left", "right", "upper", "lower")
    }
    for first, second in (("left", "right"), ("upper", "lower")):
        np.testing.assert_allclose(alphas[first] + alphas[second], 1, atol=1e-3)
    eyes, mouth = turned[0, :2].mean(0).round().astype(int), turned[0, 3:].mean(0).round().astype(int)
    assert alphas["upper"][eyes[1], eyes[0]] == 1 and alphas["lower"][mouth[1], mouth[0]] == 1
    one, other = turned[0, 0].round().astype(int), turned[0, 1].round().astype(int)
    assert alphas["left"][one[1], one[0]] == 1 and alphas["right"][other[1], other[0]] == 1


def test_halves_are_taken_equally_often():
    masks = masks_of(HalfFace(), 400, 48)
    corners = {(y, x): masks[:, y, x] for y in (0, -1) for x in (0, -1)}
    both = [((0, 0), (-1, 0)), ((0, -1), (-1, -1)), ((0, 0), (0, -1)), ((-1, 0), (-1, -1))]
    shares = [(corners[one] & corners[other]).mean() for one, other in both]
    assert shares == pytest.approx([0.25] * 4, abs=0.07) and sum(shares) == pytest.approx(1)


BANK = np.zeros((3, 12, 16), np.uint8)
BANK[0, :3], BANK[1, :, 8:], BANK[2, 4:8, 4:12] = 255, 255, 255


def test_given_masks_are_resized_by_nearest_pixels_and_picked_by_seed():
    masks = masks_of(FromMask(BANK), 90, 48)
    expected = [cv2.resize(mask, (48, 48), interpolation=cv2.INTER_NEAREST_EXACT) > 0 for mask in BANK]
    found = [[np.array_equal(mask, one) for one in expected].index(True) for mask in masks]
    assert np.bincount(found, minlength=3).min() > 15


@pytest.mark.parametrize("masks", [BANK[2], BANK[2] > 0, BANK[2] / 255.0, BANK[2:] // 255])
def test_one_mask_is_the_same_for_every_sample_whatever_its_type(masks):
    expected = cv2.resize(BANK[2], (32, 32), interpolation=cv2.INTER_NEAREST_EXACT) > 0
    np.testing.assert_array_equal(masks_of(FromMask(masks), 3, 32), np.stack([expected] * 3))


def test_masks_are_read_from_a_folder_in_order(tmp_path):
    files = [cv2.resize(mask, (n, n), interpolation=0) for mask, n in zip(BANK, (16, 32, 16), strict=True)]
    for index, mask in enumerate(files):
        cv2.imwrite(str(tmp_path / f"{index}.png"), mask)
    (tmp_path / "notes.txt").write_text("no mask")
    squares = np.stack([cv2.resize(m, (32, 32), interpolation=cv2.INTER_NEAREST_EXACT) for m in files])
    for path in (tmp_path, str(tmp_path)):
        np.testing.assert_array_equal(masks_of(FromMask(path), 20, 32), masks_of(FromMask(squares), 20, 32))


def test_fills_are_noise_a_blur_or_a_colour():
    faces, landmarks = synthetic_faces(4, 64)
    images = faces.astype(np.float32) / 127.5 - 1
    mask = np.ones((64, 64), bool)
    mask[:8] = False
    fills = {
        fill: FromMask(mask, fill=fill)(images, landmarks, seeds(4))[0].numpy()[:, 8:] for fill in ("noise", "blur")
    }
    assert len(np.unique(fills["noise"])) > 0.9 * fills["noise"].size
    assert fills["noise"].mean() == pytest.approx(0, abs=0.02) and np.abs(fills["noise"]).max() <= 1
    assert fills["noise"].var() == pytest.approx(1 / 3, rel=0.03)
    np.testing.assert_allclose(fills["blur"].mean((1, 2)), images[:, 8:].mean((1, 2)), atol=0.1)
    assert np.abs(np.diff(fills["blur"], axis=1)).mean() < 0.5 * np.abs(np.diff(images[:, 8:], axis=1)).mean()
    assert (FromMask(mask, fill=-0.5)(images, landmarks, seeds(4))[0].numpy()[:, 8:] == -0.5).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rectangle(area=0.0), "`area` must be one number or two in order, between 0.0001 and 1. Received: 0.0"),
        (lambda: Rectangle(area=(0.2, 0.1)), "`area` must be"),
        (lambda: Rectangle(aspect=(0.5, float("nan"))), "`aspect` must be"),
        (lambda: Rectangle(aspect="wide"), "`aspect` must be"),
        (lambda: Rectangle(at="ear"), "`at` must be one or several of mouth, nose, eyes, outside, anywhere. Received"),
        (lambda: Rectangle(at=()), "`at` must be"),
        (lambda: Rectangle(at=3), "`at` must be"),
        (lambda: Rectangle(turn=200), "`turn` must be one number or two in order, between -180 and 180. Received: 200"),
        (lambda: Rectangle(edge=-1), "`edge` must be"),
        (lambda: Rectangle(colour=255), "`colour` must be None for a random one"),
        (lambda: Rectangle(colour=(0.1, 0.2)), "`colour` must be"),
        (lambda: Rectangle(colour="red"), "`colour` must be"),
        (lambda: CenterSquare(share=1.5), "`share` must be"),
        (lambda: FreeForm(strokes=0), "`strokes` must be"),
        (lambda: FreeForm(segments=(4, 5.5)), "`segments` must be whole numbers"),
        (lambda: FreeForm(width=-1), "`width` must be"),
        (lambda: HalfFace(half="middle"), "`half` must be one or several of left, right, upper, lower"),
        (lambda: HalfFace(tilt=2), "`tilt` must be"),
        (lambda: FromMask(BANK, fill="stars"), "`fill` must be 'noise', 'blur', a colour or None"),
        (lambda: FromMask(BANK, fill=7), "`colour` must be|`fill` must be"),
        (lambda: FromMask(np.zeros((2, 2, 2, 2))), "`masks` must be a folder, masks"),
        (lambda: FromMask(np.zeros((0, 4, 4))), "`masks` must be"),
        (lambda: FromMask(BANK.astype(np.int32)), "must be bool, uint8 or float"),
        (lambda: FromMask("no/such/folder"), "`masks` must be a folder with"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_broken_mask_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(ImageFileError, match="broken.png"):
        FromMask(tmp_path)
