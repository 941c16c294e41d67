"""Which faces belong together: how much is hidden and what, how the head is turned, who it is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces
from tfinpaint.faces.uv.pose import Pose

FEWEST = 5  # a smaller group says nothing
_AREAS = (0.05, 0.1, 0.2, 0.3)
_TURNS = (15, 30)  # degrees
_AGES = (10, 20, 40, 60)
_GENDERS = ("male", "female")
_RACES = ("White", "Black", "Asian", "Indian", "other")  # UTKFace's own labels, partly machine-made


def hidden_area(drawn: DrawnFaces) -> np.ndarray:
    """Which share of the picture is hidden, in words, `(n,)`."""
    share = (drawn.masks * drawn.valid).sum((1, 2, 3)) / np.maximum(drawn.valid.sum((1, 2, 3)), 1)
    return _bins(100 * share, [round(100 * a) for a in _AREAS], " %")


def hides(drawn: DrawnFaces) -> np.ndarray:
    """Which of eyes, nose and mouth lie in the hole, in words, `(n,)`."""
    side = drawn.masks.shape[1]
    x, y = np.clip(np.rint(np.moveaxis(drawn.landmarks, -1, 0)).astype(int), 0, side - 1)
    hidden = drawn.masks[np.arange(len(drawn.masks))[:, None], y, x, 0] > 0.5
    parts = {"eyes": hidden[:, :2].any(1), "nose": hidden[:, 2], "mouth": hidden[:, 3:].any(1)}
    rows = zip(*parts.values(), strict=True)
    return np.array([" and ".join(n for n, h in zip(parts, row, strict=True) if h) or "none of them" for row in rows])


def head(landmarks: np.ndarray) -> np.ndarray:
    """How far the head is turned aside, in words, `(n,)`."""
    turns = []
    for points in landmarks:
        try:
            turns.append(abs(np.rad2deg(Pose.fit(points).yaw)))
        except InputError:
            turns.append(np.nan)
    return _bins(np.array(turns), _TURNS, " degrees")


def people(file: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Age, gender and race of the named faces, in words, where the landmark file has such arrays; empty otherwise."""
    if file.suffix != ".npz":
        return {}
    with np.load(file, allow_pickle=False) as arrays:
        known = [n.decode() if isinstance(n, bytes) else str(n) for n in arrays["name"].tolist()]
        row = {name: index for index, name in enumerate(known)}
        if not {"age", "gender", "race"} <= set(arrays.files) or not set(names) <= set(row):
            return {}
        which = [row[name] for name in names]
        age, gender, race = (arrays[k][which] for k in ("age", "gender", "race"))
    words = {"gender": (_GENDERS, gender), "race": (_RACES, race)}
    return {"age": _bins(age, _AGES, " years")} | {k: np.array(w)[v.astype(int)] for k, (w, v) in words.items()}


def members(labels: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Kind of group -> group -> bool `(n,)`; those of fewer than `FEWEST` faces are left out."""
    groups = {kind: {w: of == w for w in sorted(set(of.tolist()), key=_order)} for kind, of in labels.items()}
    return {k: {w: chosen for w, chosen in g.items() if chosen.sum() >= FEWEST} for k, g in groups.items()}


def _bins(values: np.ndarray, edges: tuple[int, ...] | list[int], unit: str) -> np.ndarray:
    words = [f"under {edges[0]}{unit}"]
    words += [f"{low}-{high}{unit}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    words += [f"{edges[-1]}{unit} or more"]
    return np.where(np.isfinite(values), np.array(words)[np.digitize(values, edges)], "unknown")


def _order(word: str) -> tuple[int, float, str]:
    number = "".join(c for c in word.split("-")[0] if c.isdigit())
    return (0 if word.startswith("under") else 2 if word.endswith("more") else 1), float(number or 0), word
