"""A plausible record of the benchmark, made up: every part, several models, pictures drawn by NumPy."""

import json
import math
from pathlib import Path
from statistics import NormalDist

import cv2
import numpy as np

BASELINES = ("occluded", "telea", "navier_stokes", "mean_face")
MODELS = ("fmodr_128", "c2fdan_128_small", "wavefill_128")
_LEVEL = {"occluded": 0.0, "telea": 0.45, "navier_stokes": 0.42, "mean_face": 0.6}
_GROUPS = {
    "hidden area": {"under 5 %": 31, "5-10 %": 58, "10-20 %": 104, "20 % or more": 57},
    "hides": {"mouth": 63, "nose and mouth": 131, "eyes and nose": 34, "none of them": 22},
    "head": {"under 15 degrees": 170, "15-30 degrees": 61, "30 degrees or more": 19},
    "age": {"under 10 years": 24, "20-40 years": 150, "60 years or more": 31},
    "gender": {"female": 128, "male": 122},
}


class Maker:
    """Draws every number of the record from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def summary(self, mean: float, spread: float, n: int = 250, top: float = math.inf) -> dict:
        mean = float(mean + spread * self.rng.normal() / 8)
        half = 1.96 * spread / math.sqrt(max(n, 1)) * self.rng.uniform(0.9, 1.1)
        return {"mean": min(mean, top), "low": min(mean - half, top), "high": min(mean + half, top), "n": n}

    def scores(self, level: float, n: int, finds: bool) -> dict:
        found = {}
        for area, first in (("hole_", 10.9), ("band_", 15.0), ("", 17.6)):
            found[f"{area}psnr"] = self.summary(first + 9.5 * level, 2.4, n)
            found[f"{area}ssim"] = self.summary((0.22 if area == "hole_" else 0.7) + 0.25 * level, 0.08, n)
            found[f"{area}l1_percent"] = self.summary(14 - 9 * level, 3.0, n)
            found[f"{area}l2_percent"] = self.summary(6 - 4 * level, 2.0, n)
        found["likeness_distance"] = self.summary(0.49 - 0.09 * level, 0.08, n)
        found["landmark_error"] = self.summary(0.062 - 0.03 * level, 0.02, n)
        found["landmark_failures"] = self.summary(0.08 - 0.07 * level, 0.02, n)
        found["feature_distance"] = self.summary(0.41 - 0.2 * level, 0.06, n)
        if finds:
            found["mask_iou"] = self.summary(0.94, 0.03, n, top=1.0)
            found["mask_false"] = self.summary(0.004, 0.002, n)
        return found

    def kind(self, n: int, models: tuple[str, ...]) -> dict:
        levels = _LEVEL | {m: 0.9 + 0.07 * i for i, m in enumerate(models)}
        methods = {m: self.scores(level, n, m in models) for m, level in levels.items()}
        if "occluded" in methods:
            methods["occluded"]["hole_psnr"]["identical"] = 1
            methods["occluded"]["hole_psnr"]["n"] = n - 1
        gains = {
            model: {
                base: {
                    key: self.summary(gain, spread, n) | {"better": float(self.rng.uniform(0.83, 0.995))}
                    for key, gain, spread in (
                        ("hole_psnr", 4.3, 2),
                        ("hole_ssim", 0.18, 0.05),
                        ("likeness_distance", 0.02, 0.04),
                    )
                }
                for base in ("telea", "occluded")
            }
            for model in models
        }
        shown = ("occluded", "telea", *models)
        groups = {
            kind: {
                name: {"n": count, "methods": {m: self.group(levels[m], count, m in models) for m in shown}}
                for name, count in found.items()
            }
            for kind, found in _GROUPS.items()
        }
        return {"methods": methods, "distributions": self.distributions(levels, n), "gains": gains, "groups": groups}

    def group(self, level: float, n: int, finds: bool) -> dict:
        keys = ("hole_psnr", "hole_ssim", "likeness_distance", "landmark_error", "mask_iou")
        level += self.rng.uniform(-0.12, 0.12)
        return {k: v for k, v in self.scores(level, n, finds).items() if k in keys}

    def distributions(self, levels: dict, n: int) -> dict:
        found = {}
        for method, level in levels.items():
            precision, recall = min(0.05 + 0.8 * level, 0.97), min(0.1 + 0.75 * level, 0.95)
            both = {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}
            found[method] = {"frechet_distance": 90 - 70 * level, **both, "realism": 0.8 + 0.3 * level, "n": n}
        return found

    def recognition(self, models: tuple[str, ...]) -> tuple[dict, dict]:
        levels = {"clean": 1.0, "occluded": 0.0, "telea": 0.1} | {m: 0.4 + 0.12 * i for i, m in enumerate(models)}
        verify, identify = {}, {}
        for condition, level in levels.items():
            distance = 1.6 + 2.6 * level
            fpr = np.geomspace(0.0003, 0.97, 80)
            normal = NormalDist()
            fnr = [normal.cdf(-normal.inv_cdf(f) - distance) for f in fpr]
            verify[condition] = {
                "auc": self.summary(0.88 + 0.115 * level, 0.1, 4200, top=1.0),
                "accuracy": self.summary(0.81 + 0.175 * level, 0.15, 4200, top=1.0),
                "tpr_at_fpr_0.01": self.summary(0.38 + 0.59 * level, 0.5, 4200, top=1.0),
                "tpr_at_fpr_0.001": self.summary(0.17 + 0.76 * level, 0.6, 4200, top=1.0),
                "det": {"fpr": fpr.tolist(), "fnr": fnr},
            }
            identify[condition] = {
                f"rank_{k}": self.summary(0.45 + 0.4 * level + 0.1 * math.log10(k), 0.3, 1200, top=1.0)
                for k in (1, 5, 10)
            }
        undone = {m: {k: self.summary(levels[m], 0.9, 4200) for k in verify[m] if k != "det"} for m in models}
        ranks = {m: {k: self.summary(levels[m], 0.9, 1200) for k in identify[m]} for m in models}
        return {"conditions": verify, "undone": undone}, {"conditions": identify, "undone": ranks}


def fake_results(seed: int = 0, models: tuple[str, ...] = MODELS) -> dict:
    """A whole record; `gallery` names pictures that `write_fake` draws."""
    maker = Maker(seed)
    sets = {"ffhq_val": 250, "val": 1000}
    kinds = ("face_mask", "lower_face_rectangle")
    verify, identify = maker.recognition(models)
    return {
        "format": 1,
        "benchmark": {"name": "faces-1", "sha256": "5f" * 32, "side": 128, "seed": 90001},
        "command": "tfinpaint benchmark " + " ".join(models) + " --data data --judge judge.npz --out results.json",
        "environment": {"python": "3.11.7", "tensorflow": "2.21.0", "numpy": "2.4.6", "machine": "x86_64", "cores": 2},
        "models": {
            m: {"model": m.split("_")[0], "weights": f"{i}a" * 32, "parameters": 2328286 + 411 * i, "side": 128}
            for i, m in enumerate(models)
        },
        "judges": {"likeness": {"file": "recogniser.npz", "sha256": "81" * 32}, "features": {"file": "vgg.npz"}},
        "verified": {"ffhq_val": {"face_mask": "same bytes"}, "val": {"face_mask": "same within 2 grey levels"}},
        "sets": {name: {"faces": n, "kinds": {k: maker.kind(n, models) for k in kinds}} for name, n in sets.items()},
        "worn": {"masked_faces": {m: _worn(maker) for m in models}},
        "labelled": {
            "overlay": {m: {k: {"mask_iou": maker.summary(0.88, 0.05, 60)} for k in ("CWM", "IWM")} for m in models}
        },
        "verification": {
            "lfw": {"kind": "face_mask", "hidden": "second", "pairs": 4200, "folds": 7, "judge": "likeness"} | verify
        },
        "identification": {
            "lfw": {"kind": "face_mask", "repeats": 10, "gallery": 100, "queries": 1200, "distractors": 500} | identify
        },
        "gallery": _gallery(maker, models),
        "seconds": {"ffhq_val": {"face_mask": {m: 31.25 for m in (*BASELINES, *models)}}, "whole": 1834.5},
    }


def write_fake(folder: Path, seed: int = 0, models: tuple[str, ...] = MODELS, results: dict | None = None) -> Path:
    """Writes `results.json` and the gallery's pictures; returns the path of the JSON."""
    results = fake_results(seed, models) if results is None else results
    for item in results.get("gallery", ()):
        for method, path in item["pictures"].items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / path), draw_face(item["index"], method)[..., ::-1])
    path = folder / "results.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def draw_face(index: int, method: str = "clean", side: int = 128) -> np.ndarray:
    """An oval with eyes and a mouth, RGB uint8; every method but `clean` has a more or less faint cover on it."""
    rng = np.random.default_rng(index)
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    skin, back = rng.uniform(90, 230, 3), rng.uniform(30, 200, 3)
    picture = np.where((x**2 / 0.11 + y**2 / 0.17 < 1)[..., None], skin, back) * (1 - 0.5 * x[..., None])
    for place in ((-0.13, -0.08), (0.13, -0.08)):
        picture[(x - place[0]) ** 2 + (2 * (y - place[1])) ** 2 < 0.004] = 25
    picture[(np.abs(x) < 0.13) & (np.abs(y - 0.2 - 0.6 * x**2) < 0.018)] = (150, 40, 50)
    cover = {"clean": 0.0, "occluded": 1.0, "telea": 0.5}.get(method, 0.15)
    hole = (np.abs(x) < 0.3) & (y > 0.02) & (y < 0.36)
    picture[hole] = (1 - cover) * picture[hole] + cover * np.array((120, 170, 200))
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def _gallery(maker: Maker, models: tuple[str, ...]) -> list[dict]:
    whys = [("fixed", "", i) for i in (0, 50, 100)]
    whys += [(why, m, 7 + 3 * i + 11 * (why == "worst")) for i, m in enumerate(models) for why in ("best", "worst")]
    items = []
    for why, of, index in whys:
        methods = ("clean", "occluded", "telea", *models)
        scores = {
            m: {"hole_psnr": float(maker.rng.uniform(10, 26)), "likeness_distance": float(maker.rng.uniform(0.3, 0.6))}
            for m in methods[1:]
        }
        pictures = {m: f"gallery/ffhq_val-face_mask-{index}-{m}.png" for m in methods}
        face = {"set": "ffhq_val", "kind": "face_mask", "why": why, "index": index, "name": f"{index:05d}.jpg"}
        items.append(face | ({"of": of} if of else {}) | {"pictures": pictures, "scores": scores})
    return items


def _worn(maker: Maker) -> dict:
    shares = {"nose_and_mouth_found": 0.95, "eye_lost": 0.01, "nothing_found": 0.0}
    return {"faces": 300, "without_face": 4} | shares | {"area": maker.summary(0.25, 0.05, 300)}
