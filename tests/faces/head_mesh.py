"""The generic head as triangles, written down a second time from its description."""

import numpy as np


def chart_of(points: np.ndarray) -> np.ndarray:
    """(u, v) of points `(n, 3)`: 80 degrees to each side, from 95 mm above the nose tip to 78 mm below it."""
    angle = np.degrees(np.arctan2(points[:, 0], points[:, 2] + 113))
    return np.stack([0.5 + angle / 160, (points[:, 1] + 95) / 173], axis=1)


def head_mesh(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices `(n * n, 3)` in millimetres, triangles and chart of the head's front half, beyond the chart's ends."""
    angle, y = np.meshgrid(np.linspace(-np.pi / 2, np.pi / 2, n), -5 + 111.9 * np.sin(np.linspace(-1.57, 1.57, n)))
    ring = np.sqrt(1 - ((y + 5) / 112) ** 2)
    radius = ring / np.hypot(np.sin(angle) / 75, np.cos(angle) / 95)
    x, z = radius * np.sin(angle), radius * np.cos(angle) - 113
    z = z + 18 * np.exp(-(x**2) / (2 * 11**2) - y**2 / (2 * 17**2))
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    index = np.arange(n * n).reshape(n, n)
    a, b, c, d = (corner.ravel() for corner in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]), chart_of(points)
