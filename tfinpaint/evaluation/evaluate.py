"""How well a model restores faces that something drawn hides, beside what needs no model."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tfinpaint.evaluation import metrics
from tfinpaint.evaluation.baselines import telea
from tfinpaint.evaluation.judging import distance, look
from tfinpaint.evaluation.summary import summarise

HELD_OUT_SEED = 90_001  # no training of the zoo draws with it
PROTOCOL = "drawn-1"
NEAR = 0.08  # landmarks no further than this from the true ones, in units of the side, stand where they belong

_COMPARED = ("hole_psnr", "hole_ssim", "psnr", "ssim", "identity_distance", "landmark_error")
_SMALLER_IS_BETTER = ("identity_distance", "landmark_error")


def evaluate(
    model: Any,
    faces: Any,
    occlusion: Any,
    *,
    seed: int = HELD_OUT_SEED,
    batch_size: int = 32,
    judge: Any = None,
    landmarks: Any = None,
    progress: Callable[[Iterable], Iterable] | None = None,
) -> dict[str, Any]:
    """Scores occluded faces, Telea's filling (given the true mask) and the model (blind), side by side.

    Every picture is compared as uint8. The hole is the true mask; pixels that alignment made up do not count.

    Args:
        model: anything with `restore(images)` that takes uint8 faces `(n, s, s, 3)` and returns `images` and `masks`.
        faces: a `tfinpaint.data.FaceSet`.
        occlusion: a `tfinpaint.data.occlusions` object; face k gets the occlusion `(seed, k)`.
        seed: of the occlusions.
        batch_size: faces at a time.
        judge: a network of likeness (`build_face_judge`); without it that column is left out.
        landmarks: a network of landmarks (`build_landmark_judge`); without it that column is left out.
        progress: wraps the batches, such as `tqdm.tqdm`.

    Returns:
        `methods`: method -> metric -> mean with 95 % bootstrap interval (see `summarise`): PSNR in dB and SSIM over the
        hole and the image, L1 and L2 in percent over the image, IoU of the model's mask, distance of the judge's
        embeddings, mean landmark distance in units of the side (and how many faces are within 8 %, of the first 20
        and of all). `gains`: the model's paired differences to the others, positive where the model is better, with
        the share of faces where it is. `protocol`, `seed`, `faces`, `side`.
    """
    judges = {"identity_distance": judge, "landmark_error": landmarks}
    judges = {name: network for name, network in judges.items() if network is not None}
    collected: dict[str, list[dict[str, np.ndarray]]] = {}
    batches = drawn_batches(faces, occlusion, seed=seed, batch_size=batch_size)
    for clean, occluded, mask, valid in batches if progress is None else progress(batches):
        restored = model.restore(occluded)
        seen = {name: look(network, clean, batch_size) for name, network in judges.items()}
        pictures = {"occluded": occluded, "telea": telea(occluded, mask), "model": restored.images}
        for method, images in pictures.items():
            scores = _scores(images, clean, mask * valid, valid)
            scores |= {n: distance(look(network, images, batch_size), seen[n]) for n, network in judges.items()}
            if method == "model":
                scores["mask_iou"] = metrics.mask_iou(restored.masks, mask, valid)
            collected.setdefault(method, []).append(scores)
    values = {m: {k: np.concatenate([s[k] for s in parts]) for k in parts[0]} for m, parts in collected.items()}
    return {
        "protocol": PROTOCOL,
        "seed": seed,
        "faces": len(faces),
        "side": int(faces.images.shape[1]),
        "methods": {method: _summary(scores) for method, scores in values.items()},
        "gains": {f"over_{m}": _gains(values["model"], values[m]) for m in values if m != "model"},
    }


def drawn_batches(faces: Any, occlusion: Any, *, seed: int, batch_size: int) -> Iterable[tuple[np.ndarray, ...]]:
    """Batches of uint8 clean and occluded faces, float masks and validity, in the faces' order."""
    from tfinpaint.data import occlude

    fixed = {"shuffle": False, "flip": False, "repeat": False}
    batches = occlude(faces, occlusion, batch_size=batch_size, seed=seed, **fixed)
    for batch in batches.as_numpy_iterator():
        clean, occluded = (np.rint((batch[key] + 1) * 127.5).astype(np.uint8) for key in ("image", "occluded"))
        yield clean, occluded, batch["mask"], batch["valid"]


def _scores(images: np.ndarray, clean: np.ndarray, hole: np.ndarray, valid: np.ndarray) -> dict[str, np.ndarray]:
    x, y = images / 255.0, clean / 255.0
    return {
        "hole_psnr": metrics.psnr(x, y, hole),
        "hole_ssim": metrics.ssim(x, y, hole),
        "psnr": metrics.psnr(x, y, valid),
        "ssim": metrics.ssim(x, y, valid),
        "l1_percent": metrics.l1_percent(x, y, valid),
        "l2_percent": metrics.l2_percent(x, y, valid),
    }


def _summary(scores: dict[str, np.ndarray]) -> dict[str, Any]:
    summary: dict[str, Any] = {name: summarise(values) for name, values in scores.items()}
    if "landmark_error" in scores:
        near = scores["landmark_error"] <= NEAR
        summary["landmarks_near"] = {"of_first_20": int(near[:20].sum()), "of_all": int(near.sum()), "n": len(near)}
    return summary


def _gains(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> dict[str, Any]:
    gains = {}
    for name in _COMPARED:
        if name in ours:
            sign = -1 if name in _SMALLER_IS_BETTER else 1
            both = np.isfinite(ours[name]) & np.isfinite(theirs[name])
            gain = sign * (ours[name][both] - theirs[name][both])
            gains[name] = summarise(gain) | ({"better": float((gain > 0).mean())} if len(gain) else {})
    return gains
