"""Hands: bones with flesh around them, skin, nails and sleeves; also what holds other things."""

import cv2
import numpy as np

from tfinpaint.data.occlusions.drawings.canvas import SIDE, Canvas, box, hsv, oval

SKIN = (0.80, 0.60, 0.50)  # of a hand before it takes the photo's
_TONES = (SKIN, (0.86, 0.68, 0.59), (0.70, 0.50, 0.40), (0.52, 0.35, 0.27), (0.36, 0.24, 0.19))
_KNUCKLES = ((0.412, 0.355), (0.47, 0.33), (0.528, 0.338), (0.582, 0.368))
_LENGTHS = (0.205, 0.235, 0.215, 0.165)
_RADII = (0.031, 0.032, 0.030, 0.026)
# Leaning of the four fingers (radians, to the right) and how much of their length is seen.
_POSES = {
    "flat": ((-0.08, -0.01, 0.05, 0.12), (1.0, 1.0, 1.0, 1.0)),
    "spread": ((-0.34, -0.1, 0.13, 0.38), (1.0, 1.0, 1.0, 1.0)),
    "bent": ((-0.14, -0.04, 0.05, 0.14), (0.78, 0.7, 0.68, 0.7)),
    "pointing": ((-0.05, -0.02, 0.05, 0.12), (1.0, 0.42, 0.4, 0.42)),
}


