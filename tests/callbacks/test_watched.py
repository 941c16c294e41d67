"""All callbacks together, on both backends and on every model of the zoo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
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


# The last stage of each model, and stages that improve something else than the picture that is restored.
WATCHED = [
    *((name, tiny.stages(name)[-1]) for name in tiny.MODELS),
    ("can_dfe", "contrast"),
    ("toy_fsg_gan", "structure"),
]


@pytest.mark.parametrize(("name", "stage"), WATCHED)
def test_every_model_can_be_watched(name, stage, tmp_path):
    model, samples = tiny.make(name), Samples(tiny.batch_of(name, 9))
    model.compile(recipe="small", stage=stage, features=tiny.described(name).features, average=0.9, run_eagerly=True)

    class HeldOut(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return (tiny.batch_of(name, 5),)

    watchers = [Health(samples), LossLog(tmp_path / "log.jsonl"), Previews(samples, tmp_path), BestCheckpoint(tmp_path)]
    callbacks = keras.callbacks.CallbackList(watchers, model=model)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    logs = model.train_on_batch(tiny.step_batch(model), return_dict=True)
    logs |= {f"val_{k}": v for k, v in model.evaluate(HeldOut(), verbose=0, return_dict=True).items()}
    callbacks.on_epoch_end(0, logs)
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert {f"val_{name}" for name in model.measures_of(model.stage)} | set(model.entropies) <= set(line)
    preview = cv2.imread(str(tmp_path / f"preview-{stage}-000001.png"))
    columns = 4 if model.contract.finds_mask else 3  # of a mask that it is told, nothing is found
    assert preview.shape == (24 + 2 * 164, columns * 164 + 4, 3)
    best = tiny.make(name, seed=3)
    zoo.load_weights(best, tmp_path / f"best-{stage}.weights.h5")


def test_samples_keep_all_that_a_model_reads_and_only_so_many_faces():
    given = {"image": np.zeros((5, 8, 8, 3)), "occluded": np.ones((5, 8, 8, 3)), "mask": np.ones((5, 8, 8, 1))}
    samples = Samples({**given, "landmarks": np.arange(50).reshape(5, 5, 2)}, count=3)
    assert len(samples) == 3 and samples.batch["landmarks"].tolist() == np.arange(30).reshape(3, 5, 2).tolist()
    assert samples.clean.dtype == samples.occluded.dtype == samples.mask.dtype == np.float32


@pytest.mark.parametrize("name", tiny.MODELS)
def test_a_look_is_the_models_answer_in_the_picture_of_its_stage(name):
    model, samples = tiny.make(name), Samples(tiny.batch_of(name, 9))
    model.compile(recipe="small", features=tiny.described(name).features)
    inputs = {"image": samples.occluded} | ({"mask": samples.mask} if model.contract.needs_mask else {})
    answer = model.answer(inputs)
    for stage in dict.fromkeys(s.picture for s in model.recipe.stages):
        model.begin(next(s.name for s in model.recipe.stages if s.picture == stage))
        picture, mask = samples.look(model)
        np.testing.assert_allclose(picture, np.asarray(answer[stage]), atol=1e-5)
        if model.contract.needs_mask:
            assert mask is None
        else:
            np.testing.assert_array_equal(mask, np.asarray(answer["mask"]))


def test_early_stopping_ends_the_stage_and_not_the_recipe():
    stop = keras.callbacks.EarlyStopping("val_mask_iou", mode="max", patience=1)  # it is 1 from the start
    options = {"scale": 0.25, "interval": 1, "verbose": 0, "validation_data": watched.HeldOut()}
    done = watched.painting_toy().fit_recipe(watched.data, callbacks=[stop], **options)
    assert {stage: len(history.epoch) for stage, history in done.items()} == {"coarse_joint": 2, "refine": 2}
