"""The zoo: names, records, hashes, cards, ledgers."""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import readme
from tfinpaint import zoo
from tfinpaint.engine import FAMILIES
from tfinpaint.errors import InputError, WeightsError
from tfinpaint.evaluation.report import BEGIN, END, card_table, read_results, summary_table
from tfinpaint.files import sha256

ROOT = Path(__file__).resolve().parents[1]
models = pytest.mark.parametrize("model", zoo.MODELS)
PRESETS = [p for model in zoo.MODELS for p in zoo.presets(model).values()]
presets = pytest.mark.parametrize("record", PRESETS, ids=lambda p: p.name)


def test_models_and_presets_are_listed():
    assert {"fmodr", "fmodr_128", "fmodr_256"} <= set(zoo.list_models())


@models
def test_a_models_name_means_its_default_preset(model):
    assert zoo.preset(model).name == zoo.MODELS[model].default


def test_an_unknown_name_lists_the_known():
    with pytest.raises(InputError, match="fmodr.*Received: name='nose'"):
        zoo.load("nose")


@presets
def test_a_record_counts_its_parameters(record):
    if record.name.endswith("256"):
        pytest.skip("counted network by network in tests/models")
    model = zoo.load(record.name, weights=False)
    assert {name: getattr(model, name).count_params() for name in record.parameters} == dict(record.parameters)
    assert set(model.painter_names) <= set(record.parameters)


@presets
def test_published_weights_have_a_hash_a_licence_and_a_command(record):
    if record.file is None:
        pytest.skip("no weights are published")
    assert sha256(zoo.weights_path(record)) == record.sha256
    assert zoo.weights_path(record).stat().st_size == record.bytes < 9.2e6  # four and a half million parameters, halves
    assert {"code", "weights", "training sets", "loss networks"} <= set(record.licence)
    assert record.training["command"].startswith("tfinpaint train")


def _copy(record, tmp_path, monkeypatch):
    folder = tmp_path / record.model
    folder.mkdir()
    (folder / record.file).write_bytes(zoo.weights_path(record).read_bytes())
    monkeypatch.setattr(zoo, "folder", lambda model: folder)
    return folder / record.file


@pytest.mark.parametrize("damage", ["changed", "gone", "empty"])
def test_weights_are_checked_before_they_are_opened(damage, tmp_path, monkeypatch):
    record = next((p for p in PRESETS if p.file), None)
    if record is None:
        pytest.skip("no weights are published")
    path = _copy(record, tmp_path, monkeypatch)
    if damage == "changed":
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"")
    with pytest.raises(WeightsError, match=record.sha256):
        zoo.weights_path(record)


def test_a_preset_without_weights_says_how_to_go_on():
    record = replace(PRESETS[0], file=None)
    with pytest.raises(WeightsError, match="weights=False"):
        zoo.weights_path(record)


@pytest.mark.parametrize("content", [None, b"", b"nothing of the kind"])
def test_a_file_that_is_no_weights_is_refused(content, tmp_path):
    from tests.models.tiny import make

    path = tmp_path / "w.weights.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError):
        zoo.load_weights(make("fmodr"), path)


def test_weights_of_another_size_are_refused(tmp_path):
    from tests.models.tiny import make

    path = zoo.save_weights(make("fmodr"), tmp_path / "w.weights.h5")
    with pytest.raises(WeightsError, match="must fit"):
        zoo.load_weights(make("fmodr", coarse_widths=(4, 8, 8, 16)), path)


@pytest.mark.parametrize("model", [model for model in zoo.MODELS if zoo.preset(model).paper])
def test_every_row_of_the_ledger_names_code_and_a_test_that_exist(model):
    rows = list(csv.DictReader((zoo.folder(model) / "ledger.csv").open(encoding="utf-8")))
    assert len(rows) > 10
    for row in rows:
        file, _, name = row["test"].partition("::")
        assert re.search(rf"def {re.escape(name)}\(", (ROOT / file).read_text(encoding="utf-8")), row["test"]
        path, _, symbol = row["code"].partition(":")
        assert symbol in (ROOT / path).read_text(encoding="utf-8"), row["code"]
        assert row["paper"] and row["ours"]


MEASURED = [p for p in PRESETS if p.results]
measured = pytest.mark.parametrize("record", MEASURED, ids=lambda p: p.name)


def _results(record):
    return read_results(zoo.folder(record.model) / record.results)


def _between_marks(path, mark="results"):
    begin, end = (words.replace("results", mark) for words in (BEGIN, END))
    return path.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].strip()


