"""Stand-ins for the trained model and the detector, so that the photo road is tested without either."""

import numpy as np

from tfinpaint.engine import Contract, Restoration
from tfinpaint.faces import Face, template_points

FACE = Face((170.0, 60.0, 100.0, 120.0), 0.95, np.array([[200, 101], [246, 103], [222, 126], [203, 143], [241, 145]]))


class FakeEngine:
    """Paints a grey ramp into the given masks, or into the lower middle of each crop.

    Args:
        contract: what it says of itself; what it does not say it can do, it refuses to do.
    """

    image_size = 128

    def __init__(self, contract: Contract | None = None) -> None:
        self.contract = contract or Contract()
        self.batches: list[int] = []
        self.seen: list[np.ndarray] = []
        self.seeds: list[int | None] = []

    def restore(
        self, images: np.ndarray, masks: np.ndarray | None = None, *, seed: int | None = None, batch_size: int = 16
    ) -> Restoration:
        assert self.contract.finds_mask or masks is not None
        assert self.contract.draws or seed is None
        self.batches.append(len(images))
        self.seen += list(images)
        self.seeds.append(seed)
        masks = self.find(images) if masks is None else masks
        return Restoration(np.where(masks > 0, self.paint(images, seed), images), masks)

    def find(self, images: np.ndarray) -> np.ndarray:
        masks = np.zeros((*images.shape[:3], 1), np.float32)
        masks[:, 60:110, 35:95] = 1
        return masks

    def paint(self, images: np.ndarray, seed: int | None) -> np.ndarray:
        return np.broadcast_to(np.arange(128, dtype=np.uint8)[:, None, None], images.shape[1:])


class UnchangingEngine(FakeEngine):
    """Finds a mask and gives every picture back as it is."""

    def paint(self, images: np.ndarray, seed: int | None) -> np.ndarray:
        return images


class RedEngine(FakeEngine):
    """Finds what is red, wherever it sees it, and paints it grey."""

    def __init__(self, reach: float = 1.0, **contract: object) -> None:
        super().__init__(Contract(reach=reach, **contract))

    def find(self, images: np.ndarray) -> np.ndarray:
        return (images[..., :1] > images[..., 1:2] + 60.0).astype(np.float32)

    def paint(self, images: np.ndarray, seed: int | None) -> np.ndarray:
        return np.full_like(images, 128)


class DrawingEngine(RedEngine):
    """A painter of whole faces that draws: noise of (seed, place in the call); without a seed a grey of 128."""

    def __init__(self) -> None:
        super().__init__(mask="whole", noise={"z": (4,)})

    def paint(self, images: np.ndarray, seed: int | None) -> np.ndarray:
        if seed is None:
            return super().paint(images, seed)
        draws = [np.random.default_rng([seed, k]) for k in range(len(images))]
        return np.stack([draw.integers(100, 156, images.shape[1:], np.uint8) for draw in draws])


class CopyingEngine(FakeEngine):
    """Must be told what is hidden, and says that it copied all of it from 32 pixels farther right."""

    def __init__(self) -> None:
        super().__init__(Contract(mask="needs", extras=("offsets",)))

    def restore(self, images: np.ndarray, masks: np.ndarray | None = None, **options: object) -> Restoration:
        restored = super().restore(images, masks, **options)
        return Restoration(restored.images, restored.masks, {"offsets": restored.masks * np.array([0, 32], np.float32)})


def one_face(pixels: np.ndarray) -> list[Face]:
    """A detector that sees one face in the middle of any photo, 0.4 of its shorter side between forehead and chin."""
    height, width = pixels.shape[:2]
    side = 0.6 * min(height, width)
    corner = np.array([width / 2, height / 2]) - side / 2
    points = (template_points(128) / 128 * side + corner).astype(np.float32)
    return [Face((*corner, side, side), 0.9, points)]


def no_face(pixels: np.ndarray) -> list[Face]:
    return []
