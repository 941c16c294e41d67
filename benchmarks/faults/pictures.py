"""Faults on the road of a picture: wrong pictures from right weights, wrong data, wrong scores."""

from benchmarks.faults.fault import Fault

_GOLDENS = ("tests/goldens/test_goldens.py::test_a_preset_gives_its_goldens[fmodr_128]",)

# What a picture goes through: wrong here means wrong pictures from right weights.
PICTURES = (
    Fault("framing moved by 0.02", "tfinpaint/framing.py", "EYE_LEVEL = 0.38", "EYE_LEVEL = 0.40", _GOLDENS),
    Fault(
        "output 6 levels brighter",
        "tfinpaint/models/base.py",
        'ops.round((ops.clip(answer["image"], -1.0, 1.0) + 1.0) * 127.5)',
        'ops.clip(ops.round((answer["image"] + 1.0) * 127.5) + 6, 0, 255)',
        _GOLDENS,
    ),
    Fault(
        "FMODR returns its coarse picture",
        "tfinpaint/models/fmodr/model.py",
        'return {"image": refined, "mask"',
        'return {"image": coarse, "mask"',
        ("tests/models/test_fmodr.py::test_what_is_restored_is_the_refined_picture",),
    ),
    Fault(
        "red and blue exchanged",
        "tfinpaint/engine/restore.py",
        "_pad(np.stack([_resize(i, size, size) for i in images]), batch_size)",
        "_pad(np.stack([_resize(i, size, size)[..., ::-1] for i in images]), batch_size)",
        _GOLDENS,
    ),
    Fault(
        "composed with the kept pixels painted",
        "tfinpaint/models/compose.py",
        "(1.0 - mask) * image + mask * painted",
        "mask * image + (1.0 - mask) * painted",
        ("tests/models/test_models.py::test_the_output_is_the_input_where_nothing_is_hidden_bit_for_bit",),
    ),
    Fault(
        "a shrunk mask loses thin lines",
        "tfinpaint/engine/restore.py",
        "1e-6 if shrinks else 0.5",
        "0.5",
        ("tests/engine/test_restore_pictures.py::test_a_line_of_one_pixel_still_hides_when_the_picture_shrinks",),
    ),
    Fault(
        "a shrunk photo's mask loses thin lines",
        "tfinpaint/faces/align.py",
        "return hidden > 1e-3",
        "return hidden > 0.5",
        ("tests/faces/test_align.py::test_a_mask_hides_each_pixel_of_the_crop_that_shows_a_hidden_one",),
    ),
    Fault(
        "pasted with a hard edge",
        "tfinpaint/faces/paste.py",
        "opacity = np.clip(distance / (width + 1), 0, 1)[..., None]",
        "opacity = np.ones_like(distance)[..., None]",
        ("tests/faces/test_paste.py::test_the_transition_lies_inside_the_mask",),
    ),
    Fault(
        "pasted beyond the mask",
        "tfinpaint/faces/paste.py",
        "inside = hidden > 0.5 if hole is None",
        "inside = hidden > 0.0 if hole is None",
        _GOLDENS,
    ),
    Fault(
        "the second look paints the painted photo",
        "tfinpaint/restoration/job.py",
        "return Look(matrix, face_tools.resample(self.photo.pixels, matrix, (size, size)), hidden)",
        "pixels = self.pasted().pixels if all(k.mask is not None for k in self.looks) else self.photo.pixels\n"
        "        return Look(matrix, face_tools.resample(pixels, matrix, (size, size)), hidden)",
        ("tests/test_restoration.py::test_a_face_that_lies_elsewhere_when_painted_is_painted_anew_from_the_photo",),
    ),
    Fault(
        "a phone's photo stays lying on its side",
        "tfinpaint/images/reader.py",
        "        ImageOps.exif_transpose(image, in_place=True)\n",
        "",
        ("tests/images/test_same_kind_out.py::test_exif_orientation_is_applied_once_and_reset",),
    ),
    Fault(
        "weights are opened unchecked",
        "tfinpaint/files.py",
        "if (found := sha256(path)) != digest:",
        "if not (found := sha256(path)):",
        ("tests/test_zoo.py::test_weights_are_checked_before_they_are_opened",),
    ),
)

