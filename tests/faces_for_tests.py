"""Faces drawn with ellipses, for machines without the data kit: crude, but with true landmarks."""

import cv2
import numpy as np

from tfinpaint.framing import template_points


def synthetic_faces(n: int, size: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`n` drawn faces, uint8 RGB `(n, size, size, 3)`, and their five points, float32 `(n, 5, 2)` in pixels.

    Background, skin, hair, eyes, nose and mouth vary; the points are where the features were drawn: pupils dark,
    nose tip bright, mouth corners at the ends of a red line.
    """
    drawn = [_face(size, np.random.default_rng([seed, index])) for index in range(n)]
    return np.stack([image for image, _ in drawn]), np.stack([points for _, points in drawn])


def _face(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    scale = 4  # drawn large and shrunk by areas, so that edges are soft
    side = size * scale
    middle, turn = template_points(size).mean(0), rng.normal(0, 0.05)
    rotation = rng.normal(1, 0.04) * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (template_points(size) - middle) @ rotation.T + middle + rng.normal(0, 0.015 * size, 2)
    points[2] += rng.normal(0, 0.012 * size, 2)

    ramp = np.linspace(0, 1, side)[:, None, None] * rng.uniform(-60, 60, 3)
    image = np.clip(np.ones((side, side, 3)) * rng.uniform(40, 220, 3) + ramp, 0, 255).astype(np.uint8)
    skin = np.array([225, 180, 150]) * rng.uniform(0.35, 1.1)
    at = (points + 0.5) * scale
    eye = np.hypot(*(at[1] - at[0]))
    degrees = float(np.degrees(turn))

    def ellipse(centre: np.ndarray, axes: tuple[float, float], colour: np.ndarray) -> None:
        box = (tuple(map(float, centre)), (2 * eye * axes[0], 2 * eye * axes[1]), degrees)
        cv2.ellipse(image, box, np.clip(colour, 0, 255).tolist(), -1, cv2.LINE_AA)

    centre = at[2] + 0.1 * eye * np.array([-np.sin(turn), np.cos(turn)])
    ellipse(centre - [0, 0.25 * eye], (1.25, 1.6), rng.uniform(10, 120, 3))
    ellipse(centre, (1.08, 1.35), np.minimum(skin, 255))
    for point in at[:2]:
        ellipse(point, (0.2, 0.1), np.array([240, 240, 240]))
        ellipse(point, (0.09, 0.09), np.array([20, 15, 10]))
        ellipse(point - [0, 0.25 * eye], (0.26, 0.05), skin * 0.3)
    ellipse(at[2], (0.16, 0.1), np.minimum(skin * 1.25, 255))
    ends = [tuple(int(v) for v in p) for p in at[3:]]
    cv2.line(image, *ends, (170, 50, 60), max(2, int(0.16 * eye)), cv2.LINE_AA)
    noise = rng.normal(0, 3, (size, size, 3))
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return np.clip(small + noise, 0, 255).astype(np.uint8), points.astype(np.float32)