@measured
def test_the_tables_of_a_card_are_those_of_its_results(record):
    card = zoo.folder(record.model) / "README.md"
    assert _between_marks(card) == card_table(_results(record), record.name).strip()


def test_the_table_of_results_is_that_of_all_records():
    assert _between_marks(ROOT / "docs" / "evaluation.md") == summary_table(map(_results, MEASURED)).strip()


def test_the_readmes_table_of_models_is_that_of_their_records_and_each_has_its_pictures():
    assert _between_marks(ROOT / "README.md", "models") == readme.table()
    assert {path.stem for path in readme.PAIRS.iterdir()} == set(readme.shown())


def test_every_model_that_paints_stands_in_the_readme():
    assert set(readme.MEASURED) == set(zoo.MODELS) - {"what_hides"}


@measured
def test_results_were_measured_with_the_published_weights_on_the_frozen_benchmark(record):
    from tfinpaint.evaluation import load_protocol

    results = _results(record)
    assert results["models"][record.name]["weights"] == record.sha256
    assert results["benchmark"]["sha256"] == load_protocol(results["benchmark"]["name"]).sha256
    assert "limit" not in results["benchmark"]
    assert not [w for of in results["verified"].values() for w in of.values() if w.startswith("not verified")]


@measured
def test_no_judge_of_the_results_taught_the_model(record):
    judges = {judge["sha256"] for judge in _results(record)["judges"].values()}
    assert record.training["feature files"] and not judges & set(record.training["feature files"].values())


def test_the_grid_on_the_card_of_c2fdan_is_that_of_the_published_weights():
    from benchmarks.c2fdan import PRESET, tables

    grid = json.loads((zoo.folder("c2fdan") / "grid.json").read_text(encoding="utf-8"))
    assert _between_marks(zoo.folder("c2fdan") / "README.md", "grid") == tables(grid).strip()
    assert grid["weights"] == zoo.preset(PRESET).sha256
    assert len(grid["grid"]) == grid["cells"] == 24
    card = (zoo.folder("c2fdan") / "README.md").read_text(encoding="utf-8")
    for attempt, sentence in (
        (1, "gave back {full} of the\n  lost SSIM, its coarse network alone {coarse}:"),
        (2, "gave back {full}"),
        (3, "gave back\n  {full}"),
        (4, "the fourth gave back {full}"),
    ):
        earlier = json.loads((zoo.folder("c2fdan") / f"grid_attempt_{attempt}.json").read_text(encoding="utf-8"))
        undone = earlier["rows"]["all"]["undone"]
        shares = {method: f"{100 * undone[method]['ssim']['mean']:.1f} %" for method in ("full", "coarse")}
        assert sentence.format(**shares) in card
    assert not set(grid["judges"].values()) & set(zoo.preset(PRESET).training["feature files"].values())