class Flesh:
    """A relief of round limbs that grow together."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.height = np.zeros((canvas.x.size, canvas.x.size), np.float32)
        self.cover = np.zeros_like(self.height)

    def bone(self, start: np.ndarray, end: np.ndarray, radii: tuple[float, float], flat: float = 1.0) -> None:
        """A limb between two points; `flat` scales its height."""
        (ax, ay), (bx, by), reach, n = start, end, max(radii) + 0.01, self.canvas.x.size
        left, right = int(max(min(ax, bx) - reach, 0) * n), int(min(max(ax, bx) + reach, 1) * n)
        top, bottom = int(max(min(ay, by) - reach, 0) * n), int(min(max(ay, by) + reach, 1) * n)
        if right <= left or bottom <= top:
            return
        x, y = self.canvas.x[:, left:right] - np.float32(ax), self.canvas.y[top:bottom] - np.float32(ay)
        dx, dy = np.float32(bx - ax), np.float32(by - ay)
        along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
        radius = radii[0] + (radii[1] - radii[0]) * along
        distance = np.hypot(x - along * dx, y - along * dy)
        part = np.s_[top:bottom, left:right]
        self.cover[part] = np.maximum(self.cover[part], np.clip((radius - distance) * n + 0.5, 0, 1))
        round_ = flat * np.sqrt(np.maximum(radius * radius - distance * distance, 0)) * n
        self.height[part] = np.maximum(self.height[part], round_)

    def finger(self, root: np.ndarray, lean: float, length: float, radius: float, bend: float) -> np.ndarray:
        """Three limbs one after another; returns where the nail lies and how it leans: x, y, radians."""
        at = np.array(root)
        for k, (share, thick) in enumerate(((0.44, 1.04), (0.31, 0.98), (0.25, 0.9))):
            step = length * share * np.array([np.sin(lean), -np.cos(lean)])
            self.bone(at, at + step, (radius * thick, radius * (thick - 0.06)))
            at, lean = at + step, lean + bend * (k < 2)
        return np.array([*(at - 0.1 * radius * step / np.linalg.norm(step)), lean])

    def paint(self, skin: np.ndarray, smooth: float = 0.004) -> None:
        """Skin: lit, darker and redder in the clefts."""
        canvas = self.canvas
        part = box(self.cover)
        height, cover = self.height[part], self.cover[part]
        bright, glare = canvas.lit(canvas.soft(height, smooth) + 0.1 * canvas.noise(50)[part], 0.4, 9.0)
        cleft = np.clip((canvas.soft(height, 0.02) - height) / 6, 0, 1) * (cover > 0.5)
        bright = np.clip(bright * (1 - 0.45 * cleft) + 0.02 * canvas.noise(7)[part], 0.05, 2)[..., None]
        canvas.lay(part, cover, skin * bright * bright ** np.float32((-0.15, 0.1, 0.2)) + 0.1 * glare[..., None] ** 2)


def hand(rng: np.random.Generator) -> np.ndarray:
    """A hand seen from its back, fingers up, with wrist and arm that reach the lower edge."""
    canvas, skin = Canvas(rng), np.array(SKIN)
    leans, shares = _POSES[rng.choice(list(_POSES), p=[0.4, 0.25, 0.2, 0.15])]
    flesh, wrist = Flesh(canvas), np.array([0.5, 0.62])
    forearm(flesh, wrist, np.array([0.5 + rng.uniform(-0.03, 0.03), 1.02]))
    for x, y in _KNUCKLES:
        flesh.bone(np.array([0.5 + 0.4 * (x - 0.5), 0.59]), np.array([x, y + 0.02]), (0.045, 0.036), 0.75)
    flesh.bone(np.array([0.47, 0.57]), np.array([0.425, 0.45]), (0.045, 0.04), 0.8)
    flesh.height = np.maximum(canvas.soft(flesh.height, 0.016), flesh.height * 0.9)
    lean = rng.uniform(-0.75, -0.3)
    nails = [_thumb(flesh, lean)]
    for root, angle, share, length, radius in zip(_KNUCKLES, leans, shares, _LENGTHS, _RADII, strict=True):
        bend = rng.uniform(-0.05, 0.05)
        tip = flesh.finger(root, angle + rng.uniform(-0.03, 0.03), length * share, radius, bend)
        if share > 0.6:
            nails.append(np.array([*tip[:2], tip[2]]))
    flesh.paint(skin)
    _wrinkles(canvas, leans, shares, skin)
    for x, y, turn in nails:
        nail(canvas, np.array([x, y]), turn, skin)
    if rng.random() < 0.65:
        sleeve(canvas, rng.uniform(0.68, 0.8), 0.5, rng.uniform(0.1, 0.13))
    return canvas.picture()


def forearm(flesh: Flesh, wrist: np.ndarray, end: np.ndarray) -> None:
    """A limb from the wrist to where it leaves the sprite."""
    flesh.bone(wrist - (0, 0.03), wrist + 0.3 * (end - wrist), (0.066, 0.066), 0.8)
    flesh.bone(wrist + 0.3 * (end - wrist), end, (0.066, 0.095), 0.8)


def sleeve(canvas: Canvas, top: float, centre: float, half: float, slant: float = 0.0) -> None:
    """Cloth around the arm from `top` to the lower edge."""
    rng = canvas.rng
    colour = hsv(rng.random(), rng.uniform(0.0, 0.6), rng.uniform(0.12, 0.85))
    low = centre + slant * (1.02 - top)
    cloth = canvas.polygon([(centre - half, top + 0.012), (centre, top - 0.004), (centre + half, top + 0.012),
                            (low + half + 0.04, 1.02), (low - half - 0.04, 1.02)])  # fmt: skip
    wave = np.sin(40 * canvas.y + 14 * canvas.x + 2.5 * canvas.noise(4)) * 1.6 + canvas.noise(90) * 0.2
    canvas.shade(cloth, 0.35, 0.012, (0, -0.01))
    canvas.solid(cloth, colour, rim=half * 0.9, grain=wave)
    if rng.random() < 0.6:
        cuff = canvas.polygon([(centre - half - 0.004, top + 0.01), (centre + half + 0.004, top + 0.01),
                               (centre + half + 0.008, top + 0.06), (centre - half - 0.008, top + 0.06)])  # fmt: skip
        canvas.solid(cuff, colour * 0.93, rim=0.012, grain=np.sin(260 * canvas.x) * 0.5 + 0 * canvas.y)


def tone(rng: np.random.Generator) -> np.ndarray:
    """A skin's colour."""
    return np.array(_TONES[rng.integers(len(_TONES))]) * rng.uniform(0.92, 1.06)


