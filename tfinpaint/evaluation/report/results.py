"""The benchmark's one JSON: read and checked, and what tables and report call the things in it."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinpaint.errors import InputError
from tfinpaint.files import write_whole

FORMAT = 1
_PARTS = ("benchmark", "environment", "models", "sets", "worn", "labelled", "verification", "identification")
BASELINES = {
    "clean": "clean",
    "occluded": "occluded",
    "telea": "Telea",
    "navier_stokes": "Navier-Stokes",
    "mean_face": "mean face",
}
_GIVEN_THE_MASK = ("telea", "navier_stokes", "mean_face")


@dataclass(frozen=True)
class Metric:
    """How a number is printed: `scale` times the value, with `digits` behind the point."""

    label: str
    unit: str = ""
    digits: int = 3
    higher: bool | None = True  # is more better? None: neither, or not known
    scale: float = 1.0

    @property
    def heading(self) -> str:
        """Label and unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def number(self, value: float) -> str:
        """The value as printed."""
        return f"{value * self.scale:.{self.digits}f}"

    def interval(self, summary: Mapping[str, Any]) -> str:
        """`[low, high]` as printed."""
        return f"[{self.number(summary['low'])}, {self.number(summary['high'])}]"


SHARE = Metric("share", "%", 1, scale=100)
_PIXELS = {
    "psnr": ("PSNR", "dB", 2, True),
    "ssim": ("SSIM", "", 3, True),
    "l1_percent": ("L1", "%", 2, False),
    "l2_percent": ("L2", "%", 2, False),
}
_AREAS = {"hole_": "hole", "band_": "border", "": "image"}
METRICS = {
    **{f"{a}{k}": Metric(f"{area} {v[0]}", *v[1:]) for a, area in _AREAS.items() for k, v in _PIXELS.items()},
    "hole_sharpness": Metric("hole sharpness, 1 = the photo's", digits=2, higher=None),
    "likeness_distance": Metric("likeness distance", higher=False),
    "landmark_error": Metric("landmark error", "% of eye distance", 2, False, scale=100),
    "landmark_failures": Metric("landmark failures", "%", 1, False, scale=100),
    "feature_distance": Metric("feature distance", higher=False),
    "mask_iou": Metric("mask IoU"),
    "mask_false": Metric("seen pixels taken for hidden", "%", 2, False, scale=100),
    "frechet_distance": Metric("Fréchet distance", digits=2, higher=False),
    "precision": Metric("precision"),
    "recall": Metric("recall"),
    "f1": Metric("F1"),
    "realism": Metric("realism"),
    "auc": Metric("AUC", digits=4),
    "accuracy": Metric("accuracy", "%", 2, scale=100),
    "tpr_at_fpr_0.01": Metric("TPR at FPR 1 %", "%", 1, scale=100),
    "tpr_at_fpr_0.001": Metric("TPR at FPR 0.1 %", "%", 1, scale=100),
    "rank_1": Metric("rank 1", "%", 1, scale=100),
    "rank_5": Metric("rank 5", "%", 1, scale=100),
    "rank_10": Metric("rank 10", "%", 1, scale=100),
}
# The columns of the main tables; the others stand behind them.
MAIN = (
    "hole_psnr",
    "hole_ssim",
    "hole_sharpness",
    "band_psnr",
    "psnr",
    "ssim",
    "likeness_distance",
    "landmark_error",
    "feature_distance",
    "mask_iou",
)


def read_results(path: str | os.PathLike) -> dict[str, Any]:
    """Reads a results file.

    Raises:
        InputError: there is no such file, it is no JSON, or it is no results file of this format.
    """
    try:
        results = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"`results_path` must be a JSON file that `tfinpaint benchmark` wrote. Received: {path} ({error})."
        ) from error
    return check_results(results)


def check_results(results: Any) -> dict[str, Any]:
    """Returns `results` if it looks like the benchmark's record, else raises `InputError`."""
    if not isinstance(results, Mapping) or "format" not in results:
        raise InputError(
            "`results` must be the record that `tfinpaint benchmark` writes. "
            f"Received: {_describe(results)}; run the benchmark again or give its results file."
        )
    if results["format"] != FORMAT:
        raise InputError(
            f"`results` must have format {FORMAT}. Received: format={results['format']!r}; "
            "use the version of tfinpaint that wrote it, or run the benchmark again."
        )
    for part in _PARTS:
        if not isinstance(results.get(part, {}), Mapping):
            raise InputError(f"`results` must hold an object under {part!r}. Received: {_describe(results[part])}.")
    return dict(results)


def main_kind(kinds: Mapping[str, Any], trained: Iterable[str] = ()) -> str:
    """The kind of occlusion that short tables show: the first that a model was trained on, else drawn worn masks."""
    return next(kind for kind in (*trained, "face_mask", *kinds) if kind in kinds)


def trained_on(results: Mapping[str, Any], model: str | None = None) -> list[str]:
    """The kinds of occlusion that a model (the first one by default) was trained on; empty where nobody says."""
    models = results.get("models", {})
    return list(models.get(model or next(iter(models), ""), {}).get("trained on", ()))


def metric(key: str) -> Metric:
    """The metric of a key; one that is not known is printed under its own name, without a direction."""
    return METRICS.get(key) or Metric(key.replace("_", " "), higher=None)


def kind_label(key: str) -> str:
    """A kind of occlusion, a set of pairs or a group in plain words."""
    return key.replace("_", " ")


def hidden_pictures(verification: Mapping[str, Any]) -> str:
    """Which pictures of each pair a verification hid and restored."""
    return "both pictures" if verification.get("hidden") == "both" else "the second picture"


def method_label(method: str, scores: Mapping[str, Any] | None = None) -> str:
    """A method's name, and with `scores` what it was told. Only a blind model has a score for a found mask."""
    if method in BASELINES:
        return BASELINES[method] + (" (true mask given)" if scores is not None and method in _GIVEN_THE_MASK else "")
    if scores is None:
        return method
    return f"{method}, {'blind' if 'mask_iou' in scores else 'true mask given'}"


def remark(summary: Mapping[str, Any], faces: int | None = None) -> str:
    """What the reader must know beside the interval: another number of faces, faces without a finite value."""
    parts = [f"n {summary['n']}"] if faces is not None and summary.get("n") != faces else []
    parts += [f"{summary[key]} {key}" for key in ("identical", "undefined") if summary.get(key)]
    return ", ".join(parts)


def write_text(text: str, path: str | os.PathLike) -> Path:
    """Writes a text file, which appears whole or not at all; returns its path."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(f"`path` must lie in a folder that can be written. Received: {path} ({error}).") from error
    return Path(path)


def _describe(value: Any) -> str:
    return f"an object with {sorted(value)[:5]}" if isinstance(value, Mapping) else f"a {type(value).__name__}"
