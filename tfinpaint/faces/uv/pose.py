"""A generic head in millimetres, and how it stands in a picture: weak perspective, three angles and two stretches.

The head is an ellipsoid with a nose, with five landmarks and a cylindrical chart. x grows to the picture's right, y
down, z towards the camera; the origin is the tip of the nose. The numbers are average adult proportions (ours): the
surface passes within 2 mm of the landmarks.
"""

from dataclasses import dataclass

import numpy as np

from tfinpaint.errors import InputError

SEMI_AXES = np.array([75.0, 112.0, 95.0])
CENTRE = np.array([0.0, -5.0, -113.0])
LANDMARKS = np.array([[-31.5, -33, -30], [31.5, -33, -30], [0, 0, 0], [-25, 29, -26.5], [25, 29, -26.5]])
WIDEST = np.deg2rad(80)  # the chart ends so far around the head's axis on each side
FOREHEAD, CHIN = -95.0, 78.0  # y at which the chart begins and ends
_NOSE_HEIGHT, _NOSE_WIDTH, _NOSE_LENGTH = 18.0, 11.0, 17.0
_MOST_STEPS = 20  # five are usual
_AT_REST = 1e-6  # of the largest change of a step: log scale, radians, pixels, log stretch
_POINT_NOISE = 0.02  # expected error of a landmark, in eye distances
_LIKELY_TURN = np.deg2rad(25)  # deviation of yaw and pitch over people's photos
_LIKELY_STRETCH = 0.08  # deviation of the logarithm of a face's proportions
_LONGEST_STEP = np.array([0.3, 0.3, 0.3, 0.5, np.inf, np.inf, 0.1, 0.1])


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


@dataclass(frozen=True)
class Pose:
    """Camera pixels = `scale` * the first two rows of `rotation` @ diag(`stretch`) @ millimetres + `shift`.

    Attributes:
        scale: pixels per millimetre.
        yaw: radians, positive when the head looks to the picture's right.
        pitch: radians, positive when it looks up.
        roll: radians, positive when it is tilted clockwise in the picture.
        shift: pixel (x, y) of the tip of the nose.
        stretch: (width, height) of this head over the generic one's.
    """

    scale: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    stretch: tuple[float, float] = (1.0, 1.0)

    @classmethod
    def fit(cls, landmarks: np.ndarray) -> "Pose":
        """The likeliest pose of a head with these five points.

        Gauss-Newton on the points' squared distances in units of 2 % of the eye distance, plus weak priors: angles of
        25 degrees, proportions of 8 %. The points span only 30 mm of depth, so without priors noise would become pose.

        Args:
            landmarks: `(5, 2)` pixels, in the order of `tfinpaint.framing`.

        Raises:
            InputError: not five finite points that span at least a pixel.
        """
        points = np.asarray(landmarks, np.float64)
        if points.shape != (5, 2) or not np.isfinite(points).all() or np.ptp(points, axis=0).max() < 1:
            raise InputError(
                "`landmarks` must be five finite points (5, 2) in pixels that span at least one pixel. "
                f"Received: {np.array2string(points, precision=1, threshold=10, separator=', ')}."
            )
        eyes, mouth = points[:2].mean(0), points[3:].mean(0)
        # In profile the eyes coincide; half the way from eyes to mouth keeps the unit above 0.
        unit = max(np.linalg.norm(points[1] - points[0]), 0.5 * np.linalg.norm(mouth - eyes), 1e-3)
        q = _affine_start(points)
        for _ in range(_MOST_STEPS):
            nudged = _residuals(np.vstack([q, q + 1e-5 * np.eye(8)]), points, unit)
            residual, jacobian = nudged[0], (nudged[1:] - nudged[0]).T / 1e-5
            step = np.linalg.solve(jacobian.T @ jacobian + 1e-6 * np.eye(8), jacobian.T @ residual)
            q = q - np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)  # far from the end a full step may leap
            if np.abs(step).max() < _AT_REST:
                break
        scale, yaw, pitch, roll, x, y, width, height = q.tolist()
        return cls(float(np.exp(scale)), yaw, pitch, roll, (x, y), (float(np.exp(width)), float(np.exp(height))))

    @property
    def rotation(self) -> np.ndarray:
        """`(3, 3)`, head to camera: about the upright axis first, the picture's plane last."""
        return _rotations(*np.array([[self.yaw], [self.pitch], [self.roll]]))[0]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points of the head `(n, 3)` in millimetres -> pixel x, pixel y and depth towards the camera, `(n, 3)`."""
        return self.scale * (points * (*self.stretch, 1.0)) @ self.rotation.T + (*self.shift, 0.0)


def _affine_start(points: np.ndarray) -> np.ndarray:
    """Least-squares affine camera, its nearest scaled rotation, no stretch."""
    camera = np.linalg.lstsq(np.hstack([LANDMARKS, np.ones((5, 1))]), points, rcond=None)[0].T
    left, size, right = np.linalg.svd(camera[:, :3], full_matrices=False)
    rows = left @ right
    third = np.cross(rows[0], rows[1])
    angles = np.arctan2(-third[0], third[2]), np.arcsin(np.clip(third[1], -1, 1)), np.arctan2(-rows[0, 1], rows[1, 1])
    yaw, pitch = np.clip(angles[:2], -1.0, 1.0)
    return np.array([np.log(max(size.mean(), 1e-6)), yaw, pitch, angles[2], *camera[:, 3], 0.0, 0.0])


def _residuals(q: np.ndarray, points: np.ndarray, unit: float) -> np.ndarray:
    """What a pose is charged with, `(n, 14)`, of n poses `(n, 8)`: log scale, three angles, shift, log stretch."""
    stretched = LANDMARKS[None] * np.exp(np.pad(q[:, 6:], ((0, 0), (0, 1))))[:, None]
    seen = stretched @ _rotations(*q.T[1:4])[:, :2].transpose(0, 2, 1)
    missed = np.exp(q[:, :1, None]) * seen + q[:, None, 4:6] - points
    return np.hstack(
        [missed.reshape(-1, 10) / (unit * _POINT_NOISE), q[:, 1:3] / _LIKELY_TURN, q[:, 6:] / _LIKELY_STRETCH]
    )


def _rotations(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Rz(roll) Rx(pitch) Ry(yaw), `(n, 3, 3)`, of angles `(n,)`."""
    (cy, cp, cr), (sy, sp, sr) = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
    rows = [
        [cr * cy - sr * sp * sy, -sr * cp, cr * sy + sr * sp * cy],
        [sr * cy + cr * sp * sy, cr * cp, sr * sy - cr * sp * cy],
        [-cp * sy, sp, cp * cy],
    ]
    return np.array(rows).transpose(2, 0, 1)