# What the networks learn from.
DATA = (
    Fault(
        "samples of all seeds are the same",
        "tfinpaint/data/pipeline.py",
        "Draws(tf.stack([tf.fill(tf.shape(k), tf.constant(seed, tf.int64)), k], axis=1))",
        "Draws(tf.stack([tf.zeros_like(k), k], axis=1))",
        ("tests/data/test_data_pipeline.py::test_another_seed_gives_another_stream",),
    ),
    Fault(
        "a resumed stream begins at 0",
        "tfinpaint/data/pipeline.py",
        "tf.data.Dataset.range(min(start * batch_size, last), last)",
        "tf.data.Dataset.range(0, last)",
        ("tests/data/test_data_pipeline.py::test_a_resumed_stream_continues_bit_for_bit",),
    ),
    Fault(
        "a mirrored face has its left eye right",
        "tfinpaint/framing.py",
        "MIRRORED = (1, 0, 2, 4, 3)",
        "MIRRORED = (0, 1, 2, 3, 4)",
        ("tests/data/test_data_pipeline.py::test_flips_mirror_everything_and_keep_the_left_points_left",),
    ),
    Fault(
        "the second view is the first",
        "tfinpaint/data/pipeline.py",
        "hide(sample, draw.seeds())",
        "hide(sample, seeds)",
        ("tests/data/test_uv_views_and_distance.py::test_a_positive_pair_is_the_same_picture_under_two_masks",),
    ),
)

# Layers and losses, against loops and numbers by hand.
NETWORKS = (
    Fault(
        "hidden patches may be copied",
        "tfinpaint/layers/_patch_attention.py",
        "self.propagate(self.match(patches, penalty), (rows, columns))  # (batch, n queries, n keys)\n"
        "        attention = ops.softmax(self.scale * scores + penalty, axis=-1)",
        "self.propagate(self.match(patches, penalty), (rows, columns))  # (batch, n queries, n keys)\n"
        "        attention = ops.softmax(self.scale * scores, axis=-1)",
        (
            "tests/layers/test_contextual_attention.py::test_patches_that_touch_the_hole_have_weight_exactly_0_and_rows_sum_to_1",
        ),
    ),
    Fault(
        "cross-attention copies from hidden patches",
        "tfinpaint/layers/patch_cross_attention.py",
        "_HIDDEN * hidden\n",
        "0.0 * hidden\n",
        ("tests/layers/test_patch_cross_attention.py::test_only_visible_patches_are_copied",),
    ),
    Fault(
        "scales of a DMFB do not build on each other",
        "tfinpaint/layers/dmfb.py",
        "found.append(conv(found[-1] + other))",
        "found.append(conv(other))",
        ("tests/layers/test_dmfb.py::test_with_kernels_that_only_copy_the_scales_add_up",),
    ),
    Fault(
        "the critic is told that real is fake",
        "tfinpaint/losses/adversarial.py",
        "per_sample(ops.softplus(-as_float(real))) + per_sample(ops.softplus(as_float(fake)))",
        "per_sample(ops.softplus(as_float(real))) + per_sample(ops.softplus(-as_float(fake)))",
        ("tests/test_losses.py::test_logistic_losses_by_hand",),
    ),
    Fault(
        "made-up borders count in a loss",
        "tfinpaint/losses/pixel.py",
        "values if weight is None else values * as_float(weight)",
        "values",
        ("tests/test_losses.py::test_a_weight_leaves_pixels_out_and_keeps_the_divisor",),
    ),
)

# What is written on the cards.
SCORES = (
    Fault(
        "scores of the hole are those of the picture",
        "tfinpaint/evaluation/metrics/pixels.py",
        "-10 * np.log10(masked_mean(_square(pictures, references), where))",
        "-10 * np.log10(masked_mean(_square(pictures, references), None))",
        ("tests/evaluation/test_metrics.py::test_metrics_over_a_hole_see_only_the_hole",),
    ),
    Fault(
        "a limit that is just reached does not count",
        "tfinpaint/evaluation/protocols/roc.py",
        'np.searchsorted(self.fpr, fpr, side="right") - 1',
        'np.searchsorted(self.fpr, fpr, side="left") - 1',
        ("tests/evaluation/protocols/test_roc.py::test_a_limit_that_is_just_reached_counts",),
    ),
)
