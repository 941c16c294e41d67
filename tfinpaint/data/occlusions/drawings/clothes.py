"""What is worn around a face: scarves, caps and hair that has fallen over it."""

import numpy as np

from tfinpaint.data.occlusions.drawings.canvas import Canvas, hsv, mirrored, smooth

HAIR = 0.3  # of locks before they take the photo's colour


def _cloth_colours(canvas: Canvas, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A plain, striped, checked or dotted cloth at the threads (u, v)."""
    rng = canvas.rng
    base, second, third = (hsv(rng.random(), rng.uniform(0.05, 0.75), rng.uniform(0.12, 0.9)) for _ in range(3))
    kind, turn = rng.integers(5), rng.uniform(18, 45)
    stripe_u, stripe_v = np.sin(turn * u)[..., None], np.sin(turn * v)[..., None]
    if kind == 1:
        return base + (second - base) * (stripe_v > rng.uniform(-0.5, 0.7))
    if kind == 2:  # tartan
        plaid = base + 0.45 * (second - base) * (stripe_v > 0) + 0.45 * (second - base) * (stripe_u > 0)
        return plaid + 0.7 * (third - plaid) * ((abs(stripe_u) < 0.12) | (abs(stripe_v) < 0.12))
    if kind == 3:
        return base + (second - base) * (stripe_u * stripe_v > 0.72)
    return np.broadcast_to(base, (*np.broadcast(u, v).shape, 3))


def scarf(rng: np.random.Generator) -> np.ndarray:
    """A scarf wound around mouth, chin and neck; it reaches the lower edge. Sprite: 4.4 eye distances."""
    canvas = Canvas(rng)
    middle, ends = rng.uniform(0.05, 0.1), rng.uniform(0.0, 0.06)
    upper = [(0.165, ends + 0.05), (0.19, ends + 0.01), (0.27, 0.6 * ends + 0.4 * middle), (0.4, middle),
             (0.5, middle + 0.004)]  # fmt: skip
    upper = smooth(np.concatenate([upper, mirrored(upper[:4])[::-1]]) + (0, 0.03))
    side = smooth([upper[-1], (0.845, 0.3), (0.93, 0.5), (0.975, 0.7), (0.99, 1.02)])
    shape = canvas.polygon(np.concatenate([upper, side, mirrored(side)[::-1]]))
    # Folds hang between the ears, deeper the lower they are, and no two are alike.
    x = canvas.x - 0.5
    wander = 0.05 * canvas.noise(3, 3) + 0.012 * canvas.noise(9, 7)
    sag = canvas.y - rng.uniform(0.25, 0.7) * (0.16 - x * x) + rng.uniform(-0.25, 0.25) * x + wander
    height = 9 * np.abs(np.sin(rng.uniform(8, 14) * sag + rng.uniform(0, 3))) ** 0.8
    height += 4 * np.abs(np.sin(rng.uniform(14, 24) * (sag + 0.25 * x * rng.uniform(-1, 1)))) + 12 * (0.25 - x * x)
    if rng.random() < 0.5:  # knitted
        rows, columns = 190 * sag, 150 * x
        height = height + 0.8 * np.abs(np.sin(rows)) * np.abs(np.sin(columns + 1.2 * np.sign(np.sin(rows))))
    else:
        height = height + 0.25 * canvas.noise(110)
    colour = _cloth_colours(canvas, canvas.x + 0.4 * wander, sag)
    hollow = np.clip((canvas.soft(height, 0.03) - height) / 9, 0, 1)[..., None]
    canvas.solid(shape, colour * (1 - 0.5 * hollow), rim=0.025, ambient=0.35, grain=canvas.soft(height, 0.004))
    return canvas.picture()


def cap(rng: np.random.Generator) -> np.ndarray:
    """A baseball cap or a knitted one; its crown goes beyond the upper edge. Sprite: 3.6 eye distances."""
    return _knitted(Canvas(rng)) if rng.random() < 0.4 else _baseball(Canvas(rng))


def _baseball(canvas: Canvas) -> np.ndarray:
    rng = canvas.rng
    colour = hsv(rng.random(), rng.uniform(0.1, 0.8), rng.uniform(0.1, 0.85)) * np.ones(3)
    colour = np.full(3, rng.uniform(0.05, 0.15)) if rng.random() < 0.3 else colour
    peak = colour if rng.random() < 0.6 else hsv(rng.random(), 0.6, rng.uniform(0.1, 0.8))
    weave = 0.08 * canvas.noise(120)
    crown = smooth([(0.125, 0.72), (0.125, 0.52), (0.16, 0.34), (0.27, 0.18), (0.4, 0.11), (0.5, 0.1)])
    crown = np.concatenate([crown, mirrored(crown)[::-1], smooth([(0.875, 0.72), (0.5, 0.64), (0.125, 0.72)])])
    x = (canvas.x - 0.5) / 0.38
    bulge = 40 * np.sqrt(np.maximum(1 - x * x * 0.9, 0.02)) + 14 * np.minimum(canvas.y, 0.6)
    shape = canvas.polygon(crown)
    canvas.solid(shape, colour, rim=0.03, grain=bulge + weave, ambient=0.4)
    for place in (0.5, 0.27, 0.73):
        bend = 0.5 + (place - 0.5) * 0.25
        seam = canvas.stroke(smooth([(bend, 0.11), (0.5 + (place - 0.5) * 0.8, 0.3), (place, 0.68)]), 0.006)
        canvas.paint(seam * shape, colour * 0.55, 0.7)
    if rng.random() < 0.75:
        _emblem(canvas, (0.5, 0.42), hsv(rng.random(), rng.uniform(0, 0.7), rng.choice([0.1, 0.95])))
    low = rng.uniform(0.86, 0.93)
    edge = [(0.11, 0.73), (0.16, 0.81), (0.3, low - 0.02), (0.5, low)]
    edge = smooth(np.concatenate([edge, mirrored(edge[:3])[::-1]]))
    root = smooth([(0.89, 0.73), (0.72, 0.655), (0.5, 0.63), (0.28, 0.655), (0.11, 0.73)])
    brim = canvas.polygon(np.concatenate([edge, root]))
    canvas.shade(brim, 0.3, 0.015, (0, -0.015))
    canvas.solid(brim, peak, rim=0.05, grain=weave + 60 * np.sqrt(np.maximum(1.05 - x * x, 0.02)), ambient=0.4)
    for k in range(1, 5):
        line = smooth([(0.5 + (px - 0.5) * (1 - 0.06 * k), py - 0.024 * k) for px, py in edge[::8]])
        canvas.paint(canvas.stroke(line, 0.003) * brim, peak * 0.6, 0.5)
    under = canvas.polygon(np.concatenate([edge, (edge + (0, 0.014))[::-1]]))
    canvas.paint(under, peak * 0.35)
    return canvas.picture()


def _knitted(canvas: Canvas) -> np.ndarray:
    rng = canvas.rng
    colour = hsv(rng.random(), rng.uniform(0.0, 0.75), rng.uniform(0.1, 0.85))
    second = colour if rng.random() < 0.6 else hsv(rng.random(), 0.5, 0.7)
    crown = smooth([(0.13, 0.74), (0.125, 0.5), (0.17, 0.27), (0.3, 0.12), (0.42, 0.07), (0.5, 0.06)])
    crown = np.concatenate([crown, mirrored(crown)[::-1], smooth([(0.87, 0.74), (0.5, 0.7), (0.13, 0.74)])])
    x = np.clip((canvas.x - 0.5) / 0.38, -1, 1)
    ribs = np.sin(rng.uniform(38, 60) * np.arcsin(x)) * 1.8
    rows = 0.6 * np.abs(np.sin(140 * canvas.y + 0.8 * np.sign(ribs)))
    bulge = 44 * np.sqrt(np.maximum(1.03 - x * x, 0.0)) + 1.2 * canvas.noise(5)
    canvas.solid(canvas.polygon(crown), colour, rim=0.04, grain=bulge + ribs + rows, ambient=0.4)
    fold = rng.uniform(0.13, 0.2)
    upper = smooth([(0.105, 0.62), (0.3, 0.585), (0.5, 0.575), (0.7, 0.585), (0.895, 0.62)])
    band = canvas.polygon(np.concatenate([upper, (upper + (0, fold))[::-1]]))
    canvas.shade(band, 0.4, 0.012, (0, -0.012))
    canvas.solid(band, second, rim=0.035, grain=bulge + 1.4 * ribs + rows, ambient=0.4)
    return canvas.picture()


def _emblem(canvas: Canvas, centre: tuple[float, float], colour: np.ndarray) -> None:
    """A badge: some letter-like strokes or a disc."""
    rng, (x, y) = canvas.rng, centre
    if rng.random() < 0.4:
        canvas.solid(canvas.ellipse(centre, (0.075, 0.07)), colour, rim=0.012)
        canvas.paint(canvas.stroke(smooth(rng.uniform(-0.045, 0.045, (4, 2)) + centre), 0.014), 1 - colour)
        return
    for shift in (-0.05, 0.0, 0.05)[: rng.integers(1, 4)]:
        points = rng.uniform((-0.022, -0.05), (0.022, 0.05), (4, 2)) + (x + shift, y)
        canvas.solid(canvas.stroke(points, 0.018), colour, rim=0.008)


def hair_strand(rng: np.random.Generator) -> np.ndarray:
    """Locks that fall from the upper edge over brow, eye or cheek, grey: they take the hair's colour from the photo."""
    canvas = Canvas(rng)
    sweep, curl = rng.uniform(-0.35, 0.35), rng.uniform(0.0, 0.04)
    spread, reach = rng.uniform(0.04, 0.09), rng.uniform(0.55, 0.95)
    wave, phase = rng.uniform(3, 8), rng.uniform(0, 6)
    t = np.linspace(0, 1, 20)
    light = 0.75 + 0.7 * np.exp(-(((canvas.y - rng.uniform(0.15, 0.35)) / 0.1) ** 2)) + 0 * canvas.x
    for _ in range(rng.integers(6, 10)):
        start, length = 0.5 - 0.35 * sweep + rng.normal(0, spread), reach * rng.uniform(0.65, 1.0)
        lean, width = sweep + rng.normal(0, 0.05), rng.uniform(0.025, 0.055)
        lock = np.stack([start + lean * t**1.6 + curl * np.sin(wave * t + phase) * t, t * length - 0.02], 1)
        lines, greys = [], rng.uniform(0.12, 0.46, 34)
        for place in rng.normal(0, 0.5, 34):  # single hairs; they gather towards the tip and some stand off
            hair = lock + np.stack([width * place * (1 - 0.85 * t) + rng.normal(0, 0.016) * t * t, 0 * t], 1)
            lines.append(hair[: rng.integers(12, 21)])
        body = lock + np.stack([0.6 * width * (1 - t), 0 * t], 1)
        canvas.shade(canvas.polygon(np.concatenate([body, (2 * lock - body)[::-1]])), 0.3, 0.012, (0.006, 0.006))
        grey, cover = canvas.hatch(lines, greys)
        canvas.paint(cover, (grey * light)[..., None] * np.ones(3), 0.92)
    return canvas.picture()
