"""What a hand holds before a face: cups, glasses, bottles, phones, microphones, fans and books."""

import cv2
import numpy as np

from tfinpaint.data.occlusions.drawings.canvas import Canvas, hsv, oval, smooth
from tfinpaint.data.occlusions.drawings.hands import holding_arm, holding_fingers, tone


def _paint_colour(rng: np.random.Generator) -> np.ndarray:
    """White, black or any colour."""
    pick = rng.random()
    if pick < 0.3:
        return np.array([0.93, 0.92, 0.9]) * rng.uniform(0.9, 1)
    return (
        np.full(3, rng.uniform(0.05, 0.15))
        if pick < 0.4
        else hsv(rng.random(), rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.85))
    )


def _barrel(canvas: Canvas, top: float, bottom: float, half_top: float, half_bottom: float, bulge: float = 0.12):
    """Coverage of a round vessel seen from the side, and a pixel's place across it in [-1, 1]."""
    t = np.linspace(0, np.pi, 24)
    lower = np.stack([0.5 + half_bottom * np.cos(t), bottom + bulge * half_bottom * np.sin(t)], 1)
    upper = np.stack([0.5 - half_top * np.cos(t), top - bulge * half_top * np.sin(t)], 1)
    half = half_top + (half_bottom - half_top) * np.clip((canvas.y - top) / (bottom - top), 0, 1)
    return canvas.polygon(np.concatenate([upper, lower])), np.clip((canvas.x - 0.5) / half, -1, 1)


def _round_light(canvas: Canvas, across: np.ndarray, gloss: float) -> tuple[np.ndarray, np.ndarray]:
    """Brightness and glare of an upright cylinder."""
    side = canvas.light[0] / canvas.light[2]
    normal = np.sqrt(np.maximum(1 - across * across, 0))
    bright = 0.35 + 0.65 * np.maximum(normal + side * across, 0)
    place = 0.45 * np.sign(side) + 0.2 * side
    glare = np.exp(-(((across - place) / 0.09) ** 2)) + 0.4 * np.exp(-(((across + 0.75 * np.sign(side)) / 0.06) ** 2))
    return bright[..., None], (gloss * glare)[..., None]


def cup(rng: np.random.Generator) -> np.ndarray:
    """A mug or a paper cup with lid, often with the hand that holds it."""
    canvas, colour = Canvas(rng), _paint_colour(rng)
    paper, skin = rng.random() < 0.5, tone(rng)
    top, bottom, upper, lower = (0.14, 0.66, 0.19, 0.145) if paper else (0.16, 0.62, 0.195, 0.185)
    edge = (0.5 - 0.93 * (upper + lower) / 2, rng.uniform(0.4, 0.46))
    holding_arm(canvas, edge, skin)
    body, across = _barrel(canvas, top, bottom, upper, lower)
    bright, glare = _round_light(canvas, across, 0.1 if paper else 0.45)
    level = canvas.y - 0.03 * np.sqrt(1 - across * across)  # the same all around the cup
    field = np.broadcast_to(colour, (*body.shape, 3)).astype(np.float32)
    second = _paint_colour(rng)
    if paper:
        field = np.where(
            (np.abs(level - 0.41) < 0.11)[..., None],
            np.array([0.62, 0.45, 0.3]) if rng.random() < 0.6 else second,
            field,
        )
    elif rng.random() < 0.6:
        ring = np.abs(level - rng.uniform(0.25, 0.55)) < rng.uniform(0.015, 0.075)
        field = np.where(ring[..., None], second, field)
    if rng.random() < 0.5:
        mark = canvas.polygon(oval((0.5 + rng.uniform(-0.03, 0.03), 0.41), (0.06, 0.06)))[..., None]
        field = field * (1 - mark) + mark * _paint_colour(rng)
    if not paper:
        handle = canvas.stroke(oval((0.5 + upper + 0.02, 0.39), (0.075, 0.13), 0.0, 2.6), 0.04, closed=True)
        canvas.solid(handle, colour, rim=0.02, gloss=0.5, shine=20)
    canvas.paint(body, field * bright + glare)
    mouth = oval((0.5, top), (upper, 0.12 * upper + 0.01))
    if paper:
        lid, lid_across = _barrel(canvas, top - 0.055, top + 0.01, upper * 0.9, upper * 1.05)
        lid_bright, lid_glare = _round_light(canvas, lid_across, 0.25)
        canvas.paint(lid, rng.choice([0.93, 0.1, 0.3]) * lid_bright + lid_glare)
        canvas.solid(canvas.stroke(oval((0.5, top - 0.055), (upper * 0.88, 0.03)), 0.014, True), (0.9,) * 3, rim=0.007)
    else:
        inside = canvas.polygon(mouth)
        canvas.paint(inside, colour * np.clip(0.45 + 3 * (canvas.y - top), 0.3, 0.7)[..., None])
        canvas.solid(canvas.stroke(mouth, 0.014, closed=True), colour * 1.05, rim=0.007, gloss=0.5)
    holding_fingers(canvas, edge, rng.uniform(0.2, 0.25), skin)
    return canvas.picture()


