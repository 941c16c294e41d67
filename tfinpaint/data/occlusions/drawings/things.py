"""Round and grown things: balls, fruit, flowers and leaves."""

import numpy as np

from tfinpaint.data.occlusions.drawings.canvas import Canvas, hsv, smooth

_RADIUS = 0.44


def _turn(rng: np.random.Generator) -> np.ndarray:
    """A rotation of space."""
    matrix, upper = np.linalg.qr(rng.normal(size=(3, 3)))
    return (matrix * np.sign(np.diag(upper))).astype(np.float32)


def _sphere(canvas: Canvas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coverage of a sphere, its points seen `(side, side, 3)` on the unit sphere, and how each is lit."""
    x, y = (canvas.x - 0.5) / _RADIUS, (canvas.y - 0.5) / _RADIUS
    points = np.stack(np.broadcast_arrays(x, y, np.sqrt(np.maximum(1 - x * x - y * y, 0))), -1)
    bright = 0.42 + 0.75 * np.maximum(points @ canvas.light, 0) + 0.08 * points[..., 1]
    return canvas.ellipse((0.5, 0.5), (_RADIUS, _RADIUS)), points, bright


def _highlight(canvas: Canvas, points: np.ndarray, shine: float) -> np.ndarray:
    half = canvas.light + (0, 0, 1)
    return np.maximum(points @ (half / np.linalg.norm(half)).astype(np.float32), 0) ** shine


def ball(rng: np.random.Generator) -> np.ndarray:
    """A basketball, tennis ball, beach ball, football or volleyball."""
    canvas = Canvas(rng)
    shape, seen, bright = _sphere(canvas)
    p = seen @ _turn(rng)
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    kind, shine, gloss = rng.choice(["basket", "tennis", "beach", "foot", "plain"]), 12.0, 0.1
    if kind == "basket":
        rings = [np.hypot(x - 0.95, z) - 0.75, np.hypot(x + 0.95, z) - 0.75]
        lines = np.abs(np.stack([x, y, *rings])).min(0)
        bump = 0.1 * canvas.noise(80)
        albedo = np.where(lines[..., None] < 0.022, 0.08, np.array([0.8, 0.38, 0.14]) * (1 + bump[..., None]))
    elif kind == "tennis":
        seam = abs(y - 1.25 * x * z * 1.6) - 0.07
        fuzz = 1 + 0.12 * canvas.noise(100)[..., None]
        albedo = np.where(seam[..., None] < 0, np.array([0.93, 0.94, 0.88]), np.array([0.76, 0.86, 0.2]) * fuzz)
        gloss = 0.0
    elif kind == "foot":
        golden = (1 + 5**0.5) / 2
        corners = np.array([(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)])
        corners = np.concatenate([np.roll(corners, k, 1) for k in range(3)]) / np.hypot(1, golden)
        near = np.sort(p @ corners.T.astype(np.float32), -1)
        albedo = np.where(near[..., -1:] > 0.945, rng.choice([0.07, 0.25]), 0.92)
        edge = (near[..., -1:] < 0.945) & (near[..., -1:] - near[..., -2:-1] < 0.03)
        albedo, gloss = np.where(edge, 0.55, albedo) * np.ones(3), 0.2
    elif kind == "beach":
        sector = np.floor((np.arctan2(x, z) / np.pi + 1) * 3).astype(int) % 6
        colours = np.array([hsv(0.0, 0.8, 0.85), hsv(0, 0, 0.95), hsv(0.13, 0.8, 0.95), hsv(0, 0, 0.95),
                            hsv(0.6, 0.8, 0.8), hsv(0, 0, 0.95)])  # fmt: skip
        albedo = np.where(abs(y)[..., None] > 0.96, 0.95, np.roll(colours, rng.integers(6), 0)[sector])
        gloss, shine = 0.5, 40.0
    else:
        albedo, gloss, shine = np.broadcast_to(hsv(rng.random(), 0.7, 0.8), p.shape), 0.6, 30.0
    canvas.paint(shape, albedo * bright[..., None] + gloss * _highlight(canvas, seen, shine)[..., None])
    return canvas.picture()


def fruit(rng: np.random.Generator) -> np.ndarray:
    """An apple or an orange."""
    canvas = Canvas(rng)
    shape, seen, bright = _sphere(canvas)
    p = seen @ _turn(rng)
    if rng.random() < 0.4:
        pores = canvas.noise(70) * np.clip(seen[..., 2], 0.2, 1)
        colour = hsv(rng.uniform(0.06, 0.1), 0.9, 0.95) * (1 + 0.05 * pores[..., None])
        glare = 0.2 * _highlight(canvas, seen, 9) * (1 + 0.3 * pores)
        canvas.paint(shape, colour * bright[..., None] + glare[..., None])
        navel = canvas.ellipse((0.5 + rng.uniform(-0.1, 0.1), 0.3), (0.02, 0.015))
        canvas.paint(canvas.soft(navel, 0.01), (0.35, 0.4, 0.1), 0.9)
        return canvas.picture()
    base, blush = (hsv(0.22, 0.7, 0.75), hsv(0.0, 0.85, 0.7)) if rng.random() < 0.7 else (hsv(0.27, 0.75, 0.7),) * 2
    streaks = 1.4 * p[..., 0] + 0.35 * np.sin(26 * np.arctan2(seen[..., 0], seen[..., 1] + 1.3)) + 0.3 * canvas.noise(6)
    share = np.clip(0.7 + 0.5 * streaks, 0, 1)[..., None]
    body = smooth([(0.5, 0.15), (0.64, 0.09), (0.84, 0.17), (0.94, 0.42), (0.85, 0.74), (0.66, 0.92), (0.5, 0.88),
                   (0.34, 0.92), (0.15, 0.74), (0.06, 0.42), (0.16, 0.17), (0.36, 0.09)], closed=True)  # fmt: skip
    dots = 0.06 * (canvas.noise(60) > 1.7)[..., None]
    albedo = base * (1 - share) + blush * share + dots
    canvas.paint(canvas.polygon(body), albedo * bright[..., None] + 0.5 * _highlight(canvas, seen, 30)[..., None])
    pit = canvas.ellipse((0.5, 0.17), (0.13, 0.045))
    canvas.paint(canvas.soft(pit, 0.02), base * 0.35, 0.8)
    stalk = canvas.stroke(smooth([(0.5, 0.18), (0.505, 0.1), (0.53, 0.035)]), 0.028)
    canvas.solid(stalk, (0.35, 0.22, 0.12), rim=0.014)
    return canvas.picture()


def flower(rng: np.random.Generator) -> np.ndarray:
    """A daisy, a sunflower, a rose or the like on a stalk."""
    canvas = Canvas(rng)
    centre, size = np.array([0.5, 0.34]), rng.uniform(0.25, 0.3)
    stalk = smooth([centre, (0.5 + rng.uniform(-0.04, 0.04), 0.7), (0.5 + rng.uniform(-0.08, 0.08), 0.985)])
    green = hsv(rng.uniform(0.25, 0.36), rng.uniform(0.5, 0.8), rng.uniform(0.35, 0.6))
    canvas.solid(canvas.stroke(stalk, 0.028), green, rim=0.014)
    for side in (-1, 1):
        root = stalk[len(stalk) // 2 + rng.integers(0, 6)]
        _blade(canvas, root, side * rng.uniform(0.9, 1.5), rng.uniform(0.18, 0.26), 0.32, green)
    colour = np.array([0.95, 0.94, 0.92])
    if rng.random() < 0.6:
        colour = hsv(rng.uniform(0.75, 1.14), rng.uniform(0.5, 0.85), rng.uniform(0.75, 0.98))
    rose = rng.random() < 0.35
    rings = [(6, 1.0, 0.62), (5, 0.8, 0.66), (5, 0.58, 0.7), (4, 0.36, 0.75), (3, 0.2, 0.8)] if rose else None
    count = int(rng.integers(9, 20))
    for number, share, fat in rings or [(count, 1.0, 3.6 / count), (count, 0.88, 3.4 / count)]:
        start = rng.uniform(0, 6.28)
        deep = 0.65 + 0.35 * share if rose else 0.85 + 0.15 * share
        for k in range(number):
            turn = start + 2 * np.pi * k / number + rng.normal(0, 0.05)
            _petal(canvas, centre, turn, size * share * rng.uniform(0.92, 1.04), fat, colour * deep, rose)
    if not rose:
        heart = canvas.ellipse(centre, (size * 0.3, size * 0.28))
        eye = hsv(rng.uniform(0.08, 0.15), 0.85, 0.9) if rng.random() < 0.7 else np.array([0.25, 0.15, 0.08])
        canvas.shade(heart, 0.35, 0.012)
        canvas.solid(heart, eye * (1 + 0.15 * canvas.noise(90)[..., None]), rim=0.07, grain=canvas.noise(90) * 0.7)
    return canvas.picture()


def leaf(rng: np.random.Generator) -> np.ndarray:
    """A broad leaf or a twig with small ones."""
    canvas = Canvas(rng)
    hue = rng.uniform(0.22, 0.38) if rng.random() < 0.75 else rng.uniform(0.03, 0.12)
    green = hsv(hue, rng.uniform(0.5, 0.85), rng.uniform(0.35, 0.65))
    if rng.random() < 0.5:
        _blade(canvas, np.array([0.5, 0.93]), rng.uniform(-0.1, 0.1), 0.88, rng.uniform(0.4, 0.55), green)
        return canvas.picture()
    twig = smooth([(0.5, 0.98), (0.5 + rng.uniform(-0.05, 0.05), 0.6), (0.5 + rng.uniform(-0.08, 0.08), 0.26)])
    canvas.solid(canvas.stroke(twig, 0.016), (0.36, 0.27, 0.17), rim=0.008)
    for k, root in enumerate(twig[2:-2:3]):
        lean = (1 if k % 2 else -1) * rng.uniform(0.7, 1.2)
        _blade(canvas, root, lean, rng.uniform(0.26, 0.38), rng.uniform(0.4, 0.5), green * rng.uniform(0.8, 1.15))
    _blade(canvas, twig[-1], 0.0, 0.22, 0.45, green)
    return canvas.picture()


def _blade(canvas: Canvas, root: np.ndarray, lean: float, length: float, fat: float, colour: np.ndarray) -> None:
    """One leaf: two halves that catch the light differently, a midrib and veins."""
    along, across = np.array([np.sin(lean), -np.cos(lean)]), np.array([np.cos(lean), np.sin(lean)])
    t = np.linspace(0, 1, 14)
    bend = 0.12 * length * np.sin(np.pi * t)[:, None] * across * canvas.rng.uniform(-1, 1)
    rib = root + t[:, None] * length * along + bend
    half = (fat * length * 0.5 * np.sin(np.pi * t**0.8) ** 0.9)[:, None] * across
    whole = canvas.polygon(np.concatenate([rib - half, (rib + half)[::-1]]))
    canvas.shade(whole, 0.3, 0.012)
    ripple = canvas.noise(12) * 0.6
    for side, tone in ((-1, 0.9), (1, 1.08)):
        part = canvas.polygon(np.concatenate([rib, (rib + side * half)[::-1]]))
        canvas.solid(part, colour * tone, rim=0.12 * length, grain=ripple, gloss=0.15, shine=10)
        if length > 0.3:
            for k in range(2, 12):
                vein = np.stack([rib[k - 1], rib[k] + 0.6 * side * half[k], rib[k + 1] + 0.92 * side * half[k + 1]])
                canvas.paint(canvas.stroke(smooth(vein, steps=4), 0.004) * whole, colour * 1.5 + 0.05, 0.4)
    canvas.paint(canvas.stroke(rib, max(0.012 * length, 0.004)), colour * 1.4 + 0.06, 0.7)


def _petal(
    canvas: Canvas, centre: np.ndarray, turn: float, length: float, fat: float, colour: np.ndarray, rose: bool
) -> None:
    """One petal that points away from the centre; a rose's is broad and lies on others."""
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    t = np.linspace(0, 1, 10)
    half = np.sin(np.pi * (t * 0.72 + 0.1)) if rose else np.sin(np.pi * (0.05 + 0.9 * t) ** 1.3) ** 0.8
    half = (fat * length * half)[:, None] * across
    half[-1] *= 0.7
    rib = centre + t[:, None] * length * along
    shape = canvas.polygon(smooth(np.concatenate([rib - half, (rib + half)[::-1]]), True, 3))
    canvas.shade(shape, 0.5 if rose else 0.15, 0.014 if rose else 0.01, (0, 0))
    rim = 0.5 * fat * length
    canvas.solid(shape, colour, rim=max(min(rim, 0.06), 0.01), ambient=0.55)
