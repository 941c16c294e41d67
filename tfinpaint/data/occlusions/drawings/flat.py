"""Flat things: stickers, bars, plasters, and folded or bound paper."""

import cv2
import numpy as np

from tfinpaint.data.occlusions.drawings.canvas import Canvas, hsv, mirrored, oval, smooth
from tfinpaint.data.occlusions.drawings.hands import holding_arm, holding_fingers, tone

_WORDS = ("SALE", "WOW", "HELLO", "NEW", "FREE", "OK", "YES", "TOP", "2024", "50%", "LOVE", "HOT")


def _word(canvas: Canvas, centre: tuple[float, float], width: float) -> np.ndarray:
    """Coverage of a word of that width."""
    sheet = np.zeros(canvas.pixels.shape[:2], np.uint8)
    text, face = str(canvas.rng.choice(_WORDS)), int(canvas.rng.choice([0, 2, 3, 4]))
    (across, down), _ = cv2.getTextSize(text, face, 1.0, 2)
    scale = min(width * sheet.shape[1] / across, 2.2 * width * sheet.shape[1] / down / 3)
    origin = (int(centre[0] * sheet.shape[1] - across * scale / 2), int(centre[1] * sheet.shape[0] + down * scale / 2))
    cv2.putText(sheet, text, origin, face, scale, 255, max(int(3.2 * scale), 2), cv2.LINE_AA)
    return sheet.astype(np.float32) / 255


def _star(points: int, outer: float, inner: float, turn: float = 0.0) -> np.ndarray:
    t = np.arange(2 * points) * np.pi / points - np.pi / 2 + turn
    return np.stack([np.cos(t), np.sin(t)], 1) * np.where(np.arange(2 * points) % 2, inner, outer)[:, None] + 0.5


def sticker(rng: np.random.Generator) -> np.ndarray:
    """A printed smiley, heart, star, label or round badge with a white rim."""
    canvas, colour = Canvas(rng), hsv(rng.random(), rng.uniform(0.5, 0.9), rng.uniform(0.6, 0.98))
    kind = rng.choice(["smiley", "heart", "star", "badge", "label"])
    t = np.linspace(0, np.pi, 40)
    heart_y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    heart = np.stack([0.5 + 0.34 * np.sin(t) ** 3, 0.5 - 0.021 * heart_y], 1)
    outline = {
        "smiley": oval((0.5, 0.5), (0.36, 0.36)),
        "heart": np.concatenate([heart, mirrored(heart)[::-1]]),
        "star": _star(5, 0.4, 0.19),
        "badge": _star(14, 0.4, 0.35) if rng.random() < 0.5 else oval((0.5, 0.5), (0.38, 0.38)),
        "label": oval((0.5, 0.5), (0.42, rng.uniform(0.18, 0.28)), 0.0, 9.0),
    }[kind]
    white = np.maximum(canvas.polygon(outline), canvas.stroke(outline, 0.07, closed=True))
    canvas.solid(white, (0.96, 0.96, 0.94), rim=0.012, ambient=0.7)
    print_ = canvas.polygon(outline)
    ramp = 1.04 - 0.16 * (canvas.y - 0.5)[..., None] * np.ones((1, canvas.x.size, 3))
    canvas.paint(print_, (hsv(0.135, 0.8, 0.98) if kind == "smiley" else colour) * ramp)
    if kind == "smiley":
        for x in (0.385, 0.615):
            canvas.paint(canvas.ellipse((x, 0.42), (0.04, 0.065)), (0.25, 0.14, 0.05))
        curve = smooth([(0.31, 0.57), (0.4, 0.67), (0.5, 0.7), (0.6, 0.67), (0.69, 0.57)])
        mouth = canvas.polygon(curve) if rng.random() < 0.5 else canvas.stroke(curve, 0.035)
        canvas.paint(mouth, (0.3, 0.12, 0.06))
    elif kind in ("badge", "label"):
        ink = (0.97, 0.97, 0.95) if colour.mean() < 0.6 or rng.random() < 0.5 else (0.08, 0.08, 0.12)
        canvas.paint(_word(canvas, (0.5, 0.5), rng.uniform(0.42, 0.6)) * print_, ink)
        if kind == "badge":
            canvas.paint(canvas.stroke(oval((0.5, 0.5), (0.3, 0.3)), 0.014, closed=True), ink)
    sheen = np.exp(-(((canvas.x - 0.6 * canvas.y - rng.uniform(0.0, 0.4)) / 0.09) ** 2))
    canvas.paint(white, (1, 1, 1), rng.uniform(0.0, 0.3) * sheen)
    return canvas.picture()


