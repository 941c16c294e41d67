"""Training teaches: from scratch the error on unseen faces falls; fine-tuning does not make the trained model worse."""

import keras
import numpy as np
import pytest

from tests.faces_for_tests import synthetic_faces
from tests.models import run_stages
from tfinpaint import zoo
from tfinpaint.data import FaceSet, occlude
from tfinpaint.data.occlusions import FaceMask
from tfinpaint.models import FMODR
from tfinpaint.training import Recipe, Stage, Update


def faces(count, seed):
    images, landmarks = synthetic_faces(count, 64, seed)
    names = tuple(f"{seed}_{i}" for i in range(count))
    return FaceSet(images, landmarks, np.ones((*images.shape[:3], 1), np.uint8), names)


def batches(count, seed, endless):
    options = {} if endless else {"shuffle": False, "flip": False, "repeat": False}
    return occlude(faces(count, seed), FaceMask(), batch_size=8, seed=seed, **options)


def test_the_error_on_unseen_faces_falls_by_a_third():
    """Detector, coarse and refine together, from scratch, a few hundred steps on drawn faces."""
    keras.utils.set_random_seed(0)
    model = FMODR(
        image_size=64,
        detector_widths=(8, 16, 16),
        detector_skips=True,
        coarse_widths=(8, 16, 32, 32),
        refine_widths=(8, 8, 16),
        refine_dilations=(2,),
        residual=True,
        critic_widths=(4, 8, 8),
        critic_dense=8,
        stem=2,
    )
    recipe = Recipe(
        (
            Stage("detector", {"steps": 120}, 8, (Update({"detector": 2e-3}, {"mask_mse": 1.0}),)),
            Stage("coarse", {"steps": 200}, 8, (Update({"coarse": 2e-3}, {"rec_coarse": 1.0}),), ("detector",)),
            Stage("refine", {"steps": 80}, 8, (Update({"refine": 1e-3}, {"rec_refine": 1.0}),), ("detector", "coarse")),
        )
    )
    model.compile(recipe, stage="detector", features=run_stages.features())
    held_out = batches(32, seed=2, endless=False)
    before = model.evaluate(held_out, verbose=0, return_dict=True)["hole_l1"]
    model.fit_recipe(batches(128, seed=1, endless=True), interval=100, verbose=0)
    after = model.evaluate(held_out, verbose=0, return_dict=True)
    assert after["hole_l1"] < before * 2 / 3
    assert after["mask_iou"] > 0.5


@pytest.mark.shared
def test_fine_tuning_does_not_make_the_trained_model_worse(shared):
    from tfinpaint.data import default_occlusion, load_faces

    if zoo.preset("fmodr").file is None:
        pytest.skip("no weights are published")
    held_out = load_faces(shared / "faces" / "ffhq_val.zip", limit=32)
    some = load_faces(shared / "faces" / "ffhq_train.zip", limit=256)
    validation = occlude(held_out, default_occlusion(), batch_size=32, seed=77, shuffle=False, flip=False, repeat=False)
    model = zoo.load("fmodr")
    model.compile()  # the last stage, through the recogniser that comes with the package
    before = model.evaluate(validation, verbose=0, return_dict=True)["hole_l1"]
    model.fit(occlude(some, default_occlusion(), batch_size=8, seed=1), steps_per_epoch=8, verbose=0)
    after = model.evaluate(validation, verbose=0, return_dict=True)["hole_l1"]
    assert after < before * 1.02
