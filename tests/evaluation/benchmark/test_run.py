"""A whole run on drawn faces: numbers by hand, resumed, repeated, refused."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.evaluation.benchmark.data import (
    KINDS,
    Corners,
    judges,
    make_protocol,
    mean_colours,
    write_faces,
    write_people,
)
from tfinpaint.data import load_faces, occlusions
from tfinpaint.engine import Contract, Restoration
from tfinpaint.errors import InputError
from tfinpaint.evaluation import metrics
from tfinpaint.evaluation.benchmark import Judges, drawn_batches, run_benchmark
from tfinpaint.evaluation.benchmark.collect import rounded
from tfinpaint.evaluation.protocols import as_embedder
from tfinpaint.faces import Face, template_points

pytest.importorskip("tensorflow")


class Grey:
    """Paints the lower half of every picture grey, or what it is told; counts its calls."""

    contract = Contract()
    image_size = 48
    calls = 0

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        self.calls += 1
        assert (masks is not None) == self.contract.needs_mask
        if masks is None:
            masks = np.zeros((*images.shape[:3], 1), np.float32)
            masks[:, images.shape[1] // 2 :] = 1
        return Restoration(np.where(masks > 0, 128, images).astype(np.uint8), masks)


class Given(Grey):
    contract = Contract(mask="needs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_faces(folder)
    write_people(folder)
    return folder


@pytest.fixture(scope="module")
def protocol(folder):
    people = {"few": {"images": "people", "landmarks": "people.npz", "pairs": "pairs.txt"}}
    with pytest.raises(InputError, match="must hold people"):
        make_protocol(folder, people=people)  # a folder has no hash
    return make_protocol(folder)


@pytest.fixture(scope="module")
def record(protocol, folder):
    return run_benchmark(protocol, {"grey": Grey(), "given": Given()}, data=folder, judges=judges())


def _drawn(protocol, folder, kind):
    faces = load_faces(folder / "faces", size=protocol.side)
    batches = list(drawn_batches(faces, occlusions.get(kind), seed=protocol.seed, batch_size=2))
    return [np.concatenate(arrays) for arrays in zip(*batches, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_a_loop_over_faces(kind, record, protocol, folder):
    clean, occluded, masks, valid, _ = _drawn(protocol, folder, kind)
    half = np.zeros_like(masks)
    half[:, protocol.side // 2 :] = 1
    for method, pictures in (
        ("occluded", occluded),
        ("grey", np.where(half > 0, 128, occluded)),
        ("given", np.where(masks > 0, 128, occluded)),
    ):
        scores = record["sets"]["some"]["kinds"][kind]["methods"][method]
        x, y = pictures / 255.0, clean / 255.0
        for prefix, where in (("hole_", masks * valid), ("", valid)):
            for name in ("psnr", "ssim", "l1_percent", "l2_percent"):
                expected = [getattr(metrics, name)(x[i : i + 1], y[i : i + 1], where[i : i + 1])[0] for i in range(6)]
                assert scores[prefix + name]["mean"] == pytest.approx(np.nanmean(expected), rel=1e-5)
        vectors = [mean_colours(p[None])[0] for p in (pictures[0].astype(np.uint8), clean[0])]
        assert np.isfinite(vectors).all() and scores["likeness_distance"]["n"] == 6
    grey = record["sets"]["some"]["kinds"][kind]["methods"]["grey"]
    iou = [(half[i] * masks[i] * valid[i]).sum() / (np.maximum(half, masks)[i] * valid[i]).sum() for i in range(6)]
    assert grey["mask_iou"]["mean"] == pytest.approx(np.mean(iou), rel=1e-5)
    assert "mask_iou" not in record["sets"]["some"]["kinds"][kind]["methods"]["given"]


def test_the_record_has_all_that_the_schema_names(record, protocol):
    assert record["benchmark"] == {
        "name": "drawn-1", "sha256": protocol.sha256, "side": 48, "seed": 90001,
    }  # fmt: skip
    assert record["verified"]["some"] == {"files": "same files", **dict.fromkeys(KINDS, "same bytes")}
    kind = record["sets"]["some"]["kinds"]["rectangle"]
    assert set(kind["methods"]) == {"occluded", "telea", "navier_stokes", "mean_face", "grey", "given"}
    assert set(kind["gains"]["grey"]) == set(kind["methods"]) - {"grey"}
    assert kind["gains"]["given"]["grey"]["hole_ssim"]["n"] > 0
    assert {"frechet_distance", "precision", "recall", "f1", "realism", "n"} == set(kind["distributions"]["telea"])
    assert json.loads(json.dumps(record)) == record


def test_the_mean_face_is_that_of_the_others(record, protocol, folder):
    clean, occluded, masks, valid, _ = _drawn(protocol, folder, "rectangle")
    errors = []
    for i in range(6):
        others = [j for j in range(6) if j != i]
        mean = (clean[others].astype(float) * valid[others]).sum(0) / np.maximum(valid[others].sum(0), 1)
        pasted = np.where(masks[i] > 0, np.rint(mean.astype(np.float32)), occluded[i])
        where = masks[i] * valid[i]
        errors.append(100 * (np.abs(pasted - clean[i]) * where).sum() / (255 * 3 * where.sum()))
    found = record["sets"]["some"]["kinds"]["rectangle"]["methods"]["mean_face"]["hole_l1_percent"]["mean"]
    assert found == pytest.approx(np.mean(errors), rel=1e-4)


def test_an_interrupted_run_goes_on_and_ends_the_same(record, protocol, folder, tmp_path):
    class Stops(Grey):
        def restore(self, *arguments, **keywords):
            if self.calls == 1:
                raise KeyboardInterrupt
            return super().restore(*arguments, **keywords)

    common = {"data": folder, "judges": judges(), "folder": tmp_path, "keys": {"grey": "1", "given": "2"}}
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(protocol, {"grey": Stops(), "given": Given()}, **common)
    assert not list((tmp_path / "parts").glob(".*"))
    model = Grey()
    resumed = run_benchmark(protocol, {"grey": model, "given": Given()}, **common)
    batches_shown = {(item["kind"], item["index"] // 4) for item in resumed["gallery"]}
    assert model.calls == 1 + len(batches_shown)  # the part that was missing, and the gallery
    differ = {"seconds", "gallery"}
    assert {k: v for k, v in resumed.items() if k not in differ} == {k: v for k, v in record.items() if k not in differ}
    for item in resumed["gallery"]:
        assert set(item["pictures"]) == {"clean", "occluded", "telea", "grey", "given"}
        assert all((tmp_path / path).is_file() for path in item["pictures"].values())
    assert {item["why"] for item in resumed["gallery"]} == {"fixed", "best", "worst"}


def test_damaged_parts_are_made_again_and_other_weights_are_other_parts(record, protocol, folder, tmp_path):
    common = {"data": folder, "folder": tmp_path, "kinds": ["rectangle"]}
    first = run_benchmark(protocol, {"grey": Grey()}, **common, keys={"grey": "1"})
    for part in (tmp_path / "parts").iterdir():
        part.write_bytes(part.read_bytes()[: len(part.read_bytes()) // 2])
    assert run_benchmark(protocol, {"grey": Grey()}, **common, keys={"grey": "1"})["sets"] == first["sets"]
    count = len(list((tmp_path / "parts").iterdir()))
    run_benchmark(protocol, {"grey": Grey()}, **common, keys={"grey": "2"})
    assert len(list((tmp_path / "parts").iterdir())) == count + 1


def test_a_perfect_model_is_counted_as_identical(protocol, folder):
    faces = load_faces(folder / "faces", size=48)

    class Perfect(Grey):
        def restore(self, images, masks=None, *, seed=None, batch_size=16):
            return Restoration(faces.images, np.zeros((*images.shape[:3], 1), np.float32))

    record = run_benchmark(protocol, {"perfect": Perfect()}, data=folder, kinds=["lower_face_rectangle"])
    kind = record["sets"]["some"]["kinds"]["lower_face_rectangle"]
    assert kind["methods"]["perfect"]["psnr"] == {"n": 0, "identical": 6}
    assert kind["methods"]["perfect"]["hole_ssim"]["mean"] == 1
    assert kind["gains"]["perfect"]["telea"]["hole_ssim"]["better"] == 1
    assert "likeness_distance" not in kind["methods"]["perfect"] and "distributions" not in kind


def test_a_quick_look_takes_the_first_faces_and_says_so(protocol, folder):
    record = run_benchmark(protocol, {}, data=folder, kinds=["rectangle"], limit=4)
    assert record["benchmark"]["limit"] == 4 and record["sets"]["some"]["faces"] == 4 and record["gallery"] == []
    with pytest.raises(InputError, match="`limit` must be at least 2"):
        run_benchmark(protocol, {}, data=folder, limit=1)


def test_other_pictures_are_refused_or_marked(protocol, tmp_path):
    write_faces(tmp_path, first=2)
    with pytest.raises(InputError, match="must have the SHA-256"):
        run_benchmark(protocol, {}, data=tmp_path)
    record = run_benchmark(protocol, {}, data=tmp_path, kinds=["rectangle"], unverified=True)
    assert record["verified"]["some"]["files"].startswith("not verified: ")
    assert record["verified"]["some"]["rectangle"].startswith("not verified: ")


@pytest.mark.parametrize(
    ("embed", "message"),
    [
        (lambda chips: np.full((len(chips), 4), np.nan), "finite"),
        (lambda chips: np.ones((1, 4)), "one vector a picture"),
        (lambda chips: np.ones(4), "array \\(n, d\\)"),
    ],
)
def test_a_broken_embedder_is_refused(embed, message, protocol, folder):
    broken = Judges(as_embedder(embed, name="broken", size=48))
    with pytest.raises(InputError, match=message):
        run_benchmark(protocol, {}, data=folder, judges=broken, kinds=["rectangle"])


def test_a_judge_that_taught_a_model_is_refused(protocol, folder):
    with pytest.raises(InputError, match="looked through.*'likeness'.*one of its teachers"):
        run_benchmark(protocol, {"grey": Grey()}, data=folder, judges=judges(), teachers={"grey": {"F" * 64}})


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        (None, "must declare what it asks as its attribute `contract`.*Received: Grey"),
        (Contract(framing="arcface"), "framed 'wide'.*Received: 'mine' with framing='arcface'"),
    ],
)
def test_a_model_that_does_not_say_what_it_asks_or_sees_other_crops_is_refused(contract, words, protocol, folder):
    model = Grey()
    model.contract = contract
    with pytest.raises(InputError, match=words):
        run_benchmark(protocol, {"mine": model}, data=folder)
    assert model.calls == 0


def test_photos_of_worn_masks_are_for_models_that_find_them(folder, tmp_path):
    photo = np.full((64, 64, 3), 120, np.uint8)
    with zipfile.ZipFile(tmp_path / "worn.zip", "w") as archive:
        archive.writestr("one.jpg", cv2.imencode(".jpg", photo)[1].tobytes())
    write_faces(tmp_path)
    protocol = make_protocol(tmp_path, worn={"worn": "worn.zip"})
    whole = Grey()
    whole.contract = Contract(mask="whole")
    models = {"grey": Grey(), "given": Given(), "whole": whole}
    record = run_benchmark(
        protocol,
        models,
        data=tmp_path,
        sets=["worn"],
        detector=lambda p: [Face((0, 0, 9, 9), 1.0, template_points(64))],
    )
    assert set(record["worn"]["worn"]) == {"grey", "whole"} and models["given"].calls == 0


def test_progress_counts_every_face_of_every_method(protocol, folder):
    class Bar:
        def __init__(self, total, unit):
            self.total, self.done, self.closed = total, 0, False
            bars.append(self)

        def update(self, count):
            self.done += count

        def close(self):
            self.closed = True

    bars = []
    run_benchmark(protocol, {"grey": Grey()}, data=folder, judges=Judges(landmarks=Corners()), progress=Bar)
    assert [(bar.total, bar.done, bar.closed) for bar in bars] == [(6 * 2 * 5, 6 * 2 * 5, True)]


def test_numbers_are_cut_to_six_digits():
    assert rounded({"a": [1 / 3, 2, "x"], "b": np.float32(1e-9)}) == {"a": [0.333333, 2, "x"], "b": 1e-9}


def test_two_processes_agree_to_the_last_digit(record, folder):
    program = (
        "import json, sys\n"
        "from tests.evaluation.benchmark.data import judges, make_protocol\n"
        "from tests.evaluation.benchmark.test_run import Given, Grey\n"
        "from pathlib import Path\n"
        "from tfinpaint.evaluation.benchmark import run_benchmark\n"
        "folder = Path(sys.argv[1])\n"
        "models = {'grey': Grey(), 'given': Given()}\n"
        "print(json.dumps(run_benchmark(make_protocol(folder), models, data=folder, judges=judges())))\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    other = json.loads(done.stdout.splitlines()[-1])
    assert {k: v for k, v in other.items() if k != "seconds"} == {k: v for k, v in record.items() if k != "seconds"}
