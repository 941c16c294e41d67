"""Things lie where people wear or hold them, in the photo's light, and their kinds are told."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.faces_for_tests import synthetic_faces
from tfinpaint.data import occlusions
from tfinpaint.data.occlusions import Choice, LowerFaceRectangle, Objects
from tfinpaint.data.occlusions.drawings import KINDS, SIDE, drawn
from tfinpaint.data.occlusions.draws import Draws
from tfinpaint.data.occlusions.object_files import load_templates, visible_box
from tfinpaint.data.occlusions.objects import HELD_OUT
from tfinpaint.data.occlusions.photo_match import colours_at, noise_and_softness
from tfinpaint.data.occlusions.placement import ELSE, PLACES, _taper, _to_border, anywhere, semantic
from tfinpaint.errors import ImageFileError, InputError
from tfinpaint.framing import template_points

SIZE, N = 64, 24
FACES, LANDMARKS = synthetic_faces(N, SIZE, seed=5)
IMAGES = FACES.astype(np.float32) / 127.5 - 1
GREY = np.zeros_like(IMAGES)


def seeds(first=0, n=N):
    return tf.constant([(first, k) for k in range(n)], tf.int64)


def layer(images=IMAGES, landmarks=LANDMARKS, first=0, **arguments):
    """Colour `(n, size, size, 3)` and opacity `(n, size, size)`; sample k has the seed (first, k)."""
    points = tf.constant(np.float32(landmarks))  # one call each: drawing costs less than compiling
    colour, alpha = Objects(**arguments).layer(tf.constant(images), points, seeds(first, len(images)))
    return colour.numpy(), alpha.numpy()[..., 0]


def at(alphas, points):
    x, y = np.round(points).astype(int).T
    return alphas[np.arange(len(alphas)), y, x]


def turned(shift, narrow=1.0):
    """The template's points with the nose moved sideways and the eyes closer together."""
    points = template_points(SIZE)
    points[2, 0] += shift * 0.27 * SIZE
    points[:2, 0] = points[:2, 0].mean() + narrow * (points[:2, 0] - points[:2, 0].mean())
    return np.repeat(points[None], N, 0)


@pytest.mark.parametrize("kind", ["sunglasses", "goggles", "sleep_mask"])
def test_what_is_worn_over_the_eyes_hides_both_and_no_mouth(kind):
    alpha = layer(kinds=(kind,))[1]
    for point in (0, 1):
        assert at(alpha, LANDMARKS[:, point]).min() > 0.5
    assert not at(alpha, LANDMARKS[:, 3:].mean(1)).any()
    assert alpha[:, 0].max() == alpha[:, -1].max() == 0


def test_an_eye_patch_hides_one_eye():
    alpha = layer(kinds=("eye_patch",))[1]
    hidden = np.stack([at(alpha, LANDMARKS[:, point]) > 0.9 for point in (0, 1)])
    assert (hidden.sum(0) == 1).all()
    assert hidden.any(1).all()  # now the one, now the other


def test_clear_glasses_hide_their_frame_and_little_of_the_eyes():
    alpha = layer(kinds=("eyeglasses",), shadow=0.0)[1]
    eyes = np.stack([at(alpha, LANDMARKS[:, point]) for point in (0, 1)])
    assert eyes.mean() < 0.15
    assert (alpha > 0).mean() < 0.12
    assert alpha.max((1, 2)).min() > 0.4


def test_a_face_shield_lets_the_face_through():
    alpha = layer(kinds=("face_shield",))[1]
    inside = at(alpha, LANDMARKS[:, 2])
    assert inside.min() > 0
    assert inside.mean() < 0.4


def test_scarves_hide_mouth_and_lower_edge_and_leave_the_eyes():
    alpha = layer(kinds=("scarf",))[1]
    assert at(alpha, LANDMARKS[:, 3:].mean(1)).min() > 0.9
    assert alpha[:, -1].max(1).min() > 0.9
    assert max(at(alpha, LANDMARKS[:, point]).max() for point in (0, 1)) == 0


