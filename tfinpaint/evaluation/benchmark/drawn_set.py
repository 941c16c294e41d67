"""One set of faces under one kind of occlusion: every method's scores for every face, in resumable parts."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfinpaint.evaluation.baselines import mean_of_others
from tfinpaint.evaluation.benchmark import groups
from tfinpaint.evaluation.benchmark.drawing import DrawnFaces, drawn_faces
from tfinpaint.evaluation.benchmark.measure import Judges, Method, measure, see
from tfinpaint.evaluation.benchmark.parts import Parts
from tfinpaint.evaluation.benchmark.protocol import Protocol

CHUNK = 8  # batches a part: what an interruption can cost, and what is in memory at a time

Values = dict[str, dict[str, np.ndarray]]


def score_set(
    protocol: Protocol,
    name: str,
    kind: str,
    faces: Any,
    methods: Sequence[Method],
    judges: Judges,
    parts: Parts,
    done: Callable[[int], Any],
) -> tuple[Values, dict[str, np.ndarray]]:
    """Scores each face of a set.

    Args:
        protocol: gives seed and batch.
        name: of the set.
        kind: of occlusion.
        faces: a `tfinpaint.data.FaceSet`.
        methods: what restores them.
        judges: what looks at them.
        parts: where finished parts lie.
        done: called with the number of faces that a method has finished.

    Returns:
        method -> score -> `(n,)` (and `clean` -> `features` where there are such), and the words `(n,)` by hidden area,
        by what is hidden and by how the head is turned.
    """
    from tfinpaint.data import occlusions

    occlusion = occlusions.get(kind)
    step = CHUNK * protocol.batch
    values: dict[str, list[dict[str, np.ndarray]]] = {}
    for begin in range(0, len(faces), step):
        which = slice(begin, min(begin + step, len(faces)))
        draw = functools.cache(functools.partial(_draw, protocol, faces, occlusion, begin))
        span = f"{which.start}-{which.stop}"
        clean = parts.get(f"{name}/clean/{span}", repr(judges.keys), lambda w=which: _clean(protocol, faces, w, judges))
        labels = parts.get(f"{name}/{kind}/groups/{span}", "", lambda d=draw: _labels(d()))
        for method in methods:
            compute = functools.partial(_answer, protocol, method, faces, which, draw, judges, clean)
            part = parts.get(f"{name}/{kind}/{method.name}/{span}", f"{method.key} {judges.keys!r}", compute)
            values.setdefault(method.name, []).append(part)
            done(which.stop - which.start)
        values.setdefault("clean", []).append({k: v for k, v in clean.items() if k == "features"})
        values.setdefault("groups", []).append(labels)
    joined = {m: {k: np.concatenate([p[k] for p in some]) for k in some[0]} for m, some in values.items()}
    labels = joined.pop("groups")
    return joined, labels


def _draw(protocol: Protocol, faces: Any, occlusion: Any, begin: int) -> DrawnFaces:
    fixed = {"seed": protocol.seed, "batch_size": protocol.batch}
    return drawn_faces(faces, occlusion, **fixed, start=begin // protocol.batch, batches=CHUNK)


def _clean(protocol: Protocol, faces: Any, which: slice, judges: Judges) -> dict[str, np.ndarray]:
    return see(judges, faces.images[which], faces.landmarks[which], protocol.batch)


def _labels(drawn: DrawnFaces) -> dict[str, np.ndarray]:
    return {
        "hidden area": groups.hidden_area(drawn),
        "hides": groups.hides(drawn),
        "head": groups.head(drawn.landmarks),
    }


def _answer(
    protocol: Protocol,
    method: Method,
    faces: Any,
    which: slice,
    draw: Callable[[], DrawnFaces],
    judges: Judges,
    clean: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    drawn = draw()
    answer = method.answer(drawn, lambda: mean_of_others(faces.images, faces.valid, which))
    return measure(answer, drawn, judges, clean, protocol.batch)
