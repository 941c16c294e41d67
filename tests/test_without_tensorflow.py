"""From import to restore on JAX where no TensorFlow can be imported: a pack is trained on, stopped and resumed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.test_numpy_batches import bank
from tests.faces_for_tests import synthetic_faces
from tfinpaint.data.packed import face_members, occluder_members
from tfinpaint.data.shards import write_manifest, write_shards

ROOT = Path(__file__).resolve().parents[1]

FAST = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"  # compiles in a fifth of the time

PROGRAM = """
import json, os, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")

sys.meta_path.insert(0, Refuse())

import numpy as np
from tests.models.tiny import MODELS
from tfinpaint import cli, zoo
from tfinpaint.training.checkpoint import named_variables

pack, out = sys.argv[1:]
models, load = [], zoo.load
zoo.preset = lambda name: zoo.Preset("tiny", "fmodr", MODELS["fmodr"].arguments, {})

def keep(name, **options):
    models.append(load(name, **options))
    return models[-1]

zoo.load = keep
common = ["--stages", "detector", "--scale", "0.001", "--batch", "2", "--interval", "3", "--workers", "3"]
common += ["--policy", "mixed_bfloat16"]

def train(folder, *more):
    assert cli.main(["train", "--pack", pack, "--out", os.path.join(out, folder), *common, *more]) == 0
    return {k: np.asarray(v) for k, v in named_variables(models[-1]).items() if not k.startswith("metric")}

straight = train("straight")
stopped = train("resumed", "--minutes", "0")
resumed = train("resumed", "--resume")

published = zoo.load("tiny", weights=os.path.join(out, "resumed", "tiny.weights.h5"))
faces = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
mask = np.zeros((2, 64, 64))
mask[:, 20:40, 20:40] = 1
restored = published.restore(faces, mask).images
print(json.dumps({
    "steps": [int(v["model/%d/stage_step" % [n.name for n in models[0].variables].index("stage_step")])
              for v in (straight, stopped, resumed)],
    "moved": any((straight[k] != stopped[k]).any() for k in straight),
    "differ": [k for k in straight if (straight[k] != resumed[k]).any()],
    "weights differ": max(float(np.abs(np.asarray(v) - np.asarray(w)).max()) for v, w in
                          zip(published.painters.weights, models[2].painters.weights)),
    "painted": bool((restored != faces)[mask > 0].any()),
    "kept": bool((restored == faces)[mask == 0].all()),
    "tensorflow": "tensorflow" in sys.modules,
}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What the program said, and its folder."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("box")
    images, landmarks = synthetic_faces(7, 64)
    (folder / "faces").mkdir()
    for i, image in enumerate(images):
        cv2.imwrite(str(folder / "faces" / f"{i}.png"), image[..., ::-1])
    np.savez(folder / "faces" / "landmarks.npz", name=[f"{i}.png" for i in range(7)], landmarks=landmarks)
    (folder / "pack").mkdir()
    members = [*face_members(folder / "faces", "x"), *occluder_members(bank(5, 64))]
    files = write_shards(members, folder / "pack", 60_000)
    about = {"preset": "tiny", "recipe": "small", "train": ["x"], "validation": ["x"], "features": {}}
    write_manifest(folder / "pack", files, about)
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": FAST}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder / "pack"), str(folder)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), folder


def test_all_of_it_runs_without_tensorflow(run):
    said, _ = run
    assert said["tensorflow"] is False
    assert said["painted"] and said["kept"]
    assert said["weights differ"] < 1e-3  # stored as half precision


def test_a_run_that_ran_out_of_time_goes_on_bit_for_bit(run):
    said, _ = run
    assert said["steps"] == [4, 1, 4]  # the time was over after the first of four steps, within an epoch
    assert said["moved"] and said["differ"] == []


def test_the_folder_has_weights_log_previews_and_record(run):
    _, folder = run
    out = folder / "resumed"
    names = {path.name for path in out.iterdir()}
    assert {"tiny.weights.h5", "log.jsonl", "previews", "training.json"} < names
    assert [n for n in names if n.startswith("checkpoint")]
    assert cv2.imread(str(out / "previews" / "preview-detector-000004.png")).shape[1] == 4 * 164 + 4
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4] and lines[0]["stage"] == "detector"
    assert lines[0]["images_per_second"] > 0 and "val_mask_iou" in lines[0]
    record = json.loads((out / "training.json").read_text())
    assert record["finished"] is True and record["faces"]["count"] == 7 and record["pack"]["preset"] == "tiny"
    assert record["recipe"]["stages"][0]["batch"] == 2
