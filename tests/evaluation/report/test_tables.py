"""Markdown tables: their digits are the record's, and a changed record changes them."""

import copy
import re

import pytest

from tests.evaluation.report.fake import MODELS, fake_results
from tfinpaint.errors import InputError
from tfinpaint.evaluation.report import BEGIN, END, card_table, plain_table, summary_table, update_tables

RESULTS = fake_results()


def rows_of(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]


@pytest.mark.parametrize("name", RESULTS["sets"])
@pytest.mark.parametrize("kind", ["face_mask", "lower_face_rectangle"])
@pytest.mark.parametrize("method", ["occluded", "telea", "fmodr_128"])
def test_a_card_has_the_numbers_of_its_record(name, kind, method):
    faces = RESULTS["sets"][name]["faces"]
    lead = f"`{name}`, {faces} faces hidden by: {kind.replace('_', ' ')}:"
    (block,) = [re.split(r"\n\n[`V]", b)[0] for b in card_table(RESULTS, "fmodr_128").split(lead)[1:]]
    labels = {"occluded": "occluded", "telea": "Telea (true mask given)", "fmodr_128": "**fmodr_128, blind**"}
    (row,) = [r for r in rows_of(block) if r[0] == labels[method]]
    score = RESULTS["sets"][name]["kinds"][kind]["methods"][method]
    hole, error = score["hole_psnr"], score["landmark_error"]
    apart = f" (n {faces - 1}, 1 identical)" if method == "occluded" else ""
    assert row[1] == f"{hole['mean']:.2f} [{hole['low']:.2f}, {hole['high']:.2f}]{apart}"
    assert row[7] == f"{100 * error['mean']:.2f} [{100 * error['low']:.2f}, {100 * error['high']:.2f}]"
    iou = score.get("mask_iou")
    assert row[9] == (f"{iou['mean']:.3f} [{iou['low']:.3f}, {iou['high']:.3f}]" if iou else "-")


def test_columns_that_nobody_measured_are_left_out():
    results = copy.deepcopy(RESULTS)
    for faces in results["sets"].values():
        for kind in faces["kinds"].values():
            for scores in kind["methods"].values():
                del scores["likeness_distance"], scores["landmark_error"], scores["feature_distance"]
    table = card_table(results, "fmodr_128")
    assert "likeness" not in table and "landmark" not in table
    assert rows_of(table)[0] == [
        "",
        *("hole PSNR, dB", "hole SSIM", "border PSNR, dB", "image PSNR, dB", "image SSIM", "mask IoU"),
    ]


def test_a_card_shows_one_model_only():
    table = card_table(RESULTS, MODELS[0])
    assert MODELS[1] not in table and MODELS[2] not in table


def test_a_model_without_a_score_for_its_mask_was_given_the_mask():
    results = copy.deepcopy(RESULTS)
    for kind in results["sets"]["val"]["kinds"].values():
        del kind["methods"]["fmodr_128"]["mask_iou"]
    table = card_table(results, "fmodr_128")
    assert table.count("**fmodr_128, true mask given**") == table.count("**fmodr_128, blind**") == 2


def test_recognition_and_worn_masks_stand_on_the_card():
    table = card_table(RESULTS, "fmodr_128")
    auc = RESULTS["verification"]["lfw"]["conditions"]["fmodr_128"]["auc"]
    undone = RESULTS["verification"]["lfw"]["undone"]["fmodr_128"]["auc"]
    assert f"| **restored by fmodr_128** | {auc['mean']:.4f} [{auc['low']:.4f}, {auc['high']:.4f}] |" in table
    mean, low, high = (f"{100 * undone[k]:.1f}" for k in ("mean", "low", "high"))
    assert f"| share of the damage undone, % | {mean} [{low}, {high}] |" in table
    rank = RESULTS["identification"]["lfw"]["conditions"]["clean"]["rank_1"]
    assert f"| clean | {100 * rank['mean']:.1f} [" in table
    assert "nose and mouth in 95.0 %" in table and "(4 more photos show no face that was found)" in table
    iou = RESULTS["labelled"]["overlay"]["fmodr_128"]["CWM"]["mask_iou"]
    assert f"| CWM | {iou['mean']:.3f} [{iou['low']:.3f}, {iou['high']:.3f}] (n 60) |" in table


def test_a_record_of_pixels_alone_makes_a_card():
    results = {key: RESULTS[key] for key in ("format", "models", "sets")}
    assert card_table(results, "fmodr_128").count("hole PSNR") == 4


