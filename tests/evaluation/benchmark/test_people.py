"""Recognition inside the benchmark: who is hidden in which condition, against a loop."""

import numpy as np
import pytest

from tests.evaluation.benchmark.data import SIDE, judges, make_protocol, write_faces, write_people
from tfinpaint.data import load_faces, occlusions
from tfinpaint.evaluation import protocols
from tfinpaint.evaluation.benchmark.drawing import drawn_faces
from tfinpaint.evaluation.benchmark.measure import BASELINES
from tfinpaint.evaluation.benchmark.parts import Parts
from tfinpaint.evaluation.benchmark.people import People, score_people

pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """People, embeddings of the clean and the hidden faces, the records, and all that was compared on the way."""
    folder = tmp_path_factory.mktemp("data")
    write_faces(folder)
    write_people(folder)
    protocol = make_protocol(folder)
    faces = load_faces(folder / "people", size=SIDE)
    pairs = protocols.read_pairs(folder / "pairs.txt")
    people = People(faces, pairs, {name: i for i, name in enumerate(faces.names)})
    fixed = {"seed": protocol.seed, "batch_size": protocol.batch, "batches": 9}
    drawn = drawn_faces(faces, occlusions.get(protocol.kinds[0]), **fixed)
    seen = [judges().likeness(x, faces.landmarks) for x in (drawn.clean, drawn.occluded)]
    compared, verify = [], protocols.verify
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocols, "verify", lambda *a, **k: (compared.append(a[:2]), verify(*a, **k))[1])
        records = score_people(protocol, "few", people, BASELINES, judges(), Parts(None, ""), lambda count: None)
    return people, seen, records, compared


@pytest.mark.parametrize("hidden", ["second", "both"])
def test_one_picture_is_hidden_or_both(scored, hidden):
    people, (clean, occluded), records, compared = scored
    rows = np.array([people.row[name] for name in people.pairs.names])
    first, second = rows[people.pairs.first], rows[people.pairs.second]
    record = records[hidden == "both"]
    assert record["hidden"] == hidden and record["pairs"] == len(people.pairs)
    assert list(record["conditions"]) == ["clean", "occluded", "telea"]
    ours = compared[3:] if hidden == "both" else compared[:3]
    for condition, one, other in (
        (0, clean[first], clean[second]),
        (1, (occluded if hidden == "both" else clean)[first], occluded[second]),
    ):
        np.testing.assert_allclose(ours[condition][0], one, atol=1e-6)
        np.testing.assert_allclose(ours[condition][1], other, atol=1e-6)


def test_the_pairs_pictures_differ_from_their_hidden_ones(scored):
    _, (clean, occluded), _, _ = scored
    assert np.abs(clean - occluded).max(1).min() > 0.01
