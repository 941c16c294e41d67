"""What is worn over the eyes: the eyes stand at `EYES`, `GAP` apart."""

import numpy as np

from tfinpaint.data.occlusions.drawings.canvas import Canvas, hsv, mirrored, oval, smooth

GAP = 0.385  # the sprite is 2.6 eye distances wide
_MIDDLE = 0.5
# Outlines of the right lens in eye distances from the pupil: outward, down.
_LENSES = {
    "square": [(-0.33, -0.20), (0.1, -0.26), (0.44, -0.23), (0.42, 0.05), (0.33, 0.25), (0.0, 0.29), (-0.28, 0.22)],
    "round": oval((0.03, 0.02), (0.36, 0.33)).tolist()[::6],
    "aviator": [(-0.33, -0.18), (0.05, -0.24), (0.42, -0.19), (0.43, 0.1), (0.25, 0.38), (-0.02, 0.4), (-0.25, 0.18)],
    "cat": [(-0.33, -0.12), (0.1, -0.22), (0.52, -0.32), (0.44, 0.04), (0.25, 0.24), (-0.05, 0.27), (-0.29, 0.16)],
    "large": oval((0.04, 0.07), (0.42, 0.38), power=2.6).tolist()[::5],
    "narrow": oval((0.02, 0.0), (0.38, 0.2), power=3.0).tolist()[::5],
}


def _lens(rng: np.random.Generator, name: str) -> np.ndarray:
    """Outline of the lens to the right on the sprite."""
    points = np.array(_LENSES[name]) * rng.uniform(0.93, 1.06, 2) + (0, 0.02)
    return smooth(points * GAP + (_MIDDLE + GAP / 2, 0.5), closed=True, steps=8)


