"""The frozen benchmark: what is measured on, how it is run, and the one record that tables and report are made from."""

from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_batches
from tfinpaint.evaluation.benchmark.files import ListedFile, list_files
from tfinpaint.evaluation.benchmark.freeze import HELD_OUT_SEED, freeze
from tfinpaint.evaluation.benchmark.measure import Judges, build_feature_judge
from tfinpaint.evaluation.benchmark.protocol import Protocol, load_protocol, save_protocol
from tfinpaint.evaluation.benchmark.run import run_benchmark

__all__ = [
    "HELD_OUT_SEED",
    "DrawnFaces",
    "Judges",
    "ListedFile",
    "Protocol",
    "build_feature_judge",
    "drawn_batches",
    "freeze",
    "list_files",
    "load_protocol",
    "run_benchmark",
    "save_protocol",
]
