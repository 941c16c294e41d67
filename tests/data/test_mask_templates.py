"""A user's own pictures of masks: they sit where the six points say, turn with the head, and are checked when read."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.data.test_occlusions import IMAGES, LANDMARKS
from tfinpaint.data.occlusions import FaceMask, MaskTemplates
from tfinpaint.data.occlusions.face_coordinates import FaceCoordinates
from tfinpaint.data.occlusions.face_mask import NAMED
from tfinpaint.data.occlusions.mask_templates import _homography
from tfinpaint.errors import InputError
from tfinpaint.framing import template_points

POINTS = [[10, 20], [60, 5], [110, 20], [20, 60], [60, 95], [100, 60]]
KIT = Path(__file__).resolve().parents[3] / "shared/data/masked/mask_templates.zip"
SEEDS = np.array([(4, k) for k in range(len(IMAGES))])


def template(colour=(200, 30, 30, 255)):
    picture = np.zeros((100, 120, 4), np.uint8)
    picture[5:95, 10:110] = colour
    return Image.fromarray(picture)


def folder(path, names=("red",), points=POINTS):
    path.mkdir()
    for name in names:
        template().save(path / f"{name}.png")
    (path / "anchors.json").write_text(json.dumps({name: points for name in names}))
    return path


def test_four_points_in_general_position_are_met_by_their_homography():
    source = tf.constant([[[0, 0], [100, 0], [0, 80], [100, 80.0]]])
    target = tf.constant([[[10, 12], [90, 20], [15, 100], [80, 90.0]]])
    matrix = _homography(source, target).numpy()[0]
    moved = np.c_[source[0], np.ones(4)] @ matrix.T
    np.testing.assert_allclose(moved[:, :2] / moved[:, 2:], target[0], atol=3)


def test_the_mask_covers_mouth_and_chin_and_leaves_the_eyes(tmp_path):
    occlusion = MaskTemplates(folder(tmp_path / "t"))
    size = IMAGES.shape[1]
    points = np.repeat(template_points(size)[None], len(IMAGES), 0)
    _, masks = (v.numpy() for v in occlusion(IMAGES, points, SEEDS))
    for x, y in np.round(points[0, 2:]).astype(int):
        assert masks[:, y, x].all()
    for x, y in np.round(points[0, :2]).astype(int):
        assert not masks[:, y, x].any()


def test_a_chart_s_pixel_is_where_the_chart_has_that_angle_and_level():
    size, points = 64, template_points(64)[None] + np.array([[[0, 0], [0, 0], [3, 1], [1, 0], [1, 0]]], np.float32)
    face = FaceCoordinates.of(tf.constant(points, tf.float32), size)
    for angle, level in ((0.0, 0.3), (-0.6, 1.0), (0.5, 1.6)):
        x, y = np.round(face.pixel(angle, tf.constant(level)).numpy()[0]).astype(int)
        assert face.angle.numpy()[0, y, x] == pytest.approx(angle, abs=0.08)
        assert (face.level + 0 * face.u).numpy()[0, y, x] == pytest.approx(level, abs=0.08)


def test_turned_heads_get_the_pictures_for_turned_heads(tmp_path):
    path = folder(tmp_path / "t", ("a", "a_left", "a_right"))
    for name, colour in (("a_left", (0, 255, 0, 255)), ("a_right", (0, 0, 255, 255))):
        template(colour).save(path / f"{name}.png")
    occlusion = MaskTemplates(path)
    assert occlusion.names == ("a",)
    size = IMAGES.shape[1]
    for shift, channel in ((-0.2, 1), (0.0, 0), (0.2, 2)):
        points = template_points(size)[None].copy()
        points[:, 2, 0] += shift * 0.27 * size
        colour, alpha = occlusion.layer(tf.constant(IMAGES[:1]), tf.constant(points), tf.constant([[0, 1]]))
        seen = colour.numpy()[alpha.numpy()[..., 0] > 0.9]
        assert seen.mean(0).argmax() == channel


def test_a_zip_is_read_like_a_folder(tmp_path):
    path = folder(tmp_path / "t")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(path / "red.png", "some/red.png")
    (tmp_path / "t.json").write_text((path / "anchors.json").read_text())
    ours, theirs = (MaskTemplates(p)(IMAGES, LANDMARKS, SEEDS)[0].numpy() for p in (path, tmp_path / "t.zip"))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.shared
@pytest.mark.skipif(not KIT.exists(), reason="needs the face data kit")
def test_the_templates_of_masktheface_fit():
    occlusion = MaskTemplates(KIT)
    assert len(occlusion.names) == 6
    _, masks = occlusion(IMAGES, LANDMARKS, SEEDS)
    assert (masks.numpy().mean((1, 2, 3)) > 0.05).all()


def no_opacity(path):
    template().convert("RGB").save(path / "red.png")


def no_anchors(path):
    (path / "anchors.json").write_text("{}")


def no_json(path):
    (path / "anchors.json").unlink()


def no_picture(path):
    (path / "red.png").unlink()


def cut_short(path):
    (path / "red.png").write_bytes((path / "red.png").read_bytes()[:60])


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (no_opacity, "must have opacity"),
        (no_anchors, "six points"),
        (no_json, "`anchors` must be a JSON file"),
        (no_picture, "at least one PNG"),
        (cut_short, "cannot be read"),
    ],
)
def test_bad_templates_are_said_in_a_sentence(spoil, word, tmp_path):
    path = folder(tmp_path / "t")
    spoil(path)
    with pytest.raises(InputError, match=word):
        MaskTemplates(path)


def test_names_and_folders_that_do_not_exist_are_refused(tmp_path):
    with pytest.raises(InputError, match="`names` must be some of red"):
        MaskTemplates(folder(tmp_path / "t"), names=("blue",))
    with pytest.raises(InputError, match="`folder` must be a folder or a zip"):
        MaskTemplates(tmp_path / "nowhere")


@pytest.mark.parametrize("name", NAMED)
def test_the_nine_masks_of_can_dfe_can_be_asked_for(name):
    occluded, masks = FaceMask.named(name)(IMAGES[:2], LANDMARKS[:2], SEEDS[:2])
    assert masks.numpy().any((1, 2, 3)).all()
    assert np.isfinite(occluded).all()


def test_a_mask_s_colour_can_be_given():
    seeds = np.array([(1, k) for k in range(30)])
    images, points = np.repeat(IMAGES[:1], 30, 0), np.repeat(LANDMARKS[:1], 30, 0)
    arguments = {"styles": ("surgical",), "patterns": False, "straps": 0.0, "shadow": 0.0}
    red = FaceMask(colour=(0.9, 0.1, 0.1), **arguments)
    occluded, masks = (v.numpy() for v in red(images, points, seeds))
    means = np.array([o[m[..., 0] > 0].mean(0) for o, m in zip(occluded, masks, strict=True)])
    assert (means[:, 0] > means[:, 1:].max(1) + 0.2).mean() > 0.9


@pytest.mark.parametrize("arguments", [{"colour": (1, 2, 3)}, {"colour": (0.5,)}, {"bands": 2.0}])
def test_impossible_masks_are_refused(arguments):
    with pytest.raises(InputError, match=r"must .* Received: "):
        FaceMask(**arguments)
    with pytest.raises(InputError, match="`name` must be one of cloth_dark_grey"):
        FaceMask.named("paper bag")
