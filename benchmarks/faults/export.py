"""Faults of files that run elsewhere: of other weights, with other pictures, worse than they say."""

from benchmarks.faults.fault import Fault

EXPORT = (
    Fault(
        "a .tflite file of other weights is run",
        "tfinpaint/zoo.py",
        'if lite["weights"] != record.sha256:',
        'if not lite["weights"]:',
        ("tests/export/test_published.py::test_a_file_of_other_weights_is_refused_with_the_command_that_makes_it",),
    ),
    Fault(
        "a damaged .tflite file is run",
        "tfinpaint/export/about.py",
        'if hashlib.sha256(content).hexdigest() != about["network"]["sha256"]:',
        'if not about["network"]["sha256"]:',
        ("tests/export/test_about.py::test_other_files_are_refused_in_a_sentence",),
    ),
    Fault(
        "a file of one preset is run as another",
        "tfinpaint/export/runner.py",
        'if preset not in (None, self.about["name"]):',
        "if preset is None and not self.about:",
        ("tests/export/test_runner.py::test_a_file_of_one_preset_is_not_run_as_another",),
    ),
    Fault(
        "the worst face does not count",
        "tfinpaint/export/write.py",
        'if loss["mean_db"] > mean or loss["worst_db"] > worst:',
        'if loss["mean_db"] > mean:',
        ("tests/export/test_quantize.py::test_a_file_that_loses_too_much_is_not_written_unless_forced",),
    ),
    Fault(
        "sensitive convolutions are of 8 bits",
        "tfinpaint/export/quantize.py",
        "num_bits=16, algorithm_key=cast",
        "num_bits=8",
        (
            "tests/export/test_every_model.py::test_a_tflite_file_answers_as_its_model_with_builtin_operators_only[fmodr]",
        ),
    ),
    Fault(
        "losses are measured on faces that calibrate",
        "benchmarks/export.py",
        "take(slice(1, None, 2)).take(slice(FACES))",
        "take(slice(0, None, 2)).take(slice(FACES))",
        ("tests/export/test_record.py::test_losses_are_measured_on_faces_that_calibrate_nothing",),
    ),
    Fault(
        "faces with outliers calibrate",
        "tfinpaint/export/write.py",
        "[c for c, u in zip(each, usual, strict=True) if u]",
        "[c for c, _ in zip(each, usual, strict=True)]",
        ("tests/export/test_quantize.py::test_a_file_says_what_it_loses_and_outliers_do_not_calibrate_it",),
    ),
    Fault(
        "the road of .tflite files imports TensorFlow",
        "tfinpaint/export/runner.py",
        "from tfinpaint.engine.restore import restore_pictures\n",
        "import tensorflow  # noqa: F401\n\nfrom tfinpaint.engine.restore import restore_pictures\n",
        ("tests/export/test_published.py::test_a_photo_is_restored_where_neither_tensorflow_nor_keras_is",),
    ),
)
