"""A generic head in millimetres: an ellipsoid with a nose, its five landmarks, and its cylindrical chart.

x grows to the picture's right, y down, z towards the camera; the origin is the tip of the nose. The numbers are average
adult proportions (ours): the surface passes within 2 mm of the landmarks.
"""

import numpy as np

SEMI_AXES = np.array([75.0, 112.0, 95.0])
CENTRE = np.array([0.0, -5.0, -113.0])
LANDMARKS = np.array([[-31.5, -33, -30], [31.5, -33, -30], [0, 0, 0], [-25, 29, -26.5], [25, 29, -26.5]])
WIDEST = np.deg2rad(80)  # the chart ends so far around the head's axis on each side
FOREHEAD, CHIN = -95.0, 78.0  # y at which the chart begins and ends
_NOSE_HEIGHT, _NOSE_WIDTH, _NOSE_LENGTH = 18.0, 11.0, 17.0


def front(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Depth of the front half of the head over (x, y), and its slopes along x and y; any one shape."""
    a, b, c = SEMI_AXES.tolist()
    y0 = y - float(CENTRE[1])
    dome = np.sqrt(np.maximum(1 - (x / a) ** 2 - (y0 / b) ** 2, 1e-6))
    nose = _NOSE_HEIGHT * np.exp(-((x / _NOSE_WIDTH) ** 2 + (y / _NOSE_LENGTH) ** 2) / 2)
    depth = float(CENTRE[2]) + c * dome + nose
    return depth, -c * x / a**2 / dome - nose * x / _NOSE_WIDTH**2, -c * y0 / b**2 / dome - nose * y / _NOSE_LENGTH**2


def unwrap(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(u, v) of points of the head: angle around its upright axis and height, both in [0, 1] on the face."""
    angle = np.arctan2(x, z - float(CENTRE[2]))
    return 0.5 + angle / (2 * float(WIDEST)), (y - FOREHEAD) / (CHIN - FOREHEAD)
