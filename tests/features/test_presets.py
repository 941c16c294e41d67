"""Feature networks that the zoo publishes: hash, record, card, and that a damaged file is never opened."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.identity import results_table
from tfinpaint import files
from tfinpaint.errors import WeightsError
from tfinpaint.evaluation.report import BEGIN, END
from tfinpaint.features import build_light_cnn, feature_network, weights

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "zoo" / "light_cnn"


@pytest.fixture(scope="module")
def record():
    if not (FOLDER / "config.json").exists():
        pytest.skip("no weights are published")
    return json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))["presets"]["light_cnn_compact"]


def test_the_record_tells_the_file_its_licences_and_its_training(record):
    path = weights.published("light_cnn", "light_cnn_compact")
    assert path == FOLDER / record["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert path.stat().st_size == record["bytes"] < 3e6
    assert {"code", "weights", "training sets", "teacher"} <= set(record["licence"])
    assert record["training"]["command"].startswith("tfinpaint train-identity")
    assert "lfw" not in json.dumps(record["training"]).lower()


def test_by_name_it_is_built_as_recorded_and_looks_at_faces(record):
    network = feature_network("light_cnn", "compact", dtype="float32")
    same = build_light_cnn(**record["arguments"])
    assert network.count_params() == same.count_params() == record["parameters"]
    found = np.asarray(network(np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype("float32")))
    assert found.shape == (2, record["arguments"]["dimension"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_the_card_s_table_is_that_of_the_results_of_the_published_file(record):
    results = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert card.partition(BEGIN)[2].partition(END)[0].strip() == results_table(results)
    assert results["files"][record["file"]] == record["sha256"]


@pytest.mark.parametrize("damage", ["changed", "gone", "no folder"])
def test_a_file_is_checked_before_it_is_opened(damage, record, tmp_path, monkeypatch):
    folder = tmp_path / "_zoo" / "light_cnn"
    shutil.copytree(FOLDER, folder)
    path = folder / record["file"]
    if damage == "changed":
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "gone":
        path.unlink()
    else:
        shutil.rmtree(folder)
    monkeypatch.setattr(files, "_PACKAGE", tmp_path)
    with pytest.raises(WeightsError, match="_zoo" if damage == "no folder" else record["sha256"]):
        build_light_cnn("compact")


@pytest.mark.shared
def test_two_photos_of_a_person_are_more_alike_than_those_of_two(shared, record):
    from tfinpaint.evaluation.protocols import load_pair_pictures
    from tfinpaint.evaluation.protocols.embedders import as_embedder

    faces = load_pair_pictures(shared / "lfw" / "lfw.zip")
    embedder = as_embedder(feature_network("light_cnn", "compact", dtype="float32"), size=128)
    chosen = np.r_[0:60, 300:360]  # the first pairs of one person, and of two
    first, second = (np.asarray(of)[chosen] for of in (faces.pairs.first, faces.pairs.second))
    embed = [embedder(faces.pictures(some), faces.landmarks[some]) for some in (first, second)]
    scores, same = (embed[0] * embed[1]).sum(1), np.asarray(faces.pairs.same)[chosen]
    assert max(((scores > t) == same).mean() for t in np.sort(scores)) > 0.9