def _frame_colour(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A frame's colour and whether it is metal."""
    kind = rng.choice(5, p=[0.42, 0.16, 0.14, 0.14, 0.14])
    if kind == 0:
        return np.full(3, rng.uniform(0.02, 0.1)), 0.0
    if kind in (1, 2):
        return hsv(0.11 if kind == 1 else 0.6, 0.5 if kind == 1 else 0.05, rng.uniform(0.5, 0.75)), 1.0
    return (hsv(0.06, 0.65, rng.uniform(0.2, 0.4)), 0.0) if kind == 3 else (hsv(rng.random(), 0.6, 0.5), 0.0)


def _frame(canvas: Canvas, lens: np.ndarray, width: float, colour: np.ndarray, metal: float, rimless: bool) -> None:
    """Rims, bridge and the beginnings of the arms, in one piece."""
    inner, outer = lens[lens[:, 0].argmin()], lens[(lens[:, 0] - 0.5 * lens[:, 1]).argmax()]
    rise = canvas.rng.uniform(0.0, 0.035)
    bridge = smooth([mirrored(inner), (0.5, inner[1] - 0.02 - rise), inner], steps=8)
    shape = canvas.stroke(bridge, width * 1.1)
    if metal and rise > 0.015:
        shape = np.maximum(shape, canvas.stroke([mirrored(outer) + (0.2, 0), outer - (0.2, 0)], width * 0.8))
    for side in (lens, mirrored(lens)):
        shape = np.maximum(shape, canvas.stroke(side, width, closed=True))
        end = outer if side is lens else mirrored(outer)
        away = 1 if side is lens else -1
        arm = smooth([end + (0, 0.01), end + (0.035 * away, 0.0), end + (0.07 * away, 0.012)], steps=5)
        shape = np.maximum(shape, canvas.stroke(arm, max(width * 0.9, 0.018)))
    if not metal and width > 0.02:  # acetate is higher at the brow
        top = lens[(lens[:, 1] < 0.5 - 0.12 * GAP)]
        for side in (top, mirrored(top)):
            shape = np.maximum(shape, canvas.stroke(side, width * 1.5)) if len(side) > 2 else shape
    if rimless:
        shape = shape * np.clip((0.53 - canvas.y) / 0.01, 0.12, 1)
    texture = canvas.noise(36)[..., None] * (0.12 if colour[0] > 0.15 and not metal else 0.0)
    canvas.solid(shape, colour * (1 + 2 * texture), rim=width * 0.5, gloss=0.4 + 0.3 * metal, shine=40, ambient=0.3)


def sunglasses(rng: np.random.Generator) -> np.ndarray:
    """Dark or mirroring lenses, sharper or softer towards the cheek."""
    canvas = Canvas(rng)
    name = rng.choice(["square", "round", "aviator", "cat", "large", "square", "narrow"])
    lens = _lens(rng, name)
    colour, metal = _frame_colour(rng)
    glass = np.maximum(canvas.polygon(lens), canvas.polygon(mirrored(lens)))
    down = np.clip((canvas.y - lens[:, 1].min()) / np.ptp(lens[:, 1]), 0, 1)
    tint = hsv(*[(0.08, 0.5), (0.6, 0.15), (0.3, 0.2), (0.0, 0.0)][rng.integers(4)], 0.1)
    if rng.random() < 0.25:  # mirrors: sky above, ground below
        hue = rng.random()
        sky = hsv(hue, 0.6, 0.85) * (1 - down[..., None]) + hsv(hue + 0.12, 0.75, 0.4) * down[..., None]
        canvas.paint(glass, sky * (0.9 + 0.1 * canvas.noise(5)[..., None]), 0.97)
    else:
        fade = rng.uniform(0.0, 0.35)
        canvas.paint(glass, tint + 0.1 * down[..., None] * hsv(0.1, 0.4, 1.0), 0.97 - fade * down)
    _glare(canvas, lens, rng.uniform(0.08, 0.3))
    canvas.shade(glass * (1 - canvas.soft(glass, 0.012)), 0.5, 0.006, (0, 0.0))
    _frame(canvas, lens, rng.uniform(0.009, 0.014) if metal else rng.uniform(0.02, 0.036), colour, metal, False)
    return canvas.picture()


def eyeglasses(rng: np.random.Generator) -> np.ndarray:
    """A frame with clear lenses, of which only a reflection is seen."""
    canvas = Canvas(rng)
    lens = _lens(rng, rng.choice(["square", "round", "narrow", "cat", "large", "square"]))
    colour, metal = _frame_colour(rng)
    if rng.random() < 0.7:
        _glare(canvas, lens, rng.uniform(0.06, 0.3), hsv(rng.choice([0.6, 0.4, 0.3]), rng.uniform(0, 0.3), 1.0))
    width = rng.uniform(0.009, 0.014) if metal else rng.uniform(0.016, 0.036)
    _frame(canvas, lens, width, colour, metal, rng.random() < 0.2)
    return canvas.picture()


def goggles(rng: np.random.Generator) -> np.ndarray:
    """Swimming or skiing goggles with their rubber band."""
    canvas = Canvas(rng)
    ski = rng.random() < 0.4
    band_colour = hsv(rng.random(), rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.7))
    half, tall = (0.07, 0.04) if ski else (0.03, 0.02)
    band = canvas.polygon([(0.02, 0.5 - tall), (0.5, 0.5 - half), (0.98, 0.5 - tall),
                           (0.98, 0.5 + tall), (0.5, 0.5 + half), (0.02, 0.5 + tall)])  # fmt: skip
    stripes = 0.85 + 0.15 * np.sign(np.sin((canvas.y - 0.5) / half * 6))[..., None]
    canvas.solid(band, band_colour * stripes, rim=0.02, opacity=np.clip((0.5 - abs(canvas.x - 0.5)) / 0.06, 0, 1))
    hue, down = rng.random(), np.clip((canvas.y - 0.35) / 0.3, 0, 1)[..., None]
    glass = hsv(hue, rng.uniform(0.3, 0.8), rng.uniform(0.4, 0.9)) * (1 - down)
    glass = glass + hsv(hue + rng.choice([0.02, 0.3]), 0.6, rng.uniform(0.15, 0.5)) * down
    frame = hsv(rng.random(), 0.5, 0.5) if rng.random() < 0.3 else np.full(3, rng.choice([0.08, 0.12, 0.85]))
    if ski:
        outline = [(0.1, 0.42), (0.3, 0.32), (0.5, 0.31), (0.7, 0.32), (0.9, 0.42), (0.9, 0.56),
                   (0.76, 0.68), (0.6, 0.65), (0.5, 0.57), (0.4, 0.65), (0.24, 0.68), (0.1, 0.56)]  # fmt: skip
        outline = smooth(outline, closed=True)
        inner = (outline - (0.5, 0.49)) * (0.9, 0.83) + (0.5, 0.49)
        canvas.solid(canvas.polygon(outline), frame, rim=0.03, gloss=0.3)
        canvas.solid(canvas.polygon(inner), glass, rim=0.16, gloss=0.6, shine=30, ambient=0.6)
        _bands(canvas, canvas.polygon(inner), 0.25)
        return canvas.picture()
    eye = oval((0.5 + GAP * 0.53, 0.505), (0.145, 0.105), 0.12, 2.6)
    nose = canvas.stroke(smooth([(0.44, 0.5), (0.5, 0.485), (0.56, 0.5)]), 0.022)
    canvas.solid(nose, frame, rim=0.011, gloss=0.3)
    for shape in (eye, mirrored(eye)):
        centre = shape.mean(0)
        canvas.solid(canvas.polygon(shape), frame, rim=0.03, gloss=0.3)
        pane = canvas.polygon((shape - centre) * (0.78, 0.72) + centre)
        canvas.shade(canvas.polygon((shape - centre) * (0.84, 0.8) + centre), 0.5, 0.006, (0, 0))
        canvas.solid(pane, glass, rim=0.05, gloss=0.7, shine=30, ambient=0.6)
        _bands(canvas, pane, 0.3)
    return canvas.picture()


