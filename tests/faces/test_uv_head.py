"""The generic head: its pose from five points, its field in closed form, and what must hold of both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.head_mesh import head_mesh
from tfinpaint.errors import InputError
from tfinpaint.faces.uv import GenericHead, Pose, render_mesh
from tfinpaint.faces.uv.pose import LANDMARKS, front, unwrap
from tfinpaint.framing import template_points

ANGLES = [(0, 0, 0), (29, 6, -11), (-34, -14, 6)]  # yaw, pitch, roll in degrees
CHART = np.stack(unwrap(*LANDMARKS.T), axis=-1)  # where the five points lie on it


def posed(angles, shift=(64.0, 70.0)):
    return Pose(0.45, *np.deg2rad(angles).tolist(), shift=shift)


def degrees(pose):
    return np.rad2deg([pose.yaw, pose.pitch, pose.roll])


def pixels_of(pose):
    return pose.project(LANDMARKS)[:, :2]


def test_the_surface_passes_within_two_millimetres_of_the_landmarks():
    depth, _, _ = front(LANDMARKS[:, 0], LANDMARKS[:, 1])
    assert np.abs(depth - LANDMARKS[:, 2]).max() < 2


def test_the_slopes_of_the_surface_are_its_finite_differences():
    x, y = np.random.default_rng(0).uniform(-50, 50, (2, 200))
    _, along_x, along_y = front(x, y)
    for slope, dx, dy in ((along_x, 1e-4, 0), (along_y, 0, 1e-4)):
        difference = (front(x + dx, y + dy)[0] - front(x - dx, y - dy)[0]) / 2e-4
        np.testing.assert_allclose(slope, difference, atol=1e-6)


@pytest.mark.parametrize("angles", ANGLES)
def test_a_synthesised_pose_is_found_again(angles):
    pose = posed(angles)
    found = Pose.fit(pixels_of(pose))
    np.testing.assert_allclose(degrees(found), angles, atol=0.6)
    np.testing.assert_allclose(found.scale, pose.scale, rtol=0.01)
    np.testing.assert_allclose(found.stretch, 1, atol=0.02)
    np.testing.assert_allclose(pixels_of(found), pixels_of(pose), atol=0.1)


@pytest.mark.parametrize("angles", ANGLES)
def test_noise_of_0_7_pixels_moves_each_angle_by_less_than_four_degrees_rms(angles):
    noise = np.random.default_rng(1).normal(0, 0.7, (40, 5, 2))
    errors = np.array([degrees(Pose.fit(pixels_of(posed(angles)) + n)) - angles for n in noise])
    assert np.sqrt((errors**2).mean(0)).max() < 4


def test_stretched_heads_are_seen_as_such():
    wide = Pose(0.45, shift=(64.0, 70.0), stretch=(1.08, 0.95))
    found = Pose.fit(pixels_of(wide))
    assert found.stretch[0] > 1.03 and found.stretch[1] < 0.98
    assert np.abs(degrees(found)).max() < 3


def test_the_rotation_is_one_and_its_angles_mean_what_they_say():
    rotation = posed((20, 0, 0)).rotation
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert rotation[0] @ [0, 0, 1] > 0.3  # the nose points to the picture's right
    assert posed((0, 20, 0)).rotation[1] @ [0, 0, 1] < -0.3  # up
    np.testing.assert_allclose(posed((0, 0, 90)).rotation @ [1, 0, 0], [0, 1, 0], atol=1e-12)  # clockwise


@pytest.mark.parametrize("angles", ANGLES)
def test_the_field_at_a_landmark_is_the_landmarks_own_place_on_the_chart(angles):
    middle = np.array([64.0, 70.0])
    for point, (chart, pixel) in enumerate(zip(CHART, pixels_of(posed(angles)), strict=True)):
        pose = posed(angles, tuple(middle + np.round(pixel) - pixel))  # the landmark comes on a pixel's centre
        x, y = np.round(pixels_of(pose)[point]).astype(int)
        uv, valid = GenericHead().field(pose, 128, 128)
        assert valid[y, x, 0] == 1
        np.testing.assert_allclose(uv[y, x], chart, atol=0.01)


@pytest.mark.parametrize("angles", [*ANGLES, (0, 25, 0), (20, -25, 30)])
def test_closed_form_and_rendered_mesh_agree(angles):
    """The mesh goes on beyond the chart, because skull and cheek hide parts of it from some sides."""
    vertices, triangles, chart = head_mesh(121)
    pose = posed(angles)
    drawn, covered = render_mesh(128, 128, pose.project(vertices), triangles, 0.5 + (chart - 0.5) / 4)
    drawn = 0.5 + (drawn - 0.5) * 4
    shown = (covered[..., 0] > 0) & (drawn >= 0).all(-1) & (drawn <= 1).all(-1)
    uv, valid = GenericHead().field(pose, 128, 128)
    both = shown & (valid[..., 0] > 0)
    assert both.sum() / (shown | (valid[..., 0] > 0)).sum() >= 0.999
    assert np.abs(uv - drawn)[both].mean() < 1e-4
    assert np.abs(uv - drawn)[both].max() < 0.01


def test_a_frontal_face_is_symmetric_about_its_nose_ridge():
    uv, valid = GenericHead().field(Pose(0.45, shift=(64.0, 70.0)), 128, 129)
    rows = np.flatnonzero(valid[:, 64, 0])
    assert len(rows) > 60
    np.testing.assert_array_equal(uv[rows, 64, 0], 0.5)
    np.testing.assert_array_equal(valid, valid[:, ::-1])
    np.testing.assert_allclose(uv[..., 0], np.where(valid[..., 0] > 0, 1 - uv[:, ::-1, 0], 0), atol=1e-5)
    np.testing.assert_allclose(uv[..., 1], uv[:, ::-1, 1], atol=1e-5)


@pytest.mark.parametrize("yaw", [-35, -10, 10, 35])
def test_yaw_moves_the_ridge_to_the_side_of_the_turn(yaw):
    """The ridge stands nearer to that edge of the face to which the head looks."""
    uv, valid = GenericHead().field(posed((yaw, 0, 0)), 128, 128)
    columns = np.flatnonzero(valid[70, :, 0])
    ridge = columns[np.abs(uv[70, columns, 0] - 0.5).argmin()]
    assert np.sign(ridge - columns.mean()) == np.sign(yaw)


def test_u_grows_to_the_right_and_v_downwards():
    uv, valid = GenericHead()(np.zeros((96, 96, 3), np.uint8), template_points(96))
    inside = valid[..., 0] > 0
    assert (np.diff(uv[..., 0], axis=1)[inside[:, 1:] & inside[:, :-1]] > 0).all()
    assert (np.diff(uv[..., 1], axis=0)[inside[1:] & inside[:-1]] > 0).all()


def test_the_template_face_lies_where_the_template_says():
    uv, valid = GenericHead()(np.zeros((128, 128, 3), np.uint8), template_points(128))
    assert uv.dtype == valid.dtype == np.float32
    assert uv.shape == (128, 128, 2) and valid.shape == (128, 128, 1)
    assert 0.3 < valid.mean() < 0.6
    at = np.round(template_points(128)).astype(int)
    np.testing.assert_allclose(uv[at[:, 1], at[:, 0]], CHART, atol=0.04)


def test_the_field_grows_with_the_picture():
    small = GenericHead()(np.zeros((64, 64, 3)), template_points(64))
    large = GenericHead()(np.zeros((192, 192, 3)), template_points(192))
    np.testing.assert_allclose(small[0][10:50, 20:44], large[0][1::3, 1::3][10:50, 20:44], atol=1e-3)


@given(st.integers(0, 2**32 - 1), st.sampled_from([2.0, 12.0, 60.0]))
@settings(max_examples=40)
def test_wild_landmarks_give_a_finite_field(seed, spread):
    points = template_points(48) + np.random.default_rng(seed).normal(0, spread, (5, 2))
    uv, valid = GenericHead()(np.zeros((48, 48, 3)), points)
    assert np.isfinite(uv).all() and uv.min() >= 0 and uv.max() <= 1
    assert set(np.unique(valid)) <= {0, 1}
    assert not uv[valid[..., 0] == 0].any()


@pytest.mark.parametrize("points", [[[9, 9]] * 4 + [[30, 9]], [[i, i] for i in range(5)], [[9, y] for y in range(5)]])
def test_points_on_a_line_give_a_finite_field(points):
    uv, _ = GenericHead()(np.zeros((48, 48, 3)), np.array(points, float))
    assert np.isfinite(uv).all()


@pytest.mark.parametrize(
    "points",
    [np.zeros((4, 2)), np.zeros((5, 3)), np.full((5, 2), np.nan), np.full((5, 2), 7.0), np.full((5, 2), np.inf)],
    ids=["four", "three coordinates", "not a number", "one place", "infinite"],
)
def test_points_that_are_no_face_are_refused(points):
    with pytest.raises(InputError, match=r"`landmarks` must be five finite points \(5, 2\) in pixels.*Received: "):
        GenericHead()(np.zeros((48, 48, 3)), points)


def test_what_is_no_picture_is_refused():
    with pytest.raises(InputError, match=r"`image` must be \(height, width, channels\)\. Received: shape \(48, 48\)"):
        GenericHead()(np.zeros((48, 48)), template_points(48))


@pytest.mark.shared
def test_the_same_feature_of_many_people_lies_at_the_same_place_of_the_chart(shared):
    """68 landmarks by another network: bridge, tip, base of the nose, lips on the ridge; eyes and mouth as pairs."""
    five = np.load(shared / "faces" / "ffhq_val.npz")["landmarks"][:80]
    pixels = np.load(shared / "faces" / "ffhq_val_lm68.npz")["points"][:80].clip(0, 127).astype(int)
    places = np.full((80, 68, 2), np.nan)
    for place, points, (x, y) in zip(places, five, pixels.transpose(0, 2, 1), strict=True):
        uv, valid = GenericHead()(np.zeros((128, 128, 3)), points)
        place[:] = np.where(valid[y, x] > 0, uv[y, x], np.nan)
    middle, spread = np.nanmedian(places, axis=0), np.nanstd(places, axis=0)
    np.testing.assert_allclose(middle[[27, 30, 33, 51, 57], 0], 0.5, atol=0.02)
    assert (np.diff(middle[[27, 30, 33, 51, 57, 8], 1]) > 0.02).all()  # from the bridge down to the chin
    for left, right in ((36, 45), (48, 54), (17, 26)):
        assert middle[left, 0] + middle[right, 0] == pytest.approx(1, abs=0.05)
        assert middle[left, 1] == pytest.approx(middle[right, 1], abs=0.02)
    assert spread[[27, 30, 33, 36, 45, 48, 54]].max() < 0.04