def test_the_eyes_on_the_card_of_c2fdan_are_those_of_the_published_weights():
    from benchmarks.c2fdan import PRESET
    from benchmarks.eyes import table

    found, before = (
        json.loads((zoo.folder("c2fdan") / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("eyes", "eyes_attempt_2")
    )
    assert _between_marks(zoo.folder("c2fdan") / "README.md", "eyes") == table(found).strip()
    assert found["weights"] == zoo.preset(PRESET).sha256 != before["weights"]
    assert {key: found[key] for key in ("seed", "faces", "photo")} == {
        key: before[key] for key in ("seed", "faces", "photo")
    }
    card = (zoo.folder("c2fdan") / "README.md").read_text(encoding="utf-8")
    assert f"contrast of {before['methods']['full']['contrast']['mean']:.2f}" in card


def test_the_choice_of_auto_and_its_tables_are_those_of_the_published_weights():
    from benchmarks.auto import tables

    record = json.loads((zoo.folder("what_hides") / "auto.json").read_text(encoding="utf-8"))
    assert _between_marks(zoo.folder("what_hides") / "README.md", "auto") == tables(record).strip()
    assert record["weights"] == {name: zoo.preset(name).sha256 for name in record["weights"]}
    published = {p.name for p in PRESETS if p.file and p.name == zoo.MODELS[p.model].default}
    assert set(record["weights"]) == published
    assert set(record["chosen"]) == set(FAMILIES[1:]) and set(record["chosen"].values()) <= published


def test_the_docs_say_what_a_second_look_was_measured_to_gain():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for detector in ("YuNet", "MTCNNDetector"):
        record = json.loads((ROOT / f"benchmarks/results/look_again_{detector}.json").read_text(encoding="utf-8"))
        for name, results in record["models"].items():
            gain, *off = (results[key] for key in ("gain, dB", "off, one look", "off, two looks"))
            cells = (
                f"{gain['n']} photos",
                f"{gain['mean']:.2f} [{gain['low']:.2f}, {gain['high']:.2f}]",
                "{:.1f} -> {:.1f}".format(*(points["mean"] for points in off)),
            )
            assert f"| `{name}` | {detector.removesuffix('Detector')} | {' | '.join(cells)} |" in page
            assert record["weights"][name] == zoo.preset(name).sha256


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder of records of a model from outside; the table is as before afterwards."""
    monkeypatch.setattr(zoo, "MODELS", dict(zoo.MODELS))
    record = {"arguments": {"image_size": 64}, "parameters": {"detector": 1}}
    (tmp_path / "config.json").write_text(json.dumps({"presets": {"other_64": record}}), encoding="utf-8")
    (tmp_path / "README.md").write_text("# Other\n", encoding="utf-8")
    return tmp_path


def test_a_model_from_outside_is_known_like_the_zoos_own(elsewhere):
    zoo.register("other", "tfinpaint.models.fmodr:FMODR", default="other_64", folder=elsewhere)
    assert {"other", "other_64", "fmodr"} <= set(zoo.list_models())
    assert zoo.card("other") == "# Other\n" and zoo.folder("other") == elsewhere
    assert zoo.load("other", weights=False).image_size == 64
    with pytest.raises(InputError, match="`name` must not be taken. Received: name='other'"):
        zoo.register("other", "tfinpaint.models.fmodr:FMODR", default="other_64", folder=elsewhere)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "fmodr"}, "`name` must not be taken. Received: name='fmodr'"),
        ({"name": "fmodr_256"}, "`name` must not be taken"),
        ({"cls": "tfinpaint.models.FMODR"}, "must be 'package.module:Class'"),
        ({"default": "other_65"}, "'other_65' among them. Received: other_64"),
        ({"folder": Path("nowhere")}, "`folder` must hold config.json"),
    ],
)
def test_a_wrong_registration_is_refused_and_changes_nothing(changes, words, elsewhere):
    arguments = {"name": "other", "cls": "tfinpaint.models.fmodr:FMODR", "default": "other_64", "folder": elsewhere}
    before = dict(zoo.MODELS)
    with pytest.raises(InputError, match=words):
        zoo.register(**(arguments | changes))
    assert before == zoo.MODELS


@pytest.mark.parametrize("backend", ["nonsense", "numpy"])
def test_a_backend_that_cannot_be_had_is_one_sentence(backend, tmp_path):
    command = [sys.executable, "-m", "tfinpaint.cli", "restore", "face.png", "-o", "out.png", "--engine", "keras"]
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("tfinpaint: Keras must run on TensorFlow or JAX") and backend in done.stderr


@measured
def test_what_each_mechanism_is_worth_stands_on_the_card(record):
    from benchmarks.mechanisms import MECHANISMS, table

    folder = zoo.folder(record.model)
    results = json.loads((folder / "mechanisms.json").read_text(encoding="utf-8"))
    assert _between_marks(folder / "README.md", "mechanisms") == table(results).strip()
    assert results["weights"] == record.sha256
    kinds, mechanisms = MECHANISMS[record.model]
    assert {kind: list(rows) for kind, rows in results["kinds"].items()} == dict.fromkeys(
        kinds, ["nothing", *mechanisms]
    )


def test_why_fmodr_has_no_refine_network_stands_on_the_card():
    from benchmarks.mechanisms import table

    results = json.loads((zoo.folder("fmodr") / "refinement.json").read_text(encoding="utf-8"))
    assert _between_marks(zoo.folder("fmodr") / "README.md", "refinement") == table(results).strip()


def test_a_layer_that_is_switched_off_gives_back_what_it_got():
    from benchmarks.mechanisms import MECHANISMS
    from tests.models.tiny import batch, make

    model, data = make("c2fdan"), batch()
    inputs = {"image": data["occluded"], "mask": data["mask"]}
    before = np.asarray(model(inputs)["image"])
    switch, _ = MECHANISMS["c2fdan"][1]["pixel self-attention"]
    switch(model)
    assert np.abs(np.asarray(model(inputs)["image"]) - before).max() > 1e-4
    attention = model.fine_network.get_layer("self_attention")
    x = np.ones((1, 8, 8, attention.output.shape[-1]), "float32")
    np.testing.assert_array_equal(np.asarray(attention(x)), x)
