"""What answers a hidden face, and its scores: one value for each face."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfinpaint.engine import Engine, contract_of
from tfinpaint.errors import InputError
from tfinpaint.evaluation import metrics
from tfinpaint.evaluation.baselines import mean_face, navier_stokes, telea
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces
from tfinpaint.evaluation.judging import look, pooled_features

FRAMING = "wide"  # of the faces of every benchmark
BAND = 1 / 32  # of the side, on either side of the hole's border
POOLED = "fire9"  # SqueezeNet's deepest features stand for whole pictures


class Answer(NamedTuple):
    """Pictures `(n, s, s, 3)` uint8, and the region that was found, `(n, s, s, 1)`; None where it was given."""

    images: np.ndarray
    masks: np.ndarray | None = None


@dataclass(frozen=True)
class Method:
    """One way to restore faces.

    Attributes:
        name: in the results.
        answer: drawn faces, and a function that gives the mean of all other faces for each -> `Answer`.
        key: changes when the answers may; the SHA-256 of a model's weights.
        judged: whether it is a model, whose gains over the others count.
    """

    name: str
    answer: Callable[[DrawnFaces, Callable[[], np.ndarray]], Answer]
    key: str = ""
    judged: bool = False


BASELINES = (
    Method("occluded", lambda drawn, mean: Answer(drawn.occluded)),
    Method("telea", lambda drawn, mean: Answer(telea(drawn.occluded, drawn.masks))),
    Method("navier_stokes", lambda drawn, mean: Answer(navier_stokes(drawn.occluded, drawn.masks))),
    Method("mean_face", lambda drawn, mean: Answer(mean_face(drawn.occluded, drawn.masks, mean()))),
)


def model_methods(models: Mapping[str, Engine], keys: Mapping[str, str], batch_size: int) -> tuple[Method, ...]:
    """The models by name as methods; one whose contract needs a mask is given the true one.

    Raises:
        InputError: a model without a contract, or one that sees faces aligned otherwise than these.
    """
    for name, model in models.items():
        framing = contract_of(model).framing
        if framing != FRAMING:
            raise InputError(
                f"`models` must see faces framed {FRAMING!r}, as those of a benchmark are. Received: {name!r} with "
                f"framing={framing!r}."
            )
    return tuple(Method(n, _answers(m, batch_size), keys.get(n, ""), judged=True) for n, m in models.items())


@dataclass(frozen=True)
class Judges:
    """Networks that no loss of the judged models looks through; each may be None.

    Attributes:
        likeness: an `Embedder` of faces.
        landmarks: gives 68 points, see `build_landmark_judge`.
        features: gives a dict of feature maps, `fire9` among them; see `build_feature_judge`.
        keys: name -> SHA-256 of the file.
    """

    likeness: Any = None
    landmarks: Any = None
    features: Any = None
    keys: tuple[tuple[str, str], ...] = ()


def build_feature_judge(weights: str | Path) -> Any:
    """SqueezeNet with the features that distances are measured on; see `build_squeeze_net`."""
    from tfinpaint.features.squeeze_net import build_squeeze_net

    return build_squeeze_net(weights)


def see(judges: Judges, pictures: np.ndarray, landmarks: np.ndarray, batch_size: int) -> dict[str, np.ndarray]:
    """What the judges make of pictures: `likeness` (n, d), `landmarks` (n, 68, 2), `features` (n, d)."""
    seen = {}
    if judges.likeness is not None:
        seen["likeness"] = judges.likeness(pictures, landmarks)
    if judges.landmarks is not None:
        seen["landmarks"] = look(judges.landmarks, pictures, batch_size)
    if judges.features is not None:
        seen["features"] = pooled_features(judges.features, pictures, tap=POOLED, batch_size=batch_size)
    return seen


def measure(
    answer: Answer, drawn: DrawnFaces, judges: Judges, clean: dict[str, np.ndarray], batch_size: int
) -> dict[str, np.ndarray]:
    """Scores `(n,)` by name, and `features` `(n, d)`; `clean` is what `see` says of the clean faces.

    The hole is the true mask; pixels that the alignment made up do not count.
    """
    scores = _pixels(answer.images, drawn)
    seen = see(judges, answer.images, drawn.landmarks, batch_size)
    if "likeness" in seen:
        scores["likeness_distance"] = np.linalg.norm(seen["likeness"] - clean["likeness"], axis=-1)
    if "landmarks" in seen:
        scores["landmark_error"] = metrics.inter_ocular_error(seen["landmarks"], clean["landmarks"])
        scores["landmark_failures"] = metrics.landmark_failures(scores["landmark_error"])
    if "features" in seen:
        distance = metrics.feature_distance(judges.features, answer.images, drawn.clean, batch_size=batch_size)
        scores |= {"feature_distance": distance, "features": seen["features"]}
    if answer.masks is not None:
        scores["mask_iou"] = metrics.mask_iou(answer.masks, drawn.masks, drawn.valid)
        scores["mask_false"] = metrics.masked_mean(answer.masks, drawn.valid * (1 - drawn.masks))
    return scores


def _answers(model: Engine, batch_size: int) -> Callable[[DrawnFaces, Callable[[], np.ndarray]], Answer]:
    told = contract_of(model).needs_mask

    def answer(drawn: DrawnFaces, mean: Callable[[], np.ndarray]) -> Answer:
        restored = model.restore(drawn.occluded, drawn.masks if told else None, batch_size=batch_size)
        return Answer(restored.images, None if told else restored.masks)

    return answer


def _pixels(images: np.ndarray, drawn: DrawnFaces) -> dict[str, np.ndarray]:
    x, y = images / 255.0, drawn.clean / 255.0
    width = max(1.0, BAND * images.shape[1])
    regions = {
        "hole_": drawn.masks * drawn.valid,
        "band_": metrics.border_band(drawn.masks, width) * drawn.valid,
        "": drawn.valid,
    }
    similarity = metrics.ssim_maps(x, y)
    scores = {}
    for prefix, where in regions.items():
        scores[f"{prefix}psnr"] = metrics.psnr(x, y, where)
        scores[f"{prefix}ssim"] = metrics.masked_mean(similarity, where)
        scores[f"{prefix}l1_percent"] = metrics.l1_percent(x, y, where)
        scores[f"{prefix}l2_percent"] = metrics.l2_percent(x, y, where)
    scores["hole_sharpness"] = metrics.sharpness(x, y, regions["hole_"])
    return scores
