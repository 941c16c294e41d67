import math

import numpy as np
import pytest

from tests.evaluation.stand_ins import Faces, MeanColour, Square, WhiteFinder
from tfinpaint.evaluation import evaluate, examples, psnr, ssim

pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def faces():
    return Faces(5)


def _hole(size=48):
    hole = np.zeros((1, size, size, 1), bool)
    hole[:, size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] = True
    return hole


def test_every_method_is_scored_over_the_hole_and_the_valid_part_of_the_image(faces):
    scores = evaluate(WhiteFinder(), faces, Square(), batch_size=2)
    clean = faces.images / 255.0
    for method, value in (("occluded", 1.0), ("model", 128 / 255)):
        restored = np.where(_hole(), value, clean)
        summary = scores["methods"][method]
        for name, expected in {
            "hole_psnr": psnr(restored, clean, np.repeat(_hole(), 5, 0)),
            "hole_ssim": ssim(restored, clean, np.repeat(_hole(), 5, 0)),
            "psnr": psnr(restored, clean, faces.valid),
            "ssim": ssim(restored, clean, faces.valid),
        }.items():
            assert summary[name]["mean"] == pytest.approx(expected.mean(), rel=1e-6)
            assert summary[name]["n"] == 5
    assert scores["methods"]["model"]["mask_iou"]["mean"] == 1
    assert "mask_iou" not in scores["methods"]["telea"]
    assert scores["faces"] == 5 and scores["side"] == 48


def test_a_perfect_model_is_counted_as_identical_not_as_infinite(faces):
    scores = evaluate(WhiteFinder(faces.images), faces, Square(), batch_size=2)
    assert scores["methods"]["model"]["hole_psnr"] == {"n": 0, "identical": 5}
    assert scores["methods"]["model"]["hole_ssim"]["mean"] == pytest.approx(1)
    assert scores["gains"]["over_telea"]["hole_ssim"]["better"] == 1


def test_a_model_that_does_nothing_gains_nothing(faces):
    class Nothing(WhiteFinder):
        def restore(self, images):
            return super().restore(images)._replace(images=images)

    scores = evaluate(Nothing(), faces, Square(), judge=MeanColour())
    for gain in scores["gains"]["over_occluded"].values():
        assert (gain["mean"], gain["low"], gain["high"], gain["better"]) == (0, 0, 0, 0)
    assert scores["gains"]["over_telea"]["hole_psnr"]["mean"] < 0


def test_a_gain_is_positive_where_the_model_is_nearer_to_the_clean_face(faces):
    scores = evaluate(WhiteFinder(), faces, Square(), judge=MeanColour())
    gain = scores["gains"]["over_occluded"]["identity_distance"]
    methods = scores["methods"]
    difference = methods["occluded"]["identity_distance"]["mean"] - methods["model"]["identity_distance"]["mean"]
    assert gain["mean"] == pytest.approx(difference) and gain["mean"] > 0 and gain["better"] == 1
    clean, hidden = faces.images / 127.5 - 1, np.where(_hole(), 1.0, faces.images / 127.5 - 1)
    expected = np.linalg.norm((clean - hidden).mean((1, 2)), axis=-1)
    assert methods["occluded"]["identity_distance"]["mean"] == pytest.approx(expected.mean(), rel=1e-5)


def test_landmarks_that_moved_further_than_8_percent_are_counted(faces):
    class Landmarks:
        """Every point moves by the mean brightness of the picture."""

        def predict_on_batch(self, pictures):
            return np.repeat(pictures.mean((1, 2, 3))[:, None, None], 68, 1) * [1.0, 0.0]

    model = WhiteFinder()
    methods = evaluate(model, faces, Square(), landmarks=Landmarks())["methods"]
    clean, hidden = faces.images / 127.5 - 1, np.where(_hole(), 1.0, faces.images / 127.5 - 1)
    error = np.abs((clean - hidden).mean((1, 2, 3)))
    assert methods["occluded"]["landmark_error"]["mean"] == pytest.approx(error.mean(), rel=1e-5)
    assert methods["occluded"]["landmarks_near"]["of_all"] == (error <= 0.08).sum() == 0
    assert methods["model"]["landmarks_near"] == {"of_first_20": 5, "of_all": 5, "n": 5}


def test_progress_wraps_the_batches(faces):
    seen = []

    def progress(batches):
        for batch in batches:
            seen.append(len(batch[0]))
            yield batch

    evaluate(WhiteFinder(), faces, Square(), batch_size=2, progress=progress)
    assert seen == [2, 2, 1]


def test_scores_do_not_depend_on_the_batch_size(faces):
    one, all_of_them = (evaluate(WhiteFinder(), faces, Square(), batch_size=n) for n in (1, 5))
    assert one == all_of_them


def test_a_result_holds_only_numbers_that_json_knows(faces):
    def leaves(node):
        return [leaf for child in node.values() for leaf in leaves(child)] if isinstance(node, dict) else [node]

    values = leaves(evaluate(WhiteFinder(faces.images), faces, Square(), judge=MeanColour()))
    assert all(isinstance(v, (str, int, float)) for v in values)
    assert all(math.isfinite(v) for v in values if not isinstance(v, str))


def test_examples_show_the_faces_that_were_scored(faces):
    columns = examples(WhiteFinder(), faces, Square(), count=3)
    assert list(columns) == ["clean", "occluded", "found mask", "telea, true mask", "restored"]
    np.testing.assert_array_equal(columns["clean"], faces.images[:3])
    np.testing.assert_array_equal(columns["occluded"], np.where(_hole(), 255, faces.images[:3]))
    np.testing.assert_array_equal(columns["found mask"], np.where(_hole(), 255, 0) * np.ones((3, 1, 1, 3)))
    np.testing.assert_array_equal(columns["restored"], np.where(_hole(), 128, faces.images[:3]))


def test_the_coarse_picture_is_shown_where_a_model_gives_one(faces):
    class Coarse(WhiteFinder):
        def __call__(self, images):
            return {"coarse": np.zeros_like(images)}

    columns = examples(Coarse(), faces, Square(), count=2)
    assert list(columns)[-2:] == ["coarse", "restored"]
    assert (columns["coarse"] == 128).all()
