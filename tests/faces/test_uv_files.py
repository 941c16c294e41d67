"""Meshes and ready fields from files, and the mirrored field."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.head_mesh import head_mesh
from tfinpaint.errors import InputError
from tfinpaint.faces.uv import GenericHead, MeshFits, Pose, UVFiles, flip_uv, render_mesh
from tfinpaint.faces.uv.pose import LANDMARKS
from tfinpaint.framing import template_points

PICTURE = np.zeros((24, 32, 3), np.uint8)
TRIANGLE = {
    "vertices": np.array([[4.0, 4.0, 0.0], [20.0, 4.0, 0.0], [4.0, 20.0, 0.0]]),
    "triangles": np.array([[0, 1, 2]]),
    "uv": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
}
FIELD = {"uv": np.full((24, 32, 2), 0.25), "valid": np.ones((24, 32, 1))}


def drawn_by_hand(height, width, vertices, triangles, uv):
    """An independent loop over triangles and pixels."""
    nearest, field = np.full((height, width), -np.inf), np.zeros((height, width, 2))
    for corners in triangles:
        matrix = np.vstack([vertices[corners, :2].T, np.ones(3)])
        if abs(np.linalg.det(matrix)) < 1e-9:
            continue
        for y in range(height):
            for x in range(width):
                weights = np.linalg.solve(matrix, [x, y, 1])
                depth = weights @ vertices[corners, 2]
                if weights.min() >= -1e-9 and depth > nearest[y, x]:
                    nearest[y, x], field[y, x] = depth, weights @ uv[corners]
    return field, np.isfinite(nearest)[..., None]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_the_z_buffer_shows_what_a_loop_over_pixels_shows(seed):
    rng = np.random.default_rng(seed)
    vertices, uv = rng.uniform(-6, 26, (12, 3)), rng.uniform(0, 1, (12, 2))  # some reach beyond the picture
    triangles = rng.integers(0, 12, (9, 3))  # some have a corner twice
    field, valid = render_mesh(16, 20, vertices, triangles, uv)
    expected, covered = drawn_by_hand(16, 20, vertices, triangles, uv)
    assert field.dtype == valid.dtype == np.float32
    np.testing.assert_array_equal(valid, covered)
    np.testing.assert_allclose(field, expected, atol=1e-6)


def test_groups_of_triangles_are_drawn_as_one(monkeypatch):
    vertices, triangles, chart = head_mesh(15)
    vertices = Pose(0.2, 0.4, shift=(24.0, 26.0)).project(vertices)
    whole = render_mesh(48, 48, vertices, triangles, np.clip(chart, 0, 1))
    monkeypatch.setattr(sys.modules["tfinpaint.faces.uv.render_mesh"], "_AT_ONCE", 50)
    for one, other in zip(whole, render_mesh(48, 48, vertices, triangles, np.clip(chart, 0, 1)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_nearer_of_two_surfaces_is_shown_whatever_their_order():
    square = np.array([[2, 2], [12, 2], [2, 12], [12, 12]], float)
    vertices = np.vstack([np.c_[square, np.full(4, 1.0)], np.c_[square + 4, np.full(4, 5.0)]])
    near, far = [[4, 5, 6], [5, 7, 6]], [[0, 1, 2], [1, 3, 2]]
    uv = np.repeat([[0.1, 0.1], [0.9, 0.9]], 4, axis=0)
    for order in (near + far, far + near):
        field, valid = render_mesh(20, 20, vertices, np.array(order), uv)
        assert field[8, 8, 0] == pytest.approx(0.9) and field[4, 4, 0] == pytest.approx(0.1)
        assert valid.sum() == 11 * 11 * 2 - 7 * 7


def test_a_mesh_outside_the_picture_draws_nothing():
    field, valid = render_mesh(20, 20, TRIANGLE["vertices"] - [90, 0, 0], TRIANGLE["triangles"], TRIANGLE["uv"])
    assert not field.any() and not valid.any()


def test_a_fit_is_drawn_from_its_file(tmp_path):
    np.savez(tmp_path / "face.npz", **TRIANGLE)
    uv, valid = MeshFits(tmp_path)(PICTURE, template_points(32), "face.jpg")
    y, x = np.mgrid[:24, :32]
    inside = (x >= 4) & (y >= 4) & (x + y <= 24)
    np.testing.assert_array_equal(valid[..., 0], inside)
    np.testing.assert_allclose(uv[..., 0], np.where(inside, (x - 4) / 16, 0), atol=1e-6)
    np.testing.assert_allclose(uv[..., 1], np.where(inside, (y - 4) / 16, 0), atol=1e-6)


def test_a_fit_with_landmarks_follows_the_face_into_the_crop(tmp_path):
    """The fit of a photo, three times as large, turned and shifted, is the fit of its aligned crop."""
    pose = Pose(0.45, 0.3, -0.1, 0.05, shift=(60.0, 70.0))
    vertices, triangles, chart = head_mesh(41)
    inside = ((chart >= 0) & (chart <= 1)).all(1)[triangles].all(1)
    points, seen = pose.project(vertices), pose.project(LANDMARKS)[:, :2]
    turn = 3 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    photo = np.hstack([points[:, :2] @ turn.T + [40, -90], 3 * points[:, 2:]])
    np.savez(
        tmp_path / "face.npz",
        vertices=photo,
        triangles=triangles[inside],
        uv=np.clip(chart, 0, 1),
        landmarks=seen @ turn.T + [40, -90],
    )
    uv, valid = MeshFits(tmp_path)(np.zeros((128, 128, 3)), seen, "face.png")
    expected, covered = GenericHead().field(pose, 128, 128)
    both = (valid * covered)[..., 0] > 0
    assert both.sum() / np.maximum(valid, covered).sum() > 0.9  # whole triangles of a coarse mesh
    np.testing.assert_allclose(uv[both], expected[both], atol=0.02)


def test_ready_fields_are_read_from_files_below_the_folder_or_in_it(tmp_path):
    (tmp_path / "a").mkdir()
    rng = np.random.default_rng(0)
    field, valid = rng.uniform(0, 1, (24, 32, 2)), rng.integers(0, 2, (24, 32))
    np.savez(tmp_path / "a" / "face.npz", uv=field, valid=valid)
    np.savez(tmp_path / "other.npz", uv=field[::-1], valid=valid[::-1, :, None])
    uv, known = UVFiles(tmp_path)(PICTURE, template_points(32), "a/face.jpg")
    assert uv.dtype == known.dtype == np.float32 and known.shape == (24, 32, 1)
    np.testing.assert_allclose(uv, field * valid[..., None], atol=1e-6)
    again, _ = UVFiles(str(tmp_path))(PICTURE, template_points(32), "b/other.jpg")
    np.testing.assert_array_equal(again, uv[::-1])


@pytest.mark.parametrize("provider", [MeshFits, UVFiles])
def test_a_missing_folder_file_or_name_is_one_sentence(tmp_path, provider):
    with pytest.raises(InputError, match=r"`folder` must be a folder of \.npz files.*Received: .*nowhere"):
        provider(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"`folder` must hold face\.npz for the picture b/face\.jpg\. Received: "):
        provider(tmp_path)(PICTURE, template_points(32), "b/face.jpg")
    with pytest.raises(InputError, match=r"`name` must be the picture's file name.*Received: none"):
        provider(tmp_path)(PICTURE, template_points(32))


@pytest.mark.parametrize("provider", [MeshFits, UVFiles])
@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\x03\x04 cut short"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, provider, content):
    (tmp_path / "face.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"face\.npz must be an \.npz of arrays\. Received: "):
        provider(tmp_path)(PICTURE, template_points(32), "face.jpg")


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "face.npz", **FIELD | {"uv": np.array([{}], object)})
    with pytest.raises(InputError, match=r"face\.npz must be an \.npz of arrays"):
        UVFiles(tmp_path)(PICTURE, template_points(32), "face.jpg")


@pytest.mark.parametrize(
    ("provider", "arrays", "key"),
    [(MeshFits, TRIANGLE, key) for key in TRIANGLE] + [(UVFiles, FIELD, key) for key in FIELD],
)
def test_a_missing_array_is_named(tmp_path, provider, arrays, key):
    np.savez(tmp_path / "face.npz", **{k: v for k, v in arrays.items() if k != key})
    with pytest.raises(InputError, match=rf"must hold the arrays {', '.join(arrays)}\. Received: "):
        provider(tmp_path)(PICTURE, template_points(32), "face.jpg")


@pytest.mark.parametrize(
    ("provider", "change", "sentence"),
    [
        (MeshFits, {"vertices": np.zeros((3, 2))}, r"vertices \(n, 3\), triangles \(m, 3\) and uv \(n, 2\)"),
        (MeshFits, {"vertices": np.zeros(())}, r"vertices \(n, 3\), triangles"),
        (MeshFits, {"uv": np.zeros((4, 2))}, r"vertices \(n, 3\), triangles"),
        (MeshFits, {"triangles": np.zeros((1, 4), int)}, r"vertices \(n, 3\), triangles"),
        (MeshFits, {"triangles": np.zeros((0, 3), int)}, "none of them empty"),
        (MeshFits, {"triangles": np.array([[0, 1, 3]])}, "`triangles` of .* must be integers from 0 to 2"),
        (MeshFits, {"triangles": np.array([[0, 1, -1]])}, "`triangles` of .* must be integers from 0 to 2"),
        (MeshFits, {"triangles": np.array([[0.0, 1.0, 2.0]])}, "`triangles` of .* must be integers from 0 to 2"),
        (MeshFits, {"vertices": np.full((3, 3), np.nan)}, "`vertices` of .* must be finite"),
        (MeshFits, {"uv": np.full((3, 2), 1.5)}, r"`uv` of .* must be numbers in \[0, 1\]"),
        (MeshFits, {"uv": np.full((3, 2), np.nan)}, r"`uv` of .* must be numbers in \[0, 1\]"),
        (MeshFits, {"landmarks": np.zeros((4, 2))}, r"`landmarks` of .* must be five finite points"),
        (UVFiles, {"uv": np.zeros((24, 24, 2))}, r"uv \(24, 32, 2\) and valid \(24, 32, 1\), as large as the picture"),
        (UVFiles, {"valid": np.ones((24, 32, 2))}, "as large as the picture"),
        (UVFiles, {"uv": np.full((24, 32, 2), 255)}, r"`uv` of .* must lie in \[0, 1\]"),
        (UVFiles, {"uv": np.full((24, 32, 2), np.nan)}, r"`uv` of .* must lie in \[0, 1\]"),
        (UVFiles, {"uv": np.full((24, 32, 2), "u")}, "must be numbers"),
    ],
)
def test_arrays_of_wrong_shape_or_range_are_refused(tmp_path, provider, change, sentence):
    np.savez(tmp_path / "face.npz", **(TRIANGLE if provider is MeshFits else FIELD) | change)
    with pytest.raises(InputError, match=sentence + ".*Received: "):
        provider(tmp_path)(PICTURE, template_points(32), "face.jpg")


def test_the_field_of_the_mirrored_face_is_the_mirrored_field():
    points = template_points(64) + np.random.default_rng(3).normal(0, 1.5, (5, 2))
    mirrored = (points * [-1, 1] + [63, 0])[[1, 0, 2, 4, 3]]
    picture = np.zeros((64, 64, 3))
    flipped, valid = flip_uv(*GenericHead()(picture, points))
    expected, expected_valid = GenericHead()(picture, mirrored)
    assert (valid != expected_valid).mean() < 0.001
    both = (valid * expected_valid)[..., 0] > 0
    np.testing.assert_allclose(flipped[both], expected[both], atol=1e-3)
    assert not flipped[valid[..., 0] == 0].any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_flipping_twice_changes_nothing(dtype):
    uv, valid = GenericHead()(np.zeros((32, 32, 3)), template_points(32))
    uv, valid = uv.astype(dtype)[None], valid.astype(dtype)[None]
    again, valid_again = flip_uv(*flip_uv(uv, valid))
    assert again.dtype == dtype
    np.testing.assert_allclose(again, uv, atol=1e-3)
    np.testing.assert_array_equal(valid_again, valid)
    np.testing.assert_array_equal(flip_uv(uv, valid.astype(np.uint8))[0], flip_uv(uv, valid)[0])
