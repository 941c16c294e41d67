"""A folder of drawn faces as a benchmark lists them, and judges that need no training."""

from pathlib import Path

import cv2
import numpy as np

from tests.faces_for_tests import synthetic_faces
from tfinpaint.evaluation.benchmark import Judges, freeze
from tfinpaint.evaluation.protocols import as_embedder

SIDE, COUNT = 48, 6
KINDS = ("lower_face_rectangle", "rectangle")


def write_faces(folder: Path, count: int = COUNT, first: int = 0) -> None:
    """`faces/` with `faces.npz` beside it: names, five points, age, gender, race."""
    images, points = synthetic_faces(first + count, SIDE)
    images, points = images[first:], points[first:]
    (folder / "faces").mkdir()
    names = [f"{i}.png" for i in range(count)]
    for name, image in zip(names, images, strict=True):
        cv2.imwrite(str(folder / "faces" / name), image[..., ::-1])
    about = {"age": np.arange(count) * 15, "gender": np.arange(count) % 2, "race": np.zeros(count, int)}
    np.savez(folder / "faces.npz", name=np.array(names), landmarks=points, **about)


def write_people(folder: Path) -> None:
    """Four people with two pictures each (the same drawn face with other noise), two folds of two and two pairs."""
    images, points = synthetic_faces(5, SIDE)
    (folder / "people").mkdir()
    rng = np.random.default_rng(0)
    names, landmarks = [], []
    for person in range(5):
        for number in range(1, 3 if person < 4 else 2):
            names.append(f"P{person}_{number:04d}.png")
            noisy = np.clip(images[person] + rng.normal(0, 2, images[person].shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / "people" / names[-1].replace(".png", ".jpg")), noisy[..., ::-1])
            landmarks.append(points[person])
    names = [name.replace(".png", ".jpg") for name in names]
    np.savez(folder / "people.npz", name=np.array(names), landmarks=np.stack(landmarks))
    lines = ["2\t2"]
    for one, other in ((0, 1), (2, 3)):
        lines += [f"P{one}\t1\t2", f"P{other}\t1\t2", f"P{one}\t1\tP{other}\t2", f"P{other}\t1\tP{one}\t2"]
    lines[-1] = "P3\t1\tP4\t1"
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")


def make_protocol(folder: Path, **arguments):
    """The faces of `write_faces`, frozen; batches of four, so that the last one is smaller."""
    return freeze("drawn-1", folder, {"some": "faces"}, KINDS, side=SIDE, batch=4, **arguments)


def mean_colours(chips: np.ndarray) -> np.ndarray:
    """An embedding: the colours of a 4 x 4 mosaic."""
    return chips.reshape(len(chips), 4, 12, 4, 12, 3).mean((2, 4)).reshape(len(chips), -1) / 255


class Corners:
    """A landmark network: 68 points that move with the mean colour."""

    def predict_on_batch(self, faces):
        grid = np.stack(np.meshgrid(np.arange(17), np.arange(4)), -1).reshape(68, 2) / 17.0
        return grid[None] + 0.1 * faces.mean((1, 2, 3))[:, None, None]


class Maps:
    """A feature network with two taps."""

    def predict_on_batch(self, pictures):
        small = pictures[:, ::4, ::4]
        return {"relu1": np.concatenate([small, small**2], -1), "fire9": np.concatenate([small[:, ::3, ::3]] * 2, -1)}


def judges() -> Judges:
    """All three."""
    likeness = as_embedder(mean_colours, name="colours", size=SIDE, metric="euclidean", sha256="f" * 64)
    return Judges(likeness, Corners(), Maps(), keys=(("likeness", "f" * 64),))
