"""The field of a generic head that is turned as five landmarks say, in closed form."""

import numpy as np

from tfinpaint.errors import InputError
from tfinpaint.faces.uv.pose import CENTRE, SEMI_AXES, Pose, front, unwrap

_NEWTON_STEPS = 4
_LONGEST_STEP = 12.0  # millimetres
_LEAST_SLOPE = 0.3  # a ray that grazes the nose still steps towards its near side, and does not leap
_FRONT = 10.0  # millimetres before the head's axis plane: behind it the depth map says nothing


class GenericHead:
    """Estimates a face's dense field from five landmarks alone: no training, no licensed face model.

    A generic head is posed by `Pose.fit`. Each pixel's ray meets the ellipsoid in closed form, and a few Newton steps
    carry the hit onto the nose; the point is unrolled on a cylinder. `valid` is 1 where the front of the face, forehead
    to chin and 80 degrees to each side, is hit.

    Limits: no expression, near-average proportions; hair, forehead and occluders are not left out; beyond about 50
    degrees of yaw the tip of the nose stands out over the cheek and is cut off.

    Example:
        uv, valid = GenericHead()(image, landmarks)

    Reference: the task is that of Ma et al., "Contrastive Attention Network with Dense Field Estimation for Face
    Completion", 2022, who fit a licensed 3D face model; the head is ours.
    """

    def __call__(self, image: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`uv` float32 `(height, width, 2)` in [0, 1] and `valid` float32 `(height, width, 1)`, 0 or 1.

        Args:
            image: `(height, width, channels)`; only its size is used.
            landmarks: `(5, 2)` points in pixels, in the order of `tfinpaint.framing`.

        Raises:
            InputError: no picture, or not five finite points that span at least a pixel.
        """
        if np.ndim(image) != 3:
            raise InputError(f"`image` must be (height, width, channels). Received: shape {np.shape(image)}.")
        return self.field(Pose.fit(landmarks), *np.shape(image)[:2])

    def field(self, pose: Pose, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """The field of a head in a known pose, in the form of `__call__`."""
        to_head = (pose.rotation / (*pose.stretch, 1.0)).T  # camera millimetres -> head millimetres
        x = ((np.arange(width) - pose.shift[0]) / pose.scale)[None, :]
        y = ((np.arange(height) - pose.shift[1]) / pose.scale)[:, None]
        start = [(row[0] * x + row[1] * y).astype(np.float32) for row in to_head]  # (height, width) each
        direction = to_head[:, 2]  # towards the camera

        # The ray start + t * direction in units in which the ellipsoid is the unit ball; the larger root is nearer.
        s = [(o - c) / a for o, c, a in zip(start, CENTRE.tolist(), SEMI_AXES.tolist(), strict=True)]
        d = (direction / SEMI_AXES).tolist()
        square, mixed = float(np.dot(d, d)), s[0] * d[0] + s[1] * d[1] + s[2] * d[2]
        under_root = mixed**2 - square * (s[0] ** 2 + s[1] ** 2 + s[2] ** 2 - 1)
        hit = np.nonzero(under_root > 0)
        t = (np.sqrt(under_root[hit]) - mixed[hit]) / square

        head = _onto_surface([o[hit] for o in start], direction.tolist(), t)
        u, v = unwrap(*head)
        seen = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1) & (head[2] > float(CENTRE[2]))
        uv, valid = np.zeros((height, width, 2), np.float32), np.zeros((height, width, 1), np.float32)
        rows, columns = hit[0][seen], hit[1][seen]
        uv[rows, columns, 0], uv[rows, columns, 1], valid[rows, columns] = u[seen], v[seen], 1
        return uv, valid


def _onto_surface(start: list[np.ndarray], direction: list[float], t: np.ndarray) -> list[np.ndarray]:
    """Points x, y, z where rays from `start` meet the head with its nose, from the ellipsoid's hit at `t`."""
    for _ in range(_NEWTON_STEPS):
        x, y, z = (o + t * d for o, d in zip(start, direction, strict=True))
        depth, slope_x, slope_y = front(x, y)
        slope = direction[2] - slope_x * direction[0] - slope_y * direction[1]
        step = np.clip((z - depth) / np.maximum(slope, _LEAST_SLOPE), -_LONGEST_STEP, _LONGEST_STEP)
        t = t - np.where(z > float(CENTRE[2]) + _FRONT, step, 0)
    return [o + t * d for o, d in zip(start, direction, strict=True)]
