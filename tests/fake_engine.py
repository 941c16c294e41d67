"""Stand-ins for the trained model and the detector, so that the photo road is tested without either."""

import numpy as np

from tfinpaint.faces import Face, template_points

FACE = Face((170.0, 60.0, 100.0, 120.0), 0.95, np.array([[200, 101], [246, 103], [222, 126], [203, 143], [241, 145]]))


class FakeEngine:
    """Paints a grey ramp into the given masks, or into the lower middle of each crop."""

    image_size = 128

    def __init__(self) -> None:
        self.batches: list[int] = []

    def restore(self, images: np.ndarray, masks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        self.batches.append(len(images))
        if masks is None:
            masks = np.zeros((*images.shape[:3], 1), np.float32)
            masks[:, 60:110, 35:95] = 1
        ramp = np.broadcast_to(np.arange(128, dtype=np.uint8)[:, None, None], images.shape[1:])
        return np.where(masks > 0, ramp, images), masks


class UnchangingEngine(FakeEngine):
    """Finds a mask and gives every picture back as it is."""

    def restore(self, images: np.ndarray, masks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        return images, super().restore(images, masks)[1]


class RedEngine(FakeEngine):
    """Finds what is red, wherever it sees it, and paints it grey."""

    def __init__(self, reach: float) -> None:
        super().__init__()
        self.reach = reach

    def restore(self, images: np.ndarray, masks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        self.batches.append(len(images))
        if masks is None:
            masks = (images[..., :1] > images[..., 1:2] + 60.0).astype(np.float32)
        return np.where(masks > 0, np.uint8(128), images), masks


def one_face(pixels: np.ndarray) -> list[Face]:
    """A detector that sees one face in the middle of any photo, 0.4 of its shorter side between forehead and chin."""
    height, width = pixels.shape[:2]
    side = 0.6 * min(height, width)
    corner = np.array([width / 2, height / 2]) - side / 2
    points = (template_points(128) / 128 * side + corner).astype(np.float32)
    return [Face((*corner, side, side), 0.9, points)]


def no_face(pixels: np.ndarray) -> list[Face]:
    return []