def test_caps_hide_the_brow_and_no_mouth():
    alpha = layer(kinds=("cap",))[1]
    brow = LANDMARKS[:, :2].mean(1) - 0.9 * (LANDMARKS[:, 3:].mean(1) - LANDMARKS[:, :2].mean(1))
    assert at(alpha, brow).min() > 0.9
    assert not at(alpha, LANDMARKS[:, 3:].mean(1)).any()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if PLACES[kind].border == "lower"])
def test_no_arm_ends_inside_the_picture(kind):
    alpha = layer(kinds=(kind,), shadow=0.0)[1]
    border = np.maximum.reduce([alpha[:, -1].max(1), alpha[:, :, 0].max(1), alpha[:, :, -1].max(1)])
    assert border.min() > 0.5


@settings(max_examples=12, deadline=None)
@given(scale=st.floats(0.15, 1.2), turn=st.floats(-0.8, 0.8), x=st.floats(-0.3, 0.3), y=st.floats(-0.3, 0.3))
def test_an_arm_reaches_the_border_from_wherever_the_face_is(scale, turn, x, y):
    centre = np.array([SIZE / 2, SIZE / 2])
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (template_points(SIZE) - centre) @ rotation.T + centre + np.array([x, y]) * SIZE
    landmarks = tf.constant(np.repeat(points[None], N, 0), tf.float32)
    kind, draw = tf.zeros(N, tf.int32), Draws(seeds(1))
    matrices = semantic(draw, [PLACES["hand"]], kind, landmarks, SIZE, SIDE)[0].numpy()
    ends = matrices @ np.array([[SIDE * 0.4, SIDE - 2, 1], [SIDE * 0.6, SIDE - 2, 1]]).T  # both sides of the arm
    ends = ends[:, :2] / ends[:, 2:]
    outside = (ends < 0) | (ends > SIZE - 1)
    assert outside.any(1).all()


def test_locks_come_from_the_upper_border():
    assert layer(kinds=("hair_strand",), shadow=0.0)[1][:, 0].max(1).min() > 0.3


def test_glasses_follow_a_tilted_head():
    """Landmarks turned by 90 degrees turn the thing with them."""
    centre = (SIZE - 1) / 2
    points = template_points(SIZE) - centre
    upright = np.repeat(points[None] + centre, N, 0)
    sideways = np.repeat(points[None] @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + centre, N, 0)
    first, second = (layer(GREY, p, kinds=("sunglasses",), shadow=0.0)[1] for p in (upright, sideways))
    back = np.rot90(second, 1, (1, 2))
    assert np.abs(first - back).mean() < 0.01 < first.mean()


def test_glasses_are_narrower_on_a_turned_head_smaller_afar_and_shift_to_where_it_looks():
    def lens_edges(landmarks):
        """Where the outer ends of the lenses and the bridge are seen, x from left to right, and the ends' heights."""
        things = [PLACES["sunglasses"]], tf.zeros(N, tf.int32), tf.constant(landmarks)
        matrices = semantic(Draws(seeds(3)), *things, SIZE, SIDE)[0].numpy()
        x, y = np.array([0.1, 0.5, 0.9, 0.1, 0.1, 0.9, 0.9]) * SIDE, np.array([5, 5, 5, 4, 6, 4, 6]) * SIDE / 10
        seen = matrices @ np.stack([x, y, np.ones(7)])
        seen = seen[:, :2] / seen[:, 2:]
        heights = np.stack([seen[:, 1, 4] - seen[:, 1, 3], seen[:, 1, 6] - seen[:, 1, 5]], 1)
        order = seen[:, 0, 0] < seen[:, 0, 2]  # half of them are mirrored
        return np.sort(seen[:, 0, :3], 1), np.where(order[:, None], heights, heights[:, ::-1])

    frontal, same = lens_edges(turned(0.0))
    right, heights = lens_edges(turned(0.25, 0.75))
    left, others = lens_edges(turned(-0.25, 0.75))
    np.testing.assert_allclose(np.ptp(right, 1) / np.ptp(frontal, 1), 0.77, atol=0.05)
    np.testing.assert_allclose(same[:, 0], same[:, 1], rtol=1e-3)
    assert (heights[:, 1] < 0.95 * heights[:, 0]).all()
    assert (others[:, 0] < 0.95 * others[:, 1]).all()
    assert (right[:, 1] > frontal[:, 1] + 0.5).all()
    assert (left[:, 1] < frontal[:, 1] - 0.5).all()


