"""All callbacks together, on both backends and on every model of the zoo."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import pytest

from tests.callbacks import watched
from tests.models import tiny
from tfinpaint import zoo
from tfinpaint.callbacks import BestCheckpoint, Health, LossLog, Previews, Samples

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")
sys.meta_path.insert(0, Block())
from pathlib import Path
from tests.callbacks import watched
watched.run(Path(sys.argv[1]))
"""


def test_a_watched_run(tmp_path):
    watched.run(tmp_path)


def test_a_watched_run_on_jax_where_there_is_no_tensorflow(tmp_path):
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", BLOCK, str(tmp_path)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("name", tiny.MODELS)
def test_every_model_can_be_watched(name, tmp_path):
    model, samples = tiny.make(name), Samples(tiny.batch(9))
    model.compile(recipe="small", features=tiny.MODELS[name].features, average=0.9, run_eagerly=True)
    stage = model.stage.name

    class HeldOut(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return (tiny.batch(5),)

    watchers = [Health(samples), LossLog(tmp_path / "log.jsonl"), Previews(samples, tmp_path), BestCheckpoint(tmp_path)]
    batches = ((tiny.batch(i),) for i in range(2))
    model.fit(batches, epochs=1, steps_per_epoch=2, verbose=0, validation_data=HeldOut(), callbacks=watchers)
    preview = cv2.imread(str(tmp_path / f"preview-{stage}-000002.png"))
    assert preview.shape == (24 + 2 * 164, 4 * 164 + 4, 3)
    best = tiny.make(name, seed=3)
    zoo.load_weights(best, tmp_path / f"best-{stage}.weights.h5")


def test_early_stopping_ends_the_stage_and_not_the_recipe():
    stop = keras.callbacks.EarlyStopping("val_mask_iou", mode="max", patience=1)  # it is 1 from the start
    options = {"scale": 0.25, "steps_per_epoch": 1, "verbose": 0, "validation_data": watched.HeldOut()}
    done = watched.painting_toy().fit_recipe(watched.data, callbacks=[stop], **options)
    assert {stage: len(history.epoch) for stage, history in done.items()} == {"coarse_joint": 2, "refine": 2}