def holding_arm(canvas: Canvas, at: tuple[float, float], skin: np.ndarray) -> None:
    """Palm and arm behind a thing that a hand holds at its left edge `at`; the arm leaves the sprite below."""
    flesh, (x, y) = Flesh(canvas), at
    slant = canvas.rng.uniform(-0.25, 0.1)
    wrist = np.array([x - 0.02, y + 0.2])
    end = np.array([wrist[0] + slant * 0.4, 1.04])
    forearm(flesh, wrist, end)
    for k in range(4):
        flesh.bone(wrist, np.array([x - 0.012, y - 0.075 + 0.052 * k]), (0.06, 0.036), 0.85)
    flesh.height = canvas.soft(flesh.height, 0.012)
    flesh.paint(skin)
    if canvas.rng.random() < 0.75:
        sleeve(canvas, min(wrist[1] + 0.13, 0.93), wrist[0] + slant * 0.1, 0.1, slant)


def holding_fingers(canvas: Canvas, at: tuple[float, float], reach: float, skin: np.ndarray) -> None:
    """Four fingers laid from the left edge `at` over the thing that they hold, `reach` far."""
    (x, y), rng = at, canvas.rng
    lean, lengths = rng.uniform(-0.12, 0.06), np.array([0.93, 1.0, 0.96, 0.8]) * reach
    tips = []
    flesh = Flesh(canvas)
    for k, length in enumerate(lengths):
        root = np.array([x - 0.015, y - 0.078 + 0.052 * k])
        turn = np.pi / 2 + lean + 0.04 * (k - 1.5)
        tips.append(flesh.finger(root, turn, length, _RADII[k] * 0.94, 0.03))
    canvas.shade(flesh.cover, 0.4, 0.014, (0.008, 0.012))
    flesh.paint(skin)
    for px, py, turn in tips:
        nail(canvas, np.array([px, py]), turn, skin)


def nail(canvas: Canvas, at: np.ndarray, turn: float, skin: np.ndarray) -> None:
    """A nail near the fingertip `at`."""
    outline = oval(at, (0.0145, 0.0195), turn, 2.5)
    shape = canvas.polygon(outline)
    canvas.paint(canvas.soft(shape, 0.004), skin * (0.72, 0.6, 0.58), 0.55)
    pink = 0.55 * skin + 0.45 * np.array([0.92, 0.7, 0.68])
    canvas.solid(shape, pink, rim=0.014, gloss=0.35, shine=18, ambient=0.6)


def _thumb(flesh: Flesh, lean: float) -> np.ndarray:
    root = np.array([0.45, 0.54])
    knuckle = root + 0.1 * np.array([np.sin(lean), -np.cos(lean)])
    flesh.bone(root, knuckle, (0.05, 0.038), 0.85)
    tip = flesh.finger(knuckle, lean + 0.15, 0.135, 0.034, 0.1)
    return tip


def _wrinkles(canvas: Canvas, leans: tuple, shares: tuple, skin: np.ndarray) -> None:
    """Fine dark lines over the fingers' joints."""
    for (x, y), lean, share, length, radius in zip(_KNUCKLES, leans, shares, _LENGTHS, _RADII, strict=True):
        along, across = np.array([np.sin(lean), -np.cos(lean)]), np.array([np.cos(lean), np.sin(lean)])
        for place in (0.44, 0.75) if share > 0.6 else ():
            for shift in (-0.006, 0.002, 0.01):
                middle = np.array([x, y]) + along * (length * share * place + shift)
                ends = [middle + across * radius * s * 0.6 + along * 0.002 * (s == 0) for s in (-1, 0, 1)]
                line = canvas.stroke(ends, 1.4 / (2 * SIDE))
                canvas.paint(cv2.GaussianBlur(line, (3, 3), 0), skin * (0.6, 0.45, 0.42), 0.35)
