"""What tables and report call things: metrics with unit, digits and direction; methods; kinds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
