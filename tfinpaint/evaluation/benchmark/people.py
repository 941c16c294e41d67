"""Who is it? Verification and identification with clean, hidden and restored faces, under one protocol."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfinpaint.evaluation import protocols
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_faces
from tfinpaint.evaluation.benchmark.drawn_set import CHUNK
from tfinpaint.evaluation.benchmark.measure import Judges, Method
from tfinpaint.evaluation.benchmark.parts import Parts
from tfinpaint.evaluation.benchmark.protocol import Protocol
from tfinpaint.evaluation.protocols.pairs import Pairs, person

SHOWN = ("occluded", "telea")  # beside the models
_FEWEST = 100  # pairs of a quick look
_REPEATS = 10


class People(NamedTuple):
    """Aligned faces `faces` (a `FaceSet`) and the pairs that name them; `row` is each pair picture's place."""

    faces: Any
    pairs: Pairs
    row: dict[str, int]


def load_people(protocol: Protocol, name: str, data: Path, limit: int | None) -> People:
    """The pairs of a verification set and the pictures that they name.

    Args:
        protocol: lists the files.
        name: of the set.
        data: folder below which they lie.
        limit: about so many pairs, evenly spread over the folds (100 at least); all by default.
    """
    from tfinpaint.data import load_faces
    from tfinpaint.data.landmark_files import read_landmarks

    files = {role: data / path for role, (path, _) in protocol.people[name].items()}
    pairs = protocols.read_pairs(files["pairs"])
    if limit is not None and limit < len(pairs):
        pairs = pairs.take(np.linspace(0, len(pairs) - 1, max(limit, _FEWEST)).astype(int))
    points = read_landmarks(files["landmarks"])
    pairs.check_names(points, f"the landmarks {str(files['landmarks'])!r}")
    points = {name: points[name] for name in pairs.names}
    faces = load_faces(files["images"], size=protocol.side, landmarks=points)
    row = {name: index for index, name in enumerate(faces.names)}
    pairs.check_names(row, repr(str(files["images"])))
    return People(faces, pairs, row)


def score_people(
    protocol: Protocol,
    name: str,
    people: People,
    methods: Sequence[Method],
    judges: Judges,
    parts: Parts,
    done: Callable[[int], Any],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The records of verification with one and with both pictures hidden, and of identification.

    The first picture of a pair stays as it is, or is treated as the second one; the gallery stays as it is; the second
    picture, and the query, is hidden and restored. The first kind of the protocol hides it. All are seen in the same
    crop, by the same landmarks.

    Args:
        protocol: gives kind, seed and batch.
        name: of the set.
        people: see `load_people`.
        methods: those of `SHOWN` and the models are looked at.
        judges: whose likeness network embeds the faces.
        parts: where finished parts lie.
        done: called with the number of faces that a method has finished.
    """
    chosen = [m for m in methods if m.name in SHOWN or m.judged]
    seen = _embeddings(protocol, name, people.faces, chosen, judges, parts, done)
    metric = judges.likeness.metric
    pairs = people.pairs
    rows = np.array([people.row[n] for n in pairs.names])
    first, second = rows[pairs.first], rows[pairs.second]
    clean = seen["clean"]
    about = {"kind": protocol.kinds[0], "judge": judges.likeness.name, "metric": metric}
    counted = {"pairs": len(pairs), "folds": pairs.folds}
    one = {m: protocols.verify(clean[first], e[second], pairs, metric=metric) for m, e in seen.items()}
    both = {m: protocols.verify(e[first], e[second], pairs, metric=metric) for m, e in seen.items()}
    verification = about | {"hidden": "second"} | counted | _record(one)
    of_both = about | {"hidden": "both"} | counted | _record(both)

    who = [person(n) for n in people.faces.names]
    counts = {p: who.count(p) for p in set(who)}
    able = np.array([counts[p] > 1 for p in who])
    strangers = np.flatnonzero(~able)
    trials = protocols.draw_trials(
        [p for p, a in zip(who, able, strict=True) if a],
        repeats=_REPEATS,
        distractors=len(strangers),
        seed=protocol.seed,
    )
    crowd = {"strangers": clean[strangers], "metric": metric}
    ranks = {m: protocols.identify(e[able], clean[able], trials, **crowd) for m, e in seen.items()}
    return verification, of_both, about | trials.describe() | _record(ranks)


def _record(outcomes: dict[str, Any]) -> dict[str, Any]:
    clean, hidden = outcomes["clean"], outcomes["occluded"]
    others = {m: o for m, o in outcomes.items() if m not in ("clean", "occluded")}
    return {
        "conditions": {m: o.summary() for m, o in outcomes.items()},
        "undone": {m: protocols.undone(clean, hidden, o) for m, o in others.items()},
    }


def _embeddings(
    protocol: Protocol,
    name: str,
    faces: Any,
    methods: Sequence[Method],
    judges: Judges,
    parts: Parts,
    done: Callable[[int], Any],
) -> dict[str, np.ndarray]:
    """Condition -> embeddings of all faces, `(n, d)`."""
    from tfinpaint.data import occlusions

    occlusion = occlusions.get(protocol.kinds[0])
    step = CHUNK * protocol.batch
    key = repr(dict(judges.keys).get("likeness"))
    seen: dict[str, list[np.ndarray]] = {}
    for begin in range(0, len(faces), step):
        which = slice(begin, min(begin + step, len(faces)))
        span = f"{which.start}-{which.stop}"
        fixed = {"seed": protocol.seed, "batch_size": protocol.batch, "batches": CHUNK}
        draw = cache(partial(drawn_faces, faces, occlusion, start=begin // protocol.batch, **fixed))
        clean = partial(_embed, judges, lambda w=which: faces.images[w], faces.landmarks[which])
        seen.setdefault("clean", []).append(parts.get(f"{name}/clean/{span}", key, clean)["likeness"])
        for method in methods:
            answer = partial(_pictures, method, draw)
            compute = partial(_embed, judges, answer, faces.landmarks[which])
            label = f"{name}/{protocol.kinds[0]}/{method.name}/{span}"
            seen.setdefault(method.name, []).append(parts.get(label, f"{method.key} {key}", compute)["likeness"])
            done(which.stop - which.start)
    return {condition: np.concatenate(some) for condition, some in seen.items()}


def _pictures(method: Method, draw: Callable[[], DrawnFaces]) -> np.ndarray:
    return method.answer(draw(), lambda: None).images


def _embed(judges: Judges, pictures: Callable[[], np.ndarray], landmarks: np.ndarray) -> dict[str, np.ndarray]:
    return {"likeness": judges.likeness(pictures(), landmarks)}
