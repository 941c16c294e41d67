"""Faults against what the ledgers of FMODR, C2FDAN and CA-GAN claim: networks, terms, recipes not the papers'."""

from benchmarks.faults.fault import Fault

_RECIPE, _CLAIMS = "tfinpaint/models/fmodr/recipe.py", "tests/models/test_fmodr_claims.py"

FMODR = (
    Fault(
        "FMODR: the paper's rate is a thousand times as large",
        _RECIPE,
        "_RATE = 1.5e-5",
        "_RATE = 1.5e-2",
        (f"{_CLAIMS}::test_stage_by_stage_the_recipe_is_the_papers",),
    ),
    Fault(
        "FMODR: nothing is frozen in the refine stage",
        _RECIPE,
        """            frozen=("detector", "coarse", "perceptual"),
        ),
        Stage(
            "refine_critic",""",
        """        ),
        Stage(
            "refine_critic",""",
        (f"{_CLAIMS}::test_stage_by_stage_the_recipe_is_the_papers",),
    ),
    Fault(
        "FMODR: eq. 2 of the refined picture looks at the coarse one",
        "tfinpaint/models/fmodr/terms.py",
        'return losses.mean_l1(outputs["refined"], batch["image"], batch.get("valid"))',
        'return losses.mean_l1(outputs["coarse"], batch["image"], batch.get("valid"))',
        (f"{_CLAIMS}::test_eq_2_looks_at_its_own_composed_picture",),
    ),
    Fault(
        "FMODR: eq. 3 looks at the upper left corner",
        "tfinpaint/models/fmodr/model.py",
        "return self.image_size * 7 // 16, (self.image_size - side) // 2, side",
        "return 0, 0, side",
        (f"{_CLAIMS}::test_the_window_holds_nose_mouth_and_chin_and_the_paper_has_the_whole_picture",),
    ),
    Fault(
        "FMODR: the small recipe drops reconstruction and identity in the last stage",
        _RECIPE,
        '{"rec_refine": 0.5, **_REFINED, "perceptual": 3.3e-4}',
        '{"adv_g_refine": 1e-3, "perceptual": 3.3e-4}',
        (f"{_CLAIMS}::test_the_small_recipe_is_as_the_ledger_says",),
    ),
    Fault(
        "FMODR: all terms reach the kernels",
        _RECIPE,
        'route={**_to_refine("rec_refine", *_REFINED), "perceptual": ("sca",)},',
        "route={},",
        (f"{_CLAIMS}::test_the_kernels_learn_from_the_perceptual_term_and_from_no_other",),
    ),
)

_C2FDAN = "tests/models/test_c2fdan_claims.py"

C2FDAN = (
    Fault(
        "C2FDAN: the fine network's dense blocks use ReLU",
        "tfinpaint/models/c2fdan/networks.py",
        'DMFB("elu", name="fused_dmfb")',
        'DMFB("relu", name="fused_dmfb")',
        (f"{_C2FDAN}::test_blocks_take_the_activation_of_their_network",),
    ),
    Fault(
        "C2FDAN: the critics judge a picture painted anew",
        "tfinpaint/training/step.py",
        "(means, count, tree.map_structure(ops.stop_gradient, outputs))",
        "(means, count, {})",
        (f"{_C2FDAN}::test_a_step_paints_once_and_its_critics_judge_that_picture",),
    ),
    Fault(
        "C2FDAN: the small recipe drops the fine picture's structural similarity",
        "tfinpaint/models/c2fdan/recipe.py",
        '"occ_l1_fine": 2.0, "ssim_fine": 10.0}',
        '"occ_l1_fine": 2.0}',
        (f"{_C2FDAN}::test_the_small_recipe_is_as_the_ledger_says",),
    ),
    Fault(
        "C2FDAN: the small recipe drops the coarse picture's structural similarity",
        "tfinpaint/models/c2fdan/recipe.py",
        '{**_COARSE, "ssim_coarse": 6.0}',
        "_COARSE",
        (f"{_C2FDAN}::test_the_small_recipe_is_as_the_ledger_says",),
    ),
    Fault(
        "C2FDAN: a pixel is hidden above 0.9",
        "tfinpaint/models/c2fdan/model.py",
        "threshold: float = 0.5",
        "threshold: float = 0.9",
        ("tests/goldens/test_goldens.py::test_a_preset_gives_its_goldens[c2fdan_128_small]",),
    ),
    Fault(
        "C2FDAN: training composes with the true mask",
        "tfinpaint/models/c2fdan/model.py",
        'return compose(batch["occluded"], given["raw"], given["mask"])',
        'return compose(batch["occluded"], given["raw"], batch["mask"])',
        (
            "tests/models/test_c2fdan.py::test_eq_2_composes_with_the_soft_mask_in_training_and_keeps_known_pixels_when_restoring",
        ),
    ),
)

_CAGAN = "tests/models/test_ca_gan_claims.py"

CAGAN = (
    Fault(
        "CA-GAN: the coarse network sees what lies in the hole",
        "tfinpaint/models/ca_gan/model.py",
        "visible = _white_in(image, mask)",
        "visible = image",
        ("tests/models/test_ca_gan.py::test_what_lies_in_the_hole_reaches_no_network",),
    ),
    Fault(
        "CA-GAN: what the critics say teaches the coarse network, too",
        "tfinpaint/models/ca_gan/recipe.py",
        'route={"wgan_g": ("refine",)},',
        "route={},",
        (f"{_CAGAN}::test_what_the_critics_say_teaches_the_refine_network_and_not_the_coarse_one",),
    ),
    Fault(
        "CA-GAN: the critics step on one batch five times",
        "tfinpaint/models/ca_gan/recipe.py",
        "times=5, fresh=True",
        "times=5",
        (f"{_CAGAN}::test_critics_step_five_times_on_fresh_batches_and_the_painters_once_on_another",),
    ),
    Fault(
        "CA-GAN: the penalty is that of the whole picture",
        "tfinpaint/models/ca_gan/terms.py",
        "losses.gradient_penalty(gradient, hole)",
        "losses.gradient_penalty(gradient)",
        (f"{_CAGAN}::test_the_penalty_of_linear_critics_is_that_of_their_weights_in_the_hole",),
    ),
    Fault(
        "CA-GAN: the discount is off by one pixel",
        "tfinpaint/losses/discounted.py",
        "ops.power(gamma, distance)",
        "ops.power(gamma, distance - 1.0)",
        (f"{_CAGAN}::test_reconstruction_is_discounted_in_the_hole_and_plain_around_it",),
    ),
)