def bar(rng: np.random.Generator) -> np.ndarray:
    """A censor's bar of one colour, some with a word or with squared pixels."""
    canvas = Canvas(rng)
    tall = rng.uniform(0.1, 0.17)
    shape = canvas.polygon([(0.02, 0.5 - tall), (0.98, 0.5 - tall), (0.98, 0.5 + tall), (0.02, 0.5 + tall)])
    kind = rng.choice(["black", "white", "colour", "squares"], p=[0.5, 0.1, 0.2, 0.2])
    colour = {"black": np.zeros(3), "white": np.full(3, 0.97)}.get(kind, hsv(rng.random(), 0.6, rng.uniform(0.2, 0.9)))
    canvas.paint(shape, colour)
    if kind == "squares":
        cells = np.float32((0.68, 0.5, 0.42)) * rng.normal(1, 0.25, (16, 16, 1)).astype(np.float32)
        cells = cells + rng.normal(0, 0.03, (16, 16, 3)).astype(np.float32)
        canvas.paint(shape, cv2.resize(cells, canvas.pixels.shape[:2], interpolation=cv2.INTER_NEAREST))
    elif rng.random() < 0.3:
        canvas.paint(_word(canvas, (0.5, 0.5), 0.4), 1 - colour)
    return canvas.picture()


def plaster(rng: np.random.Generator) -> np.ndarray:
    """A sticking plaster with its pad and rows of holes."""
    canvas = Canvas(rng)
    colour = np.array([0.86, 0.68, 0.52]) * rng.uniform(0.8, 1.05)
    colour = colour if rng.random() < 0.7 else hsv(rng.random(), 0.5, 0.85)
    tall = rng.uniform(0.12, 0.16)
    strip = canvas.polygon(oval((0.5, 0.5), (0.46, tall), 0.0, 5.0))
    weave = 0.25 * canvas.noise(110) + 1.2 * canvas.noise(5, 3)
    canvas.solid(strip, colour, rim=0.02, ambient=0.6, grain=weave, gloss=0.08, shine=8)
    holes = (np.cos(canvas.x * 150) > 0.75) & (np.cos(canvas.y * 150) > 0.75)
    canvas.paint(strip * holes * (np.abs(canvas.y - 0.5) < tall * 0.8), colour * 0.72, 0.7)
    pad = canvas.polygon(oval((0.5, 0.5), (0.15, tall * 0.86), 0.0, 6.0))
    canvas.solid(pad, colour * 1.05, rim=0.03, ambient=0.6, grain=weave)
    return canvas.picture()