def eye_patch(rng: np.random.Generator) -> np.ndarray:
    """A black patch on a cord or a gauze pad held by tape, over the eye to the left."""
    canvas = Canvas(rng)
    centre = np.array([0.5 - GAP / 2, 0.51])
    if rng.random() < 0.5:
        pad = oval(centre, (0.14, 0.115), rng.uniform(-0.3, 0.3), 2.3)
        cord = smooth([(0.1, 0.58), centre - (0.02, 0.08), (0.55, 0.34), (0.84, 0.18)])
        shade = np.clip((0.38 - abs(canvas.x - 0.46)) / 0.08, 0, 1)
        tone = np.full(3, rng.uniform(0.03, 0.12)) if rng.random() < 0.7 else hsv(rng.random(), 0.6, 0.25)
        canvas.solid(canvas.stroke(cord, 0.012), tone, rim=0.006, opacity=shade)
        leather = canvas.noise(90) * 0.12
        canvas.solid(canvas.polygon(pad), tone, rim=0.05, gloss=0.25, shine=9, grain=leather)
        seam = canvas.stroke((pad - centre) * 0.86 + centre, 0.006, closed=True)
        canvas.paint(seam * (np.sin(np.arctan2(canvas.y - centre[1], canvas.x - centre[0]) * 40) > 0), tone + 0.14)
        return canvas.picture()
    weave = canvas.noise(90) * 0.25 + canvas.noise(14) * 0.5
    pad = canvas.polygon(oval(centre, (0.155, 0.12), rng.uniform(-0.2, 0.2), 3.0))
    canvas.solid(pad, (0.93, 0.92, 0.9), rim=0.06, ambient=0.55, grain=weave)
    for k in rng.permutation(3)[:2]:
        turn = rng.uniform(-0.25, 0.25) + (k - 1) * 0.9
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        corners = [centre + a * 0.215 * along + b * 0.032 * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        tape = canvas.polygon(corners)
        canvas.shade(tape, 0.12, 0.008)
        canvas.solid(tape, (0.9, 0.87, 0.82), rim=0.006, ambient=0.6, grain=weave * 0.6, opacity=0.9)
    return canvas.picture()


def sleep_mask(rng: np.random.Generator) -> np.ndarray:
    """A cloth over both eyes, quilted or satin, with an elastic band."""
    canvas = Canvas(rng)
    colour = hsv(rng.random(), rng.uniform(0.0, 0.7), rng.uniform(0.08, 0.8))
    upper = [(0.1, 0.47), (0.22, 0.385), (0.37, 0.365), (0.5, 0.39)]
    lower = [(0.5, 0.535), (0.43, 0.6), (0.32, 0.645), (0.18, 0.6), (0.1, 0.53)]
    half = np.concatenate([upper, lower])
    outline = smooth(np.concatenate([half[:4], mirrored(half[:3])[::-1], mirrored(half[5:])[::-1], half[4:]]), True)
    band = canvas.polygon([(0.02, 0.475), (0.98, 0.475), (0.98, 0.525), (0.02, 0.525)])
    canvas.solid(band, colour * 0.7, rim=0.01, opacity=np.clip((0.5 - abs(canvas.x - 0.5)) / 0.06, 0, 1))
    shape = canvas.polygon(outline)
    folds = canvas.noise(5, 9) * 1.6 + canvas.noise(70) * 0.12
    if rng.random() < 0.5:
        folds = folds * 0.5 - 1.3 * (abs(np.sin(16 * (canvas.x + canvas.y))) < 0.14)
        folds = canvas.soft(folds - 1.3 * (abs(np.sin(16 * (canvas.x - canvas.y))) < 0.14), 0.006)
    canvas.solid(shape, colour, rim=0.06, gloss=rng.uniform(0.0, 0.35), shine=8, grain=folds)
    edge = canvas.stroke(outline, 0.018, closed=True)
    canvas.solid(edge, colour * rng.choice([0.6, 1.3]), rim=0.009)
    if rng.random() < 0.4:  # closed eyes, embroidered
        for x in (0.5 - GAP / 2, 0.5 + GAP / 2):
            canvas.paint(canvas.stroke(smooth([(x - 0.08, 0.5), (x, 0.54), (x + 0.08, 0.5)]), 0.01), 0.9 - 0.8 * colour)
    return canvas.picture()


def face_shield(rng: np.random.Generator) -> np.ndarray:
    """A clear sheet before the whole face under a band on the brow; the sprite is 4.2 eye distances wide."""
    canvas = Canvas(rng)
    tint = hsv(rng.choice([0.6, 0.5, 0.1]), rng.uniform(0.0, 0.25), 1.0)
    sheet = smooth([(0.2, 0.16), (0.5, 0.13), (0.8, 0.16), (0.83, 0.5), (0.78, 0.86), (0.5, 0.93), (0.22, 0.86),
                    (0.17, 0.5)], closed=True)  # fmt: skip
    shape = canvas.polygon(sheet)
    side = np.clip((abs(canvas.x - 0.5) - 0.2) / 0.14, 0, 1) ** 2
    canvas.paint(shape, tint * 0.95, rng.uniform(0.05, 0.13) + 0.22 * side + 0 * canvas.y)
    _bands(canvas, shape, rng.uniform(0.15, 0.35))
    canvas.paint(canvas.stroke(sheet, 0.008, closed=True), tint, 0.55)
    canvas.paint(canvas.stroke(sheet + (0.004, 0.003), 0.004, closed=True), tint * 0.25, 0.4)
    foam = smooth([(0.17, 0.175), (0.5, 0.135), (0.83, 0.175)])
    band = canvas.polygon(np.concatenate([foam, (foam + (0, rng.uniform(0.05, 0.09)))[::-1]]))
    colour = hsv(rng.random(), 0.5, 0.7) if rng.random() < 0.4 else np.full(3, rng.choice([0.92, 0.15, 0.6]))
    canvas.solid(band, colour, rim=0.02, ambient=0.55, grain=canvas.noise(70) * 0.2)
    return canvas.picture()


def _glare(canvas: Canvas, lens: np.ndarray, strength: float, colour: np.ndarray | None = None) -> None:
    """A window's reflection near the upper edge of each lens, and a slanted band."""
    shapes = [canvas.polygon(lens), canvas.polygon(mirrored(lens))]
    colour = np.ones(3) if colour is None else colour
    shift, slant = canvas.rng.uniform(-0.06, 0.06), canvas.rng.uniform(-0.9, 0.9)
    for shape, x in zip(shapes, (0.5 + GAP / 2, 0.5 - GAP / 2), strict=True):
        along = (canvas.x - x - shift) + slant * (canvas.y - 0.5)
        band = np.exp(-((along / 0.03) ** 2)) + 0.7 * np.exp(-(((along - 0.07) / 0.012) ** 2))
        band *= np.clip(1.3 - (canvas.y - lens[:, 1].min()) / np.ptp(lens[:, 1]), 0, 1)
        canvas.paint(shape * (band > 0.02), colour, strength * band)


def _bands(canvas: Canvas, shape: np.ndarray, strength: float) -> None:
    """Slanted reflections of unequal width on a pane."""
    for _ in range(3):
        place, slant = canvas.rng.uniform(0.2, 0.8), canvas.rng.uniform(-0.5, 0.5)
        along = canvas.x - place + slant * (canvas.y - 0.5)
        band = np.exp(-np.square(np.square(along / canvas.rng.uniform(0.008, 0.05))))
        canvas.paint(shape * (band > 0.02), np.ones(3), strength * canvas.rng.uniform(0.3, 1.0) * band)