def glass(rng: np.random.Generator) -> np.ndarray:
    """A tumbler or a stemmed glass with a drink, partly transparent."""
    canvas, skin = Canvas(rng), tone(rng)
    stem, half = rng.random() < 0.35, rng.uniform(0.14, 0.18)
    top, bottom = 0.1, 0.5 if stem else 0.64
    edge = (0.5 - 0.9 * half, 0.42)
    holding_arm(canvas, edge, skin)
    if stem:
        canvas.solid(
            canvas.polygon([(0.488, 0.5), (0.512, 0.5), (0.51, 0.78), (0.49, 0.78)]),
            (0.85, 0.88, 0.9),
            gloss=0.5,
            opacity=0.6,
        )
        canvas.solid(canvas.ellipse((0.5, 0.79), (0.13, 0.022)), (0.85, 0.88, 0.9), gloss=0.6, opacity=0.55)
        bowl = smooth([(0.5 - half, top), (0.5 - 1.15 * half, 0.28), (0.5 - 0.7 * half, 0.46), (0.5, 0.52)])
        outline = np.concatenate([bowl, (bowl * (-1, 1) + (1, 0))[::-1]])
        body, across = canvas.polygon(outline), np.clip((canvas.x - 0.5) / (1.15 * half), -1, 1) + 0 * canvas.y
    else:
        body, across = _barrel(canvas, top, bottom, half, half * rng.uniform(0.75, 0.95))
    drink = [(0.09, 0.85, 0.95), (0.97, 0.7, 0.35), (0.02, 0.85, 0.5), (0.55, 0.1, 0.95), (0.08, 0.8, 0.55)]
    liquid = hsv(*drink[rng.integers(len(drink))])
    level = rng.uniform(0.18, 0.36)
    canvas.paint(body, (0.92, 0.95, 0.97), 0.1 + 0.4 * np.square(across * across))
    bright, _ = _round_light(canvas, across, 0.0)
    inner = cv2.erode(body, np.ones((9, 9))) * np.clip((canvas.y - level) * 160, 0, 1) * (canvas.y < bottom - 0.02)
    canvas.paint(inner, liquid * (0.75 + 0.35 * bright) + 0.04 * canvas.noise(6)[..., None], 0.8)
    surface = canvas.polygon(oval((0.5, level), (0.9 * half * (1.1 if stem else 1.0), 0.02))) * (body > 0.5)
    canvas.paint(surface, 0.6 * liquid + 0.35, 0.8)
    _, glare = _round_light(canvas, across, 0.6)
    canvas.paint(body * (glare[..., 0] > 0.02), (1, 1, 1), glare[..., 0])
    canvas.paint(canvas.stroke(oval((0.5, top), (half, 0.018)), 0.008, closed=True), (0.95, 0.97, 1), 0.65)
    holding_fingers(canvas, edge, rng.uniform(0.2, 0.24), skin)
    return canvas.picture()


def bottle(rng: np.random.Generator) -> np.ndarray:
    """A bottle of plastic or glass with a label, its neck up."""
    canvas, skin = Canvas(rng), tone(rng)
    half, neck = rng.uniform(0.105, 0.135), rng.uniform(0.038, 0.05)
    edge = (0.5 - 0.95 * half, 0.52)
    holding_arm(canvas, edge, skin)
    side = smooth([(0.5 - neck, 0.07), (0.5 - neck, 0.16), (0.5 - 0.75 * half, 0.27), (0.5 - half, 0.36),
                   (0.5 - half, 0.84), (0.5 - 0.85 * half, 0.88)])  # fmt: skip
    outline = np.concatenate([side, (side * (-1, 1) + (1, 0))[::-1]])
    body, across = canvas.polygon(outline), np.clip((canvas.x - 0.5) / half, -1, 1) + 0 * canvas.y
    clear = rng.random() < 0.25
    colour = (
        hsv(rng.choice([0.55, 0.6, 0.5]), 0.15, 0.95)
        if clear
        else hsv(rng.choice([0.33, 0.07, 0.3, 0.0, 0.6]), 0.8, rng.uniform(0.25, 0.6))
    )
    bright, glare = _round_light(canvas, across, 0.5)
    canvas.paint(
        body,
        colour * bright + 0.03 * canvas.noise(9, 30)[..., None],
        (0.45 if clear else 0.93) + 0.4 * np.square(across * across) * clear,
    )
    label, ink = _paint_colour(rng), _paint_colour(rng)
    area = body * (np.abs(canvas.y - 0.56) < 0.13)
    pattern = (canvas.noise(6, 8) > 0.5)[..., None] * (np.abs(canvas.y - 0.56) < 0.08)[..., None]
    band = (np.abs(np.abs(canvas.y - 0.56) - 0.11) < 0.012)[..., None]
    canvas.paint(area, np.where(pattern | band, ink, label) * bright)
    canvas.paint(body, (1, 1, 1), np.minimum(glare[..., 0], 1) * 0.7)
    cap, cap_across = _barrel(canvas, 0.06, 0.11, neck * 1.15, neck * 1.15)
    if rng.random() < 0.5:
        cap_bright, cap_glare = _round_light(canvas, cap_across, 0.3)
        canvas.paint(
            cap,
            _paint_colour(rng) * cap_bright * (0.85 + 0.15 * np.sign(np.sin(cap_across * 25)))[..., None] + cap_glare,
        )
    holding_fingers(canvas, edge, rng.uniform(0.19, 0.23), skin)
    return canvas.picture()


