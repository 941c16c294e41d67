"""A sheet on which a sprite is drawn: shapes, relief under one light, and paint with opacity."""

from collections.abc import Sequence

import cv2
import numpy as np

SIDE = 160  # of a sprite, pixels
_FINE = 2  # drawn so many times larger, then averaged
_SHARE = 16  # cv2's coordinates are integers: so many parts of a pixel
_ACROSS = SIDE * _FINE

Points = Sequence[Sequence[float]] | np.ndarray
Colour = Sequence[float] | np.ndarray


class Canvas:
    """A sprite in the making. Lengths are shares of its side, (0, 0) is the upper left corner.

    Shapes are coverages, float32 arrays of the canvas's size in [0, 1]; `paint` lays a colour on a coverage.

    Args:
        rng: draws where the light comes from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.pixels = np.zeros((_ACROSS, _ACROSS, 4), np.float32)  # colour times opacity, opacity
        line = (np.arange(_ACROSS, dtype=np.float32) + 0.5) / _ACROSS
        self.x, self.y = line[None, :], line[:, None]
        light = np.array([rng.uniform(-0.45, 0.45), -0.55, 0.85])
        self.light = (light / np.linalg.norm(light)).astype(np.float32)

    def polygon(self, points: Points) -> np.ndarray:
        """What lies inside a closed line."""
        sheet = np.zeros((_ACROSS, _ACROSS), np.uint8)
        cv2.fillPoly(sheet, [_fixed(points)], 255, cv2.LINE_AA, 4)
        return sheet.astype(np.float32) / 255

    def stroke(self, points: Points, width: float, closed: bool = False) -> np.ndarray:
        """A line of one width."""
        sheet = np.zeros((_ACROSS, _ACROSS), np.uint8)
        cv2.polylines(sheet, [_fixed(points)], closed, 255, max(round(width * _ACROSS), 1), cv2.LINE_AA, 4)
        return sheet.astype(np.float32) / 255

    def hatch(self, lines: Sequence[Points], greys: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """Hair-thin lines, each of its grey, as one field of greys and one coverage."""
        grey, cover = (np.full((_ACROSS, _ACROSS), value, np.uint8) for value in (round(np.mean(greys) * 255), 0))
        for line, value in zip(lines, greys, strict=True):
            cv2.polylines(grey, [_fixed(line)], False, value * 255, 1, cv2.LINE_AA, 4)
            cv2.polylines(cover, [_fixed(line)], False, 255, 1, cv2.LINE_AA, 4)
        return grey.astype(np.float32) / 255, cover.astype(np.float32) / 255

    def ellipse(self, centre: Sequence[float], axes: Sequence[float], turn: float = 0.0) -> np.ndarray:
        """What lies inside an ellipse of half `axes`, turned by `turn` radians."""
        return self.polygon(oval(centre, axes, turn))

    def noise(self, cells: int, rows: int | None = None) -> np.ndarray:
        """A smooth field of about unit deviation with `cells` lumps across and `rows` down."""
        knots = self.rng.normal(0, 1.3, (rows or cells, cells)).astype(np.float32)
        return cv2.resize(knots, (_ACROSS, _ACROSS), interpolation=cv2.INTER_CUBIC)

    def soft(self, shape: np.ndarray, radius: float) -> np.ndarray:
        """A coverage blurred by a deviation of `radius`."""
        return cv2.GaussianBlur(shape, (0, 0), max(radius * _ACROSS, 0.3))

    def dome(self, shape: np.ndarray, rim: float) -> np.ndarray:
        """Height of a thing of that outline whose edge is rounded over a width of `rim`; in pixels."""
        deep = cv2.distanceTransform((shape > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / (rim * _ACROSS)
        deep = np.minimum(deep, 1)
        return self.soft(np.sqrt(deep * (2 - deep)) * (rim * _ACROSS), 0.006)

    def lit(self, height: np.ndarray, ambient: float = 0.45, shine: float = 24.0) -> tuple[np.ndarray, np.ndarray]:
        """How bright a relief is, 1 where it lies flat, and its glare in [0, 1]."""
        dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
        inverse = 1 / np.sqrt(1 + dx * dx + dy * dy)
        facing = (self.light[2] - dx * self.light[0] - dy * self.light[1]) * inverse
        half = self.light + (0, 0, 1)
        half /= np.linalg.norm(half)
        glare = np.maximum((half[2] - dx * half[0] - dy * half[1]) * inverse, 0) ** shine
        return ambient + (1 - ambient) / self.light[2] * np.maximum(facing, 0), glare

    def paint(self, shape: np.ndarray, colour: Colour, opacity: float | np.ndarray = 1.0) -> None:
        """Lays a colour, one RGB or a field of them, in [0, 1] over what is there."""
        part = box(shape)
        self.lay(part, shape[part] * _cut(opacity, part), _cut(colour, part))

    def solid(
        self,
        shape: np.ndarray,
        colour: Colour,
        *,
        rim: float = 0.03,
        gloss: float = 0.0,
        shine: float = 24.0,
        ambient: float = 0.45,
        grain: np.ndarray | float = 0.0,
        opacity: float | np.ndarray = 1.0,
    ) -> None:
        """Paints a thing with rounded edges, lit; `grain` is added to its height."""
        part = box(shape)
        bright, glare = self.lit(self.dome(shape[part], rim) + _cut(grain, part), ambient, shine)
        lit = _cut(colour, part) * bright[..., None] + gloss * glare[..., None]
        self.lay(part, shape[part] * _cut(opacity, part), lit)

    def shade(self, shape: np.ndarray, depth: float, radius: float, shift: tuple[float, float] = (0.0, 0.01)) -> None:
        """A soft shadow of `shape` on what has been painted, and only there."""
        part = box(shape, round((3 * radius + max(map(abs, shift))) * _ACROSS))
        steps = round(shift[1] * _ACROSS), round(shift[0] * _ACROSS)
        dark = np.roll(self.soft(shape[part], radius), steps, (0, 1))
        self.pixels[part][..., :3] *= 1 - depth * dark[..., None]

    def lay(self, part: tuple[slice, slice], cover: np.ndarray, colour: np.ndarray) -> None:
        """Lays a colour on a part of the sheet; both arrays have the part's size."""
        target, cover = self.pixels[part], cover[..., None]
        target *= 1 - cover
        target[..., :3] += np.clip(colour, 0, 1) * cover
        target[..., 3:] += cover

    def picture(self) -> np.ndarray:
        """The sprite, uint8 `(SIDE, SIDE, 4)`: red, green, blue, opacity; nothing touches the border."""
        small = cv2.resize(self.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        small[[0, -1]] = small[:, [0, -1]] = 0
        small[..., :3] /= np.maximum(small[..., 3:], 1e-3)
        return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


def smooth(points: Points, closed: bool = False, steps: int = 10) -> np.ndarray:
    """A curve through the points (Catmull-Rom)."""
    p = np.asarray(points, np.float64)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def oval(centre: Sequence[float], axes: Sequence[float], turn: float = 0.0, power: float = 2.0) -> np.ndarray:
    """Outline of an ellipse; a `power` above 2 makes it box-shaped."""
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    round_ = np.stack([np.cos(t), np.sin(t)], 1)
    round_ = np.sign(round_) * np.abs(round_) ** (2 / power) * axes
    return round_ @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + centre


def mirrored(points: Points) -> np.ndarray:
    """The points on the other side of the sprite's midline."""
    return np.asarray(points) * (-1, 1) + (1, 0)


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """A colour as RGB, all in [0, 1]."""
    pixel = np.array([[[hue % 1.0 * 360, saturation, value]]], np.float32)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0]


def box(shape: np.ndarray, more: int = 2) -> tuple[slice, slice]:
    """The part of the sheet that a coverage touches, and some pixels more."""
    left, top, width, height = cv2.boundingRect((shape > 0).astype(np.uint8))
    return np.s_[max(top - more, 0) : top + height + more, max(left - more, 0) : left + width + more]


def _cut(field: float | Colour, part: tuple[slice, slice]) -> np.ndarray:
    """That part of a field; numbers and single colours stay as they are."""
    field = np.asarray(field, np.float32)
    if field.ndim < 2:
        return field
    return np.broadcast_to(field, (_ACROSS, _ACROSS, *field.shape[2:]))[part]


def _fixed(points: Points) -> np.ndarray:
    return np.rint((np.asarray(points) * _ACROSS - 0.5) * _SHARE).astype(np.int32).reshape(-1, 1, 2)