def fan(rng: np.random.Generator) -> np.ndarray:
    """A folding fan, open, held from below."""
    canvas, skin = Canvas(rng), tone(rng)
    pivot, outer, inner = np.array([0.5, 0.62]), 0.47, rng.uniform(0.18, 0.24)
    open_, count = rng.uniform(1.1, 1.4), int(rng.integers(11, 18))
    holding_arm(canvas, (0.46, 0.66), skin)
    turn = np.arctan2(canvas.x - pivot[0], pivot[1] - canvas.y)
    fold = (turn / open_ + 1) / 2 * count
    arc = np.linspace(-open_, open_, 50)
    rim = np.stack([np.sin(arc), -np.cos(arc)], 1)
    wood = hsv(0.08, rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.75))
    for k in range(count + 1):
        way = rim[round(k / count * 49)]
        side = np.array([-way[1], way[0]])
        slat = canvas.polygon([pivot - 0.007 * side, pivot + inner * 1.1 * way - 0.015 * side,
                               pivot + inner * 1.1 * way + 0.015 * side, pivot + 0.007 * side])  # fmt: skip
        canvas.solid(slat, wood * (0.9 + 0.2 * (k % 2)), rim=0.008)
    leaf = canvas.polygon(np.concatenate([pivot + outer * rim, (pivot + inner * rim)[::-1]]))
    base = hsv(rng.random(), rng.uniform(0.1, 0.8), rng.uniform(0.3, 0.95))
    ink = hsv(rng.random(), 0.7, rng.uniform(0.2, 0.9))
    radius = np.hypot(canvas.x - pivot[0], canvas.y - pivot[1])
    field = base + (ink - base) * ((radius > outer - 0.05) & (radius < outer - 0.02))[..., None]
    bloom = (canvas.noise(7) * canvas.noise(15) > 0.9)[..., None]
    field = field + (ink - field) * (bloom if rng.random() < 0.6 else 0)
    crease = np.abs(fold % 1 - 0.5) * 2
    step = np.where((fold % 1) < 0.5, 1.08, 0.84) - 0.12 * crease**4
    canvas.paint(leaf, np.clip(field * step[..., None], 0, 1))
    canvas.paint(canvas.stroke(pivot + outer * rim, 0.006), base * 0.6, 0.8)
    holding_fingers(canvas, (0.46, 0.66), 0.13, skin)
    return canvas.picture()


def book(rng: np.random.Generator) -> np.ndarray:
    """A book held before the face: open and seen from its covers, or shut."""
    canvas, skin = Canvas(rng), tone(rng)
    colour, ink = hsv(rng.random(), rng.uniform(0.2, 0.85), rng.uniform(0.15, 0.85)), hsv(rng.random(), 0.4, 0.9)
    open_ = rng.random() < 0.6
    half, top, bottom = (0.4, 0.14, 0.68) if open_ else (0.23, 0.1, 0.7)
    left = 0.5 - half
    holding_arm(canvas, (left + 0.03, 0.56), skin)
    dip = 0.03 if open_ else 0.0
    page = canvas.polygon([(left + 0.02, top - 0.02), (0.5, top - 0.01 + dip), (0.98 - left, top - 0.02),
                           (0.97 - left, top + 0.1), (left + 0.03, top + 0.1)])  # fmt: skip
    canvas.paint(page, np.array([0.93, 0.91, 0.84]) * (0.85 + 0.15 * np.sin(700 * canvas.y))[..., None])
    outline = [(left, top), (0.5, top + dip), (1 - left, top), (1 - left, bottom), (0.5, bottom + dip), (left, bottom)]
    cover = canvas.polygon(outline)
    x = np.abs(canvas.x - 0.5) + 0 * canvas.y
    spine = 0.03 * open_
    light = 1 + 0.12 * np.sign(canvas.x - 0.5) * open_ * np.sign(canvas.light[0]) + 0.08 * (0.5 - canvas.y)
    light = light - 0.3 * np.exp(-(((x - spine) / 0.008) ** 2)) * open_
    canvas.solid(cover, colour * light[..., None], rim=0.012, ambient=0.5, gloss=0.1, grain=canvas.noise(110) * 0.06)
    centre = 0.5 + half * 0.53 * open_
    wide = half * (0.75 if open_ else 1.5)
    title = _word(canvas, (centre, top + 0.13), wide * 0.85)
    canvas.paint(title * cover, ink)
    frame = oval((centre, (top + bottom) / 2 + 0.06), (wide / 2, 0.13), 0.0, 12.0)
    if rng.random() < 0.6:
        canvas.paint(canvas.polygon(frame), ink * 0.6 + 0.25 * canvas.noise(6)[..., None] * colour)
    else:
        canvas.paint(canvas.stroke(frame, 0.01, closed=True), ink)
    holding_fingers(canvas, (left + 0.02, 0.56), 0.16, skin)
    return canvas.picture()