@pytest.mark.parametrize("key", ["mean", "low", "high"])
def test_a_changed_record_changes_the_tables(key):
    changed = copy.deepcopy(RESULTS)
    changed["sets"]["ffhq_val"]["kinds"]["face_mask"]["methods"]["fmodr_128"]["hole_psnr"][key] += 0.01
    assert card_table(changed, "fmodr_128") != card_table(RESULTS, "fmodr_128")
    assert summary_table([changed]) != summary_table([RESULTS])


def test_the_summary_has_a_row_for_each_model_and_set():
    other = fake_results(seed=1, models=("other_128",))
    rows = rows_of(summary_table([RESULTS, other]))
    assert len(rows) == 2 + 2 * len(MODELS) + 2
    score = other["sets"]["val"]["kinds"]["face_mask"]["methods"]["telea"]["hole_psnr"]
    assert rows[-1][:3] == ["`other_128`", "`val`, 1000 faces", "face mask"]
    assert rows[-1][4] == f"{score['mean']:.2f} [{score['low']:.2f}, {score['high']:.2f}]"
    assert {len(row) for row in rows} == {9}


def test_what_a_model_was_not_trained_on_stands_in_a_short_table():
    results = copy.deepcopy(RESULTS)
    kinds = list(results["sets"]["val"]["kinds"])
    results["models"]["fmodr_128"]["trained on"] = kinds[1:2]
    table = card_table(results, "fmodr_128")
    assert table.count("hidden by what the model was not trained on") == 2
    lines = [row for row in rows_of(table) if row[0] == kinds[0].replace("_", " ")]
    methods = results["sets"]["val"]["kinds"][kinds[0]]["methods"]
    scores = [methods[m]["hole_psnr"] for m in ("occluded", "telea", "fmodr_128")]
    for cell, score in zip(lines[-1][1:4], scores, strict=True):
        assert cell.startswith(f"{score['mean']:.2f} [{score['low']:.2f}, {score['high']:.2f}]")
    summary = rows_of(summary_table([results]))
    assert [row[2] for row in summary if row[0] == "`fmodr_128`"] == [kinds[1].replace("_", " ")] * 2


def test_the_summary_shows_every_kind_that_a_model_was_trained_on():
    results = copy.deepcopy(RESULTS)
    kinds = list(results["sets"]["val"]["kinds"])[:2]
    results["models"]["fmodr_128"]["trained on"] = kinds[::-1]
    rows = rows_of(summary_table([results]))
    assert [row[2] for row in rows if row[:2] == ["`fmodr_128`", "`val`, 1000 faces"]] == [
        kind.replace("_", " ") for kind in kinds[::-1]
    ]


def test_the_only_model_need_not_be_named():
    results = fake_results(models=("fmodr_128",))
    assert card_table(results) == card_table(results, "fmodr_128")
    with pytest.raises(InputError, match="model=None"):
        card_table(RESULTS)


def test_the_terminals_table_has_aligned_columns():
    block = plain_table(RESULTS).split("\n\n")[0].splitlines()
    assert block[0].startswith("ffhq_val, 250 faces, face mask") and len(block) == 1 + 4 + len(MODELS)
    score = RESULTS["sets"]["ffhq_val"]["kinds"]["face_mask"]["methods"]["telea"]["hole_ssim"]
    assert block[2].index(f"{score['mean']:.3f} [") == block[0].index("hole SSIM")
    assert plain_table({"format": 1}) == ""


def test_a_summary_of_nothing_is_empty():
    assert summary_table([]) == summary_table([{"format": 1}]) == ""


def test_a_card_of_a_model_that_was_not_measured_is_refused():
    with pytest.raises(InputError, match="fmodr_128.*Received: model='nose'"):
        card_table(RESULTS, "nose")


@pytest.mark.parametrize("results", [None, [], {}, {"format": 2}, {"format": 1, "sets": []}])
def test_what_is_no_record_is_refused(results):
    with pytest.raises(InputError, match="`results` must"):
        card_table(results, "fmodr_128")


def test_tables_are_written_between_the_marks(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    update_tables(path, "| new |\n")
    update_tables(path, "| new |")
    assert path.read_text(encoding="utf-8") == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize("text", ["no marks", BEGIN, f"{END} {BEGIN}", f"{BEGIN} {END} {END}", f"{BEGIN}{BEGIN}{END}"])
def test_a_file_without_the_two_marks_stays_as_it_is(text, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="marks"):
        update_tables(path, "table")
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="Markdown"):
        update_tables(tmp_path / "none.md", "table")
