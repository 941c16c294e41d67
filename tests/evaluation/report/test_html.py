"""The HTML report: whole, self-contained, escaped, readable, and with the record's numbers."""

import copy
import json
import re
from html.parser import HTMLParser

import cv2
import pytest

from tests.evaluation.report.fake import fake_results, write_fake
from tfinpaint.errors import InputError
from tfinpaint.evaluation.report import write_report

VOID = {"img", "meta", "link", "br", "hr", "wbr", "col"}


class Page(HTMLParser):
    """Checks that tags close in order; collects attributes, tables and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.styles, self.tables = [], [], [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.cells, self.caption = [], ""
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self.caption] = [" ".join(c.split()) for c in self.cells]

    def handle_data(self, data):
        (self.styles if "style" in self.open else self.words).append(data)
        if "caption" in self.open:
            self.caption += data
        elif "td" in self.open or "th" in self.open:
            self.cells[-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def report(folder, results=None):
    return Page(write_report(write_fake(folder, results=results), folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return report(tmp_path_factory.mktemp("whole"))


def test_ids_are_unique_and_every_link_has_its_target(page):
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"].removeprefix("#") for a in page.all("a")} == set(ids)


def test_every_picture_has_words(page):
    assert len(page.all("img")) == 9 * 6
    assert all(a["alt"] and a["src"].startswith("data:image/png;base64,") for a in page.all("img"))
    drawings = [a for a in page.all("svg") if a.get("aria-hidden") != "true"]
    assert drawings and all(a["role"] == "img" and a["aria-label"] for a in drawings)


def test_nothing_is_fetched_and_nothing_runs(page):
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [k for k in attributes if k.startswith("on")]
        assert attributes.get("src", "data:").startswith("data:") and attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\(|@import|https?:", "".join(page.styles))


def test_headings_go_down_one_by_one(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("name", ["ffhq_val", "val"])
def test_tables_have_the_numbers_of_the_record(page, name):
    faces = fake_results()["sets"][name]
    methods = faces["kinds"]["face_mask"]["methods"]
    cells = page.tables[f"face mask: means over {faces['faces']} faces"]
    for scores in methods.values():
        for key, style in (("hole_psnr", "{:.2f}"), ("ssim", "{:.3f}"), ("likeness_distance", "{:.3f}")):
            mean, low, high = (style.format(scores[key][k]) for k in ("mean", "low", "high"))
            assert any(c.replace("(best) ", "").startswith(f"{mean} [{low}, {high}]") for c in cells), (key, mean)
    recall = faces["kinds"]["face_mask"]["distributions"]["telea"]["recall"]
    whole = [c for caption, c in page.tables.items() if caption.startswith("face mask: all answers")]
    assert any(f"{recall:.3f}" in c for c in whole)


def test_recognition_gains_and_photos_have_the_numbers_of_the_record(page):
    results = fake_results()
    auc = results["verification"]["lfw"]["conditions"]["telea"]["auc"]
    assert f"{auc['mean']:.4f} [{auc['low']:.4f}, {auc['high']:.4f}]" in page.tables["Verification on lfw"]
    undone = results["identification"]["lfw"]["undone"]["fmodr_128"]["rank_5"]
    assert any(c.startswith(f"{100 * undone['mean']:.1f} %") for c in page.tables["Identification on lfw"])
    gain = results["sets"]["val"]["kinds"]["face_mask"]["gains"]["wavefill_128"]["telea"]["hole_psnr"]
    assert f"{100 * gain['better']:.1f} %" in page.text and f"+{gain['mean']:.2f} dB" in page.text
    iou = results["labelled"]["overlay"]["fmodr_128"]["IWM"]["mask_iou"]
    assert (
        f"{iou['mean']:.3f} [{iou['low']:.3f}, {iou['high']:.3f}] n 60"
        in page.tables["overlay: masks labelled pixel by pixel"]
    )
    score = results["gallery"][0]["scores"]["telea"]["hole_psnr"]
    assert f"PSNR{score:.2f}" in page.text


def test_the_record_is_named_in_full(page):
    results = fake_results()
    for words in (results["benchmark"]["sha256"], results["command"], "seed90001", "tensorflow 2.21.0", "2,328,286"):
        assert words in page.text
    assert "same within 2 grey levels" in page.text and "1,834.5" in page.text


def test_fixed_faces_come_before_best_and_worst(page):
    text = page.text[page.text.index("Nothing here was picked by hand") :]
    places = [text.index(t) for t in ("Fixed faces", "fmodr_128: best", "fmodr_128: worst", "wavefill_128: worst")]
    assert places == sorted(places)


def test_names_are_escaped(tmp_path):
    evil = '<img src="https://x/y.png" onerror=alert(1)>&"'
    results = fake_results(models=(evil,))
    results["benchmark"]["name"] = results["gallery"][0]["name"] = results["command"] = evil
    results["sets"][evil] = results["sets"].pop("val")
    for item in results["gallery"]:
        item["pictures"] = {}
    page = report(tmp_path, results)
    assert evil in page.text.replace("\u00a0", " ")
    assert page.all("img") == [] and not [a for _, a in page.tags if "onerror" in a]


@pytest.mark.parametrize(
    "gone", ["sets", "worn", "labelled", "verification", "identification", "gallery", "judges", "seconds", "verified"]
)
def test_missing_parts_leave_no_empty_chapter(gone, tmp_path):
    results = fake_results(models=("fmodr_128",))
    del results[gone]
    if gone != "gallery":
        results["gallery"] = []
    page = report(tmp_path, results)
    chapters = {a["href"] for a in page.all("a")}
    assert len(chapters) == {"sets": 5, "verification": 7, "identification": 7, "seconds": 7, "gallery": 8}.get(gone, 8)


def test_measures_and_groups_may_be_missing(tmp_path):
    results = fake_results()
    results["gallery"] = []
    for faces in results["sets"].values():
        for kind in faces["kinds"].values():
            kind["distributions"], kind["groups"], kind["gains"] = {}, {}, {}
            for scores in kind["methods"].values():
                scores["hole_psnr"] = {"n": 0, "undefined": 250}
    for condition in results["verification"]["lfw"]["conditions"].values():
        del condition["det"]
    results["verification"]["lfw"]["undone"] = {"fmodr_128": {"auc": None}}
    page = report(tmp_path, results)
    assert "At a glance" not in page.text and "By groups" not in page.text and "all answers together" not in page.text


def test_baselines_alone_make_a_report(tmp_path):
    page = report(tmp_path, fake_results(models=()))
    assert "no model, the baselines alone" in page.text and "Navier-Stokes" in page.text


def test_an_empty_record_makes_a_page(tmp_path):
    page = report(tmp_path, {"format": 1})
    assert "Benchmark without a name" in page.text


def test_a_picture_that_is_missing_damaged_or_elsewhere_is_said_in_words(tmp_path):
    results = fake_results(models=())
    folder = tmp_path / "results"
    folder.mkdir()
    path = write_fake(folder, results=results)
    results = copy.deepcopy(results)
    shown = results["gallery"][0]["pictures"]
    (folder / shown["clean"]).unlink()
    (folder / shown["occluded"]).write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "secret.png"), cv2.imread(str(folder / shown["telea"])))
    shown["telea"] = "../secret.png"
    path = write_json(folder, results)
    page = Page(write_report(path, tmp_path / "r.html").read_text(encoding="utf-8"))
    assert page.text.count("is missing or cannot be read") == 3
    assert len(page.all("img")) == 6


def test_many_large_pictures_stay_below_eight_megabytes(tmp_path, monkeypatch):
    from tfinpaint.evaluation.report import pictures

    path = write_fake(tmp_path)
    whole = pictures.Pictures(tmp_path, ["gallery/ffhq_val-face_mask-0-clean.png"] * 54)
    small = pictures.Pictures(tmp_path, ["gallery/ffhq_val-face_mask-0-clean.png"] * 54, budget=600_000)
    uri, width, height = small.data("gallery/ffhq_val-face_mask-0-clean.png")
    assert len(uri) * 54 < 600_000 < len(whole.data("gallery/ffhq_val-face_mask-0-clean.png")[0]) * 54
    assert uri.startswith("data:image/webp") and width == height and "quality" in small.note
    assert write_report(path, tmp_path / "r.html").stat().st_size < 8e6


@pytest.mark.parametrize("content", [None, b"", b"no json", b"\xff\xfe", b"[]", b'{"format": 9}', b'{"sets": {}}'])
def test_what_is_no_results_file_is_refused(content, tmp_path):
    path = tmp_path / "results.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="must"):
        write_report(path, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_report_into_no_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="folder"):
        write_report(write_fake(tmp_path, results={"format": 1}), tmp_path / "none" / "report.html")


def write_json(folder, results):
    path = folder / "results.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path
