"""What `tfinpaint train-identity` learns from: faces with names, or what a teacher says of each face."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tfinpaint import records
from tfinpaint.errors import InputError
from tfinpaint.files import whole

TEACHER_SIZE = 128


def load_people(paths: list[str], size: int, identities: bool) -> Any:
    """The faces of folders and zips as one set; with `identities` each lies in a folder of its person's name."""
    from tfinpaint.data import concatenate, load_faces

    bar = sys.stderr.isatty()
    try:
        sets = [load_faces(path, size=size, identities=identities, progress=bar) for path in paths]
    except InputError as error:
        if identities and "identities" in str(error):
            raise InputError(
                f"`--data` must hold a folder for each person, or `--teacher FILE` must tell who is alike. {error}"
            ) from None
        raise
    return concatenate(*sets)


def build_teacher(arguments: argparse.Namespace) -> Any:
    """The network of `--teacher`, faces -> embeddings."""
    from tfinpaint.features import feature_network

    return feature_network(arguments.teacher_network, arguments.teacher, dtype="float32")


def teacher_embeddings(arguments: argparse.Namespace, faces: Any, views: Any, out: Path) -> Any:
    """What the teacher says of each view, from `teacher.npz` where an earlier run has asked it the same."""
    import numpy as np

    path, key = out / "teacher.npz", f"{faces.fingerprint} {records.hashes([arguments.teacher])} {len(views.first)}"
    key += f" {arguments.seed}"
    if path.exists():
        with np.load(path) as stored:
            if str(stored["key"]) == key:
                return stored["embeddings"].astype(np.float32)
    large = load_people(arguments.data, TEACHER_SIZE, identities=False)
    found = _ask(build_teacher(arguments), large.images, views)
    with whole(path) as part, open(part, "wb") as file:
        np.savez(file, embeddings=found.astype(np.float16), key=key)
    return found


def _ask(teacher: Any, images: Any, views: Any) -> Any:
    import numpy as np
    from tqdm import tqdm

    from tfinpaint.data.identity_views import view_batches

    batches = tqdm(view_batches(images, views, 100), "teacher", -(-len(views.first) // 100), mininterval=5)
    return np.concatenate([teacher.predict_on_batch(batch) for batch in batches])


def teacher_validation(arguments: argparse.Namespace, size: int) -> tuple[Any, dict]:
    """The faces of `--validation` for the student, and what the teacher says of them."""
    import numpy as np

    from tfinpaint.data.identity_views import identity_views

    large, small = (load_people(arguments.validation, side, identities=False) for side in (TEACHER_SIZE, size))
    target = _ask(build_teacher(arguments), large.images, identity_views(len(large)))
    return small.images.astype(np.float32) / 127.5 - 1, {"teacher": target, "relation": target}