def test_a_homography_tapers_and_keeps_its_anchor():
    matrix = _taper(tf.constant([0.002]), (tf.constant([80.0]), tf.constant([40.0]))).numpy()[0]
    point = matrix @ (80, 40, 1)
    np.testing.assert_allclose(point[:2] / point[2], (80, 40), rtol=1e-6)
    far = matrix @ (130, 60, 1)  # 50 to the right: shrunk by 1 + 50 * 0.002 about the anchor
    np.testing.assert_allclose(far[:2] / far[2], (80 + 50 / 1.1, 40 + 20 / 1.1), rtol=1e-6)


def test_the_way_to_the_border_is_measured_along_the_way():
    points = tf.constant([[10.0, 20.0]] * 4 + [[10.0, 140.0]])
    ways = tf.constant([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    np.testing.assert_allclose(_to_border(points, ways, 128), [108, 118, 11, 135, 0], rtol=1e-6)


@pytest.mark.parametrize("size", [64, 128])
def test_anywhere_is_the_papers_rule(size):
    n, box = 3000, (70.0, 50.0, 120.0)
    matrices, centres = anywhere(Draws(seeds(2, n)), tf.constant([box] * n), size)
    matrices, centres = matrices.numpy(), (centres.numpy() + 0.5) * 128 / size - 0.5
    middle = matrices @ (70, 50, 1)
    np.testing.assert_allclose((middle[:, :2] + 0.5) * 128 / size - 0.5, centres, atol=1e-3)
    assert centres.min() >= 30 and centres.max() <= 97
    assert centres.mean() == pytest.approx(63.5, abs=1.0)
    longer = np.sqrt(np.abs(np.linalg.det(matrices[:, :2, :2]))) * 120 * 128 / size
    assert longer.min() >= 83.99 and longer.max() <= 148.01
    assert longer.mean() == pytest.approx(116, abs=1.5)
    turns = np.arctan2(matrices[:, 1, 1], matrices[:, 0, 1])
    assert abs(np.exp(1j * turns).mean()) < 0.05  # no way is favoured


def test_a_ball_laid_anywhere_is_as_large_as_the_rule_says():
    alpha = layer(kinds=("ball",), placement="anywhere", shadow=0.0)[1]
    radius = SIZE / 128 * np.array([84, 148]) / 2
    rows = (alpha > 0.5).sum(2).max(1)
    assert rows.min() > 0.6 * radius[0]
    assert rows.max() <= 2 * radius[1] + 1


def test_a_sample_gets_the_kind_that_is_told():
    things = Objects(kinds=("hand", "sunglasses"), shadow=0.0)
    kinds = things.kind_of(seeds(4, 40)).numpy()
    landmarks, images = np.repeat(template_points(SIZE)[None], 40, 0), np.zeros((40, SIZE, SIZE, 3), np.float32)
    alpha = things.layer(images, landmarks, seeds(4, 40))[1].numpy()[..., 0]
    border = np.maximum.reduce([alpha[:, -1].max(1), alpha[:, :, 0].max(1), alpha[:, :, -1].max(1)]) > 0.5
    np.testing.assert_array_equal(border, kinds == 0)
    assert 10 < kinds.sum() < 30


def test_all_kinds_are_drawn_equally_often():
    counts = np.bincount(Objects().kind_of(seeds(0, 4800)).numpy(), minlength=len(KINDS))
    assert counts.min() > 140 and counts.max() < 265


def test_a_choice_tells_the_kinds_of_its_objects():
    choice = Choice([LowerFaceRectangle(), Objects(kinds=("bar", "cup"))])
    assert choice.kinds == ("lower_face_rectangle", "bar", "cup")
    assert set(choice.kind_of(seeds(0, 60)).numpy()) == {0, 1, 2}


def test_held_out_kinds_are_never_drawn_and_make_the_other_set():
    training, test = occlusions.get("seen_objects"), occlusions.get("held_out_objects")
    assert (training.kinds, test.kinds) == (Objects(held_out=HELD_OUT).kinds, HELD_OUT)
    assert set(HELD_OUT) < set(KINDS)
    assert not set(training.kinds) & set(test.kinds)
    assert set(training.kinds) | set(test.kinds) == set(KINDS)


def test_things_in_dark_photos_are_dark():
    for kind in ("cup", "hand"):
        bright, alpha = layer(kinds=(kind,), shadow=0.0)
        dark = layer((IMAGES + 1) * 0.3 - 1, kinds=(kind,), shadow=0.0)[0]
        assert ((bright - dark).mean(-1) * alpha).sum((1, 2)).min() > 0


def test_most_hands_have_the_photos_skin():
    skin = np.array([0.2, 0.5, 0.35], np.float32)  # nobody's, so that it is seen
    colour, alpha = layer(GREY + 2 * skin - 1, kinds=("hand",), shadow=0.0)
    mean = ((colour + 1) / 2 * alpha[..., None]).sum((1, 2)) / alpha.sum((1, 2))[:, None]
    near = np.abs(mean / mean.sum(1, keepdims=True) - skin / skin.sum()).max(1) < 0.06
    assert 0.5 < near.mean()


def test_colours_are_taken_where_the_points_are():
    images = np.full((1, SIZE, SIZE, 3), -1, np.float32)
    images[0, 16:32, 40:56] = (1, 0, -1)
    points = tf.constant([[[48.0, 24.0], [10.0, 24.0], [900.0, -50.0]]])
    np.testing.assert_allclose(colours_at(images, points)[0], [(1, 0.5, 0), (0, 0, 0), (0, 0, 0)], atol=1e-6)


def test_noise_and_softness_are_those_of_the_photo():
    rng = np.random.default_rng(0)
    plain = rng.uniform(-0.5, 0.5, (6, 1, 1, 3)).astype(np.float32) + np.zeros((6, 128, 128, 3), np.float32)
    noise = rng.normal(0, 2 * 0.03, (6, 128, 128, 1)).astype(np.float32)
    assert noise_and_softness(tf.constant(plain))[0].numpy().max() < 1e-6
    np.testing.assert_allclose(noise_and_softness(tf.constant(plain + noise))[0], 0.03, rtol=0.2)
    checks = np.float32(np.indices((128, 128)).sum(0) // 6 % 2)[None, ..., None] * np.ones((1, 1, 1, 3), np.float32)
    blurred = tf.nn.avg_pool2d(tf.nn.avg_pool2d(checks, 3, 1, "SAME"), 3, 1, "SAME")
    assert noise_and_softness(blurred)[1] > noise_and_softness(tf.constant(checks))[1]


def test_things_in_noisy_photos_are_noisy():
    rng = np.random.default_rng(1)
    flat = np.zeros((N, 128, 128, 3), np.float32)
    noisy = flat + rng.normal(0, 0.1, (N, 128, 128, 1)).astype(np.float32)
    points = np.repeat(template_points(128)[None], N, 0)
    rough = []
    for images in (flat, noisy):
        colour, alpha = layer(images, points, kinds=("fruit",), shadow=0.0)
        inner = (alpha[:, 1:] == 1) & (alpha[:, :-1] == 1)
        rough.append(np.abs(np.diff(colour.mean(-1), axis=1))[inner].mean())
    assert rough[1] > rough[0] + 0.02


def test_a_shadow_surrounds_things_and_none_surrounds_a_bar():
    bare, shaded = (layer(GREY, LANDMARKS, kinds=("cup",), shadow=depth)[1] for depth in (0.0, 0.6))
    assert not ((bare > 0) & (shaded == 0)).any()
    extra = ((shaded > 0) & (bare == 0)).sum() / (bare > 0).sum()
    assert 0.02 < extra < 0.5
    assert shaded[(shaded > 0) & (bare == 0)].max() <= 0.6
    bars = [layer(GREY, LANDMARKS, kinds=("bar",), shadow=depth)[1] for depth in (0.0, 0.6)]
    np.testing.assert_array_equal(*bars)


def test_sprites_first_drawn_inside_one_graph_serve_another():
    things = Objects(kinds=("plaster", "bar", "fruit"))  # in an order that no other test has asked for
    for _ in range(2):
        count = tf.function(lambda: 1 * things._sprites()[2])()
        np.testing.assert_array_equal(count, [len(drawn(kind)) for kind in things.kinds])
    assert things._sprites()[0] is Objects(kinds=things.kinds)._sprites()[0]  # one set for all


@pytest.mark.parametrize(
    "arguments",
    [
        {"kinds": ("hat",)},
        {"kinds": "hand"},
        {"kinds": ()},
        {"held_out": ("hat",)},
        {"placement": "there"},
        {"shadow": 1.5},
        {"folder": "no such folder"},
    ],
    ids=str,
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(InputError, match=rf"`{next(iter(arguments))}` must .* Received: "):
        Objects(**arguments)


def test_holding_out_all_is_refused():
    with pytest.raises(InputError, match="`kinds` must leave a kind that is not held out"):
        Objects(kinds=("cup",), held_out=("cup",))


def _save(path, size=(60, 30), colour=(200, 30, 30, 255), box=(10, 5, 50, 25)):
    picture = Image.new("RGBA", size, (0, 255, 0, 0))
    picture.paste(colour, box)
    picture.save(path)


@pytest.fixture
def folder(tmp_path):
    for name in ("mug-1.png", "mug-2.PNG", "sunglasses_03.png", "zebra.png"):
        _save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_a_folder_gives_its_pictures_by_kind(folder):
    templates = load_templates(folder)
    assert {kind: len(pictures) for kind, pictures in templates.items()} == {"mug": 2, "sunglasses": 1, "zebra": 1}
    for pictures in templates.values():
        for picture in pictures:
            left, top, right, bottom = visible_box(picture[..., 3])
            assert (right - left) / (bottom - top) == pytest.approx(2, rel=0.05)  # proportions are kept
            solid = picture[picture[..., 3] == 255]
            np.testing.assert_allclose(solid[:, :3].mean(0), (200, 30, 30), atol=2)  # no green comes through
    left, top, right, bottom = visible_box(drawn("sunglasses")[..., 3].max(0))
    inside = visible_box(templates["sunglasses"][0, ..., 3])
    assert left <= inside[0] and top <= inside[1] and inside[2] <= right and inside[3] <= bottom


def test_a_folders_pictures_are_laid_in_place_of_the_drawings(folder):
    things = Objects(folder=folder, shadow=0.0)
    assert things.kinds == ("mug", "sunglasses", "zebra")
    colour, alpha = (v.numpy() for v in things.layer(GREY, LANDMARKS, seeds()))
    solid = colour[alpha[..., 0] > 0.99]
    assert len(solid) > 100
    assert (solid[:, 0] > solid[:, 1:].max(1)).mean() > 0.98  # still red
    glasses = Objects(folder=folder, kinds=("sunglasses",), shadow=0.0)
    alpha = glasses.layer(GREY, LANDMARKS, seeds())[1].numpy()[..., 0]
    assert at(alpha, LANDMARKS[:, :2].mean(1)).min() > 0.9  # between the eyes
    assert glasses._places == [dataclasses.replace(PLACES["sunglasses"], hue=0.0)]
    assert Objects(folder=folder, held_out=("mug", "sunglasses"))._places == [ELSE]


def test_a_folder_is_laid_anywhere_when_told(folder):
    alpha = Objects(folder=folder, placement="anywhere").layer(GREY, LANDMARKS, seeds())[1].numpy()
    assert alpha.any((1, 2, 3)).all()


def test_a_palette_with_a_transparent_colour_has_opacity(tmp_path):
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([0, 0, 0, 250, 200, 0] + [0] * 762)
    picture.paste(1, (5, 5, 15, 15))
    picture.save(tmp_path / "chip.png", transparency=0)
    picture = load_templates(tmp_path)["chip"][0]
    np.testing.assert_allclose(picture[picture[..., 3] == 255][:, :3].mean(0), (250, 200, 0), atol=2)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="`folder` must hold PNG files with opacity. Received: .* with none"):
        Objects(folder=tmp_path)


def test_pictures_without_opacity_or_anything_visible_are_refused(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"must have opacity \(RGBA\). Received: a.png of mode RGB"):
        Objects(folder=tmp_path)
    Image.new("RGBA", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="must show something. Received: a.png, wholly transparent"):
        Objects(folder=tmp_path)


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_damaged_file_is_named(tmp_path, keep):
    _save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[:keep])
    with pytest.raises(ImageFileError, match="The picture a.png in `folder` cannot be decoded"):
        Objects(folder=tmp_path)