def phone(rng: np.random.Generator) -> np.ndarray:
    """The back of a phone, mostly in a hand."""
    canvas, skin = Canvas(rng), tone(rng)
    half, top, bottom = 0.15, 0.08, 0.7
    edge = (0.5 - half, rng.uniform(0.44, 0.54))
    holding_arm(canvas, edge, skin)
    colour = (
        np.full(3, rng.uniform(0.05, 0.2))
        if rng.random() < 0.45
        else hsv(rng.random(), rng.uniform(0.05, 0.6), rng.uniform(0.3, 0.95))
    )
    middle = (0.5, (top + bottom) / 2)
    back = oval(middle, (half, (bottom - top) / 2), 0.0, 9.0)
    ramp = 0.8 + 0.35 * np.clip((canvas.x - 0.3) * rng.uniform(-1, 2) + (0.7 - canvas.y) * 0.6, 0, 1)[..., None]
    canvas.solid(canvas.polygon(back), colour * ramp, rim=0.018, gloss=0.3, shine=30, ambient=0.5)
    sheen = np.exp(-(((canvas.x + 0.45 * canvas.y - rng.uniform(0.5, 0.85)) / 0.07) ** 2))
    canvas.paint(canvas.polygon(back), (1, 1, 1), 0.16 * sheen)
    lenses = [(0.39, 0.14), (0.39, 0.205), (0.45, 0.172)][: rng.integers(1, 4)]
    island = canvas.polygon(oval((0.415, 0.172), (0.068, 0.072), 0.0, 6.0))
    canvas.shade(island, 0.25, 0.006)
    canvas.solid(island, colour * 0.92, rim=0.012, gloss=0.3)
    for x, y in lenses:
        canvas.solid(canvas.ellipse((x, y), (0.026, 0.026)), (0.25,) * 3, rim=0.006, gloss=0.5)
        canvas.solid(canvas.ellipse((x, y), (0.019, 0.019)), (0.03, 0.03, 0.05), rim=0.018, gloss=0.5, shine=40)
    canvas.paint(canvas.ellipse((0.45, 0.135), (0.009, 0.009)), (0.95, 0.93, 0.8))
    canvas.paint(canvas.ellipse((0.5, 0.37), (0.025, 0.027)), colour * 0.75 + 0.12, 0.7)
    holding_fingers(canvas, edge, rng.uniform(0.17, 0.22), skin)
    return canvas.picture()


def microphone(rng: np.random.Generator) -> np.ndarray:
    """A singer's or a reporter's microphone, its head up, in a hand."""
    canvas, skin = Canvas(rng), tone(rng)
    edge, foam = (0.44, 0.5), rng.random() < 0.35
    holding_arm(canvas, edge, skin)
    handle = canvas.polygon([(0.445, 0.3), (0.555, 0.3), (0.535, 0.82), (0.465, 0.82)])
    dark = np.full(3, rng.uniform(0.06, 0.2))
    canvas.solid(handle, dark, rim=0.05, gloss=0.35, shine=16)
    if foam:
        colour = hsv(rng.random(), 0.8, 0.7) if rng.random() < 0.5 else dark
        head = canvas.polygon(oval((0.5, 0.2), (0.115, 0.135), 0.0, 2.4))
        canvas.solid(head, colour, rim=0.11, grain=canvas.noise(90) * 0.6, ambient=0.35)
    else:
        head = canvas.polygon(oval((0.5, 0.2), (0.105, 0.115), 0.0, 2.3))
        mesh = np.sin(canvas.x * 330) * np.sin(canvas.y * 330)
        canvas.solid(
            head,
            (0.62 + 0.25 * mesh[..., None]) * np.ones(3),
            rim=0.1,
            gloss=0.6,
            shine=12,
            ambient=0.2,
            grain=mesh * 0.5,
        )
        canvas.solid(canvas.polygon(oval((0.5, 0.215), (0.112, 0.018), 0.0, 4.0)), (0.7,) * 3, rim=0.01, gloss=0.6)
    canvas.solid(
        canvas.polygon([(0.435, 0.295), (0.565, 0.295), (0.558, 0.335), (0.442, 0.335)]),
        dark * 1.6,
        rim=0.02,
        gloss=0.4,
    )
    if rng.random() < 0.3:
        cube = canvas.polygon(oval((0.5, 0.38), (0.1, 0.06), 0.0, 12.0))
        flag = _paint_colour(rng)
        canvas.solid(cube, flag, rim=0.008)
        canvas.paint(cube * (canvas.noise(7, 9) > 0.6) * (np.abs(canvas.y - 0.38) < 0.035), 1 - flag)
    holding_fingers(canvas, edge, rng.uniform(0.14, 0.17), skin)
    return canvas.picture()
