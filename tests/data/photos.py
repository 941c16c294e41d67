"""Photos for tests of what finds faces in them, and a stand-in for a detector that knows where they are."""

import cv2
import numpy as np

from tests.faces_for_tests import synthetic_faces
from tfinpaint.faces import Face

SIDE = 64


def photo(faces: int = 1, seed: int = 0, shape: tuple[int, int] = (96, 240)) -> np.ndarray:
    """A uint8 RGB photo with drawn faces side by side, smaller to the right, on black ground that tells them apart."""
    pixels = np.zeros((*shape, 3), np.uint8)
    for k, image in enumerate(synthetic_faces(faces, SIDE, seed)[0] if faces else ()):
        side = SIDE - 12 * k
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        pixels[10 : 10 + side, 8 + 75 * k : 8 + 75 * k + side] = np.maximum(small, 12)
    return pixels


def encoded(pixels: np.ndarray, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, pixels[..., ::-1])[1].tobytes()


class Finder:
    """Finds the lit squares of a `photo`; a detector without a network."""

    def __call__(self, pixels: np.ndarray) -> list[Face]:
        lit = np.ascontiguousarray(pixels.max(-1) > 6).astype(np.uint8)
        _, _, boxes, _ = cv2.connectedComponentsWithStats(lit)
        found = []
        for x, y, width, height, area in boxes[1:].astype(float):
            if area > 100:
                points = np.array([[0.365, 0.38], [0.635, 0.38], [0.5, 0.537], [0.384, 0.665], [0.616, 0.665]])
                points = points * [width, height] + [x - 0.5, y - 0.5]
                found.append(Face((x, y, width, height), 0.9, points.astype(np.float32)))
        return found[::-1]
