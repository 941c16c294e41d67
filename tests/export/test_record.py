"""What was measured of exported files: of the published weights, within their bounds, and as the pages say."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import export
from benchmarks.export import PUBLISHED, RESULTS, ROOT, ROWS, beyond, measured_faces, short_table, table
from benchmarks.restore import PHOTOS, RECORD
from tests.test_zoo import _between_marks
from tfinpaint import zoo
from tfinpaint.engine import Contract
from tfinpaint.export.quantize import BOUNDS
from tfinpaint.export.trial import draw_trial

ANEW = "measure it on the kit's held-out faces (--losses leaves the times): python -m benchmarks.export --data val.zip"
PAGES = {"docs/export.md": table, "README.md": short_table}


@pytest.fixture(scope="module")
def results():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def restoring():
    return json.loads(RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_losses_are_of_the_published_weights_on_200_real_faces_and_within_their_bounds(results, name):
    entry, record = results["presets"].get(name), zoo.preset(name)
    sensitive = zoo.class_of(zoo.MODELS[record.model].cls).sensitive
    assert entry, f"{RESULTS.name} knows no {name}; {ANEW} {name}"
    assert entry["weights"] == record.sha256, f"{RESULTS.name} is of weights of {name} before these; {ANEW} {name}"
    assert entry["sensitive"] == sensitive, f"{RESULTS.name} is of other files of {name} than are made; {ANEW} {name}"
    assert (entry["faces"], entry["count"]) == ("val.zip", 200), f"{RESULTS.name} is of other faces; {ANEW} {name}"
    assert list(entry["rows"]) == list(ROWS)
    for kind, (mean, worst) in {"none": (1e-3, 0.01), **BOUNDS}.items():
        lost = entry["rows"][f"TFLite, `{kind}`"]
        assert lost["mean_db"] <= mean and lost["worst_db"] <= worst, f"{kind}: {lost['mean_db']}, {lost['worst_db']}"


def test_a_face_of_fmodr_takes_less_than_twelve_milliseconds_where_it_is_fast(results):
    assert results["presets"]["fmodr_128"]["rows"]["TFLite, `fast`"]["threads_1"]["processor_ms"] < 12


def test_memory_is_that_of_what_runs_a_file_alone(results):
    for name, entry in results["presets"].items():
        peaks = {row: numbers["threads_1"]["peak_mb"] for row, numbers in entry["rows"].items()}
        for row in (row for row, how in ROWS.items() if how and how[0] != "saved_model"):
            assert 3 * peaks[row] < peaks["Keras, `predict_on_batch`"], f"{name}, {row}: {peaks[row]} MB"


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_a_page_is_that_of_the_record(results, page):
    assert set(results["presets"]) == set(PUBLISHED), f"{RESULTS.name} is of other presets; {ANEW}"
    assert _between_marks(ROOT / page, "export") == PAGES[page](results).strip()


def test_bounds_are_those_of_the_docs():
    page = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    for kind, (mean, worst) in BOUNDS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{kind}` |")]
        assert row.endswith(f"| {mean:g} and {worst:g} dB |")


def test_the_command_says_which_files_lose_more_than_they_may():
    rows = {row: {"mean_db": 0.0, "worst_db": 0.0} for row in ROWS}
    assert beyond({"rows": rows}) == []
    rows["TFLite, `fast`"] = {"mean_db": 0.0, "worst_db": 0.51}
    rows["TFLite, `float16`"] = {"mean_db": 0.03, "worst_db": 0.03}
    assert beyond({"rows": rows}) == ["TFLite, `float16`", "TFLite, `fast`"]


def test_losses_are_measured_on_faces_that_calibrate_nothing(monkeypatch):
    model = SimpleNamespace(image_size=64, contract=Contract(occlusion="rectangle"))
    monkeypatch.setattr(export, "FACES", 4)
    measured, calibrating = measured_faces(model, None), draw_trial(model, count=8).take(slice(None, None, 2))
    assert len(measured) == 4
    assert not [m for m in measured.hidden for c in calibrating.hidden if np.array_equal(m, c)]


def test_losses_alone_leave_the_times_and_presets_that_are_no_more_go(results, monkeypatch, tmp_path):
    name, gone, record = PUBLISHED[0], "gone_64", tmp_path / "export.json"
    before = results["presets"][name]
    record.write_text(json.dumps({**results, "presets": {gone: before, **results["presets"]}}))
    renewed = {**before, "count": 3, "rows": {"TFLite, `fast`": {"kib": 1, "mean_db": 0.2, "worst_db": 0.3}}}
    (tmp_path / "docs").mkdir()
    for page in PAGES:
        (tmp_path / page).write_text("<!-- export: begin -->\n<!-- export: end -->\n")
    monkeypatch.setattr(export, "RESULTS", record)
    monkeypatch.setattr(export, "ROOT", tmp_path)
    monkeypatch.setattr(export, "rows", lambda preset, data, timed: renewed)
    assert export.main([name, "--losses"]) == 1  # `fast` may lose 0.1
    after = json.loads(record.read_text())
    assert gone not in after["presets"] and after["presets"][name]["count"] == 3
    fast = after["presets"][name]["rows"]["TFLite, `fast`"]
    assert fast == {**before["rows"]["TFLite, `fast`"], "kib": 1, "mean_db": 0.2, "worst_db": 0.3}
    assert "0.200 and 0.300 dB" in (tmp_path / "README.md").read_text()


def test_a_cold_restore_takes_less_than_seven_tenths_of_a_second_as_the_page_says(restoring):
    cold = {engine: times["median_s"] for engine, times in restoring["cold"].items()}
    assert cold["lite"] < 0.7 < cold["keras"]
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    said = f"takes {cold['lite']:.2f} s that way (`--model fmodr`) and {cold['keras']:.1f} s with Keras"
    assert said in " ".join(page.split())


def test_a_folder_of_fifty_photos_takes_no_longer_than_with_keras(restoring):
    folder = restoring.get("folder")
    assert folder, f"{RECORD.name} has no folder; measure it: python -m benchmarks.restore --folder"
    assert folder["photos"] == PHOTOS == 50 and len(folder["lite_over_keras"]) >= 3
    assert folder["ratio"] <= 1
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert f"a folder of 50 photos {folder['ratio']:.2f} of Keras's time" in " ".join(page.split())
