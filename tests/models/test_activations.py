"""No face drives the published FMODR's coarse network to many times what it is used to."""

import json

import numpy as np

from benchmarks.activations import BATCH, KIND, LAST, MOST, PRESET, RESULTS, Activations, summary, table
from benchmarks.mechanisms import without_limit
from tests.conftest import SHARED
from tests.models.tiny import batch, make
from tests.test_zoo import _between_marks
from tfinpaint import zoo
from tfinpaint.data import load_faces, occlusions
from tfinpaint.evaluation.benchmark.drawing import drawn_faces
from tfinpaint.export.trial import draw_trial


def times(largest):
    """The largest activation of the network, beside the median face's."""
    whole = largest.max(axis=1)
    return whole.max() / np.median(whole)


def test_what_convolutions_are_given_is_measured_face_by_face():
    model, pictures = make("fmodr"), np.rint((batch(3)["occluded"] + 1) * 127.5).astype(np.uint8)
    kernel, _ = (head := model.coarse_generator.get_layer("head")).get_weights()
    head.set_weights([kernel * 0, np.full(kernel.shape[-1], -7.0)])
    activations = Activations(model)
    found = dict(zip(activations.names, activations(pictures).T, strict=True))
    np.testing.assert_allclose(found[LAST], 7)  # its absolute value
    seen = model(pictures / np.float32(127.5) - 1)
    visible = (pictures / 127.5 - 1) * (1 - np.asarray(seen["mask"]))
    largest = [
        max(np.abs(face).max(), mask.max()) for face, mask in zip(visible, np.asarray(seen["mask"]), strict=True)
    ]
    np.testing.assert_allclose(found["encode_0_a"], largest, atol=1e-6)
    assert len(found) == 2 * (2 * len(model.get_config()["coarse_widths"]) - 1) + 2


def test_a_summary_names_the_widest_layer_and_its_face():
    said = summary(np.array([[9.0, 1], [10, 2], [30, 1], [10, 90]]), ["wide", "narrow"], ("a", "b", "c", "d"))
    network = said["network"]
    assert (network["median"], network["largest"], network["times"]) == (20, 90, 4.5)
    assert (network["worst"], network["layer"], said["worst layer"]) == ("d", "narrow", "narrow")
    assert (said["layers"]["wide"]["times"], said["layers"]["wide"]["worst"]) == (3, "c")


def test_a_thousand_faces_stay_within_ten_times_the_median_as_the_card_says():
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert _between_marks(zoo.folder("fmodr") / "README.md", "activations") == table(results).strip()
    assert results["weights"] == zoo.preset(PRESET).sha256 and results["faces"] == 1000
    published, without = (results["networks"][label]["network"] for label in ("published", "without the limit"))
    assert published["times"] < MOST < without["times"]


def test_the_largest_activation_of_faces_with_worn_masks_stays_within_ten_times_the_median():
    """The kit's worst face and 49 more, which show what the limit is for; else a portrait in many lights."""
    model, results = zoo.load(PRESET), json.loads(RESULTS.read_text(encoding="utf-8"))
    if not (path := SHARED / "data" / "faces" / "val.zip").is_file():
        hidden = draw_trial(model, count=12).hidden
        assert 1 <= times(Activations(model)(hidden)) < MOST
        return
    faces = load_faces(path, size=128)
    start = faces.names.index(results["networks"]["without the limit"]["network"]["worst"]) // BATCH
    hidden = drawn_faces(faces, occlusions.get(KIND), seed=results["seed"], batch_size=BATCH, start=start).occluded
    assert 1 <= times(Activations(model)(hidden)) < MOST
    without_limit(model)
    assert times(Activations(model)(hidden)) > MOST
