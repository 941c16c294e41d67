"""Words drawn once in several typefaces, and the warp that lays them on images."""

import functools
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

import tfinpaint
from tfinpaint.data.occlusions.words import WORDS

# Three families that come with the package, kept to the letters: sans, serif, typewriter, book faces; upright, slanted
# and bold. Their order decides which word is drawn in which.
TYPEFACES = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    *("WordSerif-Regular", "WordSerif-Bold", "WordSerif-Italic", "WordSerif-BoldItalic"),
    *("cmr10", "cmb10", "cmss10", "cmtt10", "cmti10"),
)
_FONTS = Path(tfinpaint.__file__).parent / "_third_party" / "fonts"
_HEIGHT, _WIDTH = 48, 256  # of the frame; 2048 words with four levels of one byte a pixel take 100 MB
_MARGIN = 2
_LEVELS = 4  # each has half the resolution of the one before: what is laid small does not alias
_SOLID = 254.0  # what the interpolation may leave of 255
_FAINT = 1.5 / 255  # opacity below this is a rounding error of the interpolation


class WordBank:
    """Pictures of all `WORDS`, each in one typeface, and their sizes.

    `Sprites` would hold four bytes a pixel; a word has one colour, so its opacity is enough.

    Attributes:
        extent: width and height of each word's ink in pixels of the bank, float32 `(2048, 2)`.
    """

    def __init__(self) -> None:
        pictures, extent = _draw_words()
        self.extent = tf.constant(extent)
        self._pyramid = tf.constant(np.concatenate([_level(pictures, k) for k in range(_LEVELS)]))

    def lay(self, index: tf.Tensor, centre: tf.Tensor, scale: tf.Tensor, turn: tf.Tensor, size: int) -> tf.Tensor:
        """Opacity `(batch, size, size, 1)` in [0, 1] of one word per sample.

        Args:
            index: int32 `(batch,)`, which of `WORDS`.
            centre: `(batch, 2)`, pixel (x, y) of the image on which the middle of the ink comes to lie.
            scale: `(batch,)`, pixels of the image to one of the bank.
            turn: `(batch,)`, clockwise, radians.
            size: side of the images.
        """
        level = tf.clip_by_value(tf.floor(-tf.math.log(scale) / np.log(2.0) + 0.25), 0, _LEVELS - 1)
        pictures = tf.gather(self._pyramid, index + len(WORDS) * tf.cast(level, tf.int32))
        step = 2.0**level
        anchor = ((tf.gather(self.extent, index) - 1) / 2 + _MARGIN + 0.5) / step[:, None] - 0.5
        a, b = tf.cos(turn) / (scale * step), tf.sin(turn) / (scale * step)
        x = anchor[:, 0] - a * centre[:, 0] - b * centre[:, 1]
        y = anchor[:, 1] + b * centre[:, 0] - a * centre[:, 1]
        zero = tf.zeros_like(a)
        warped = tf.raw_ops.ImageProjectiveTransformV3(
            images=tf.cast(pictures, tf.float32)[..., None],
            transforms=tf.stack([a, b, x, -b, a, y, zero, zero], 1),
            output_shape=(size, size),
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
        # An enlarged word gets back the sharp edges that it had: about one pixel of the image wide.
        sharp = tf.maximum(scale * step, 1.0)[:, None, None, None]
        alpha = tf.clip_by_value((warped * (1 / _SOLID) - 0.5) * sharp + 0.5, 0.0, 1.0)
        return tf.where(alpha < _FAINT, 0.0, alpha)


@functools.cache
def word_bank() -> WordBank:
    """The one bank of the process, drawn when it is first asked for."""
    with tf.init_scope():  # outside of any graph that is just being traced
        return WordBank()


def _draw_words() -> tuple[np.ndarray, np.ndarray]:
    """Opacity uint8 `(2048, height, width)`, the ink in the upper left behind a margin, and the ink's size."""
    from PIL import Image, ImageDraw, ImageFont

    fonts = functools.cache(lambda name, points: ImageFont.truetype(str(_FONTS / f"{name}.ttf"), points))
    pictures = np.zeros((len(WORDS), _HEIGHT, _WIDTH), np.uint8)
    extent = np.empty((len(WORDS), 2), np.float32)
    room = np.array([_WIDTH, _HEIGHT]) - 2 * _MARGIN
    sheet = Image.new("L", (2 * _WIDTH, 2 * _HEIGHT))
    canvas = ImageDraw.Draw(sheet)
    chosen = np.random.default_rng(2048).integers(len(TYPEFACES), size=len(WORDS))
    for word, picture, ink, typeface in zip(WORDS, pictures, extent, chosen, strict=True):
        points = 96
        while True:
            left, top, right, bottom = fonts(TYPEFACES[typeface], points).getbbox(word)
            over = (np.array([right - left, bottom - top]) / room).max()
            if over <= 1:
                break
            points = min(int(points / over), points - 1)
        canvas.rectangle((0, 0, *sheet.size), 0)
        canvas.text((_HEIGHT // 2 - left, _HEIGHT // 2 - top), word, 255, fonts(TYPEFACES[typeface], points))
        drawn = np.asarray(sheet.crop(sheet.getbbox()))  # the ink: a typeface's box may have empty sides
        ink[:] = drawn.shape[::-1]
        picture[_MARGIN : _MARGIN + drawn.shape[0], _MARGIN : _MARGIN + drawn.shape[1]] = drawn
    return pictures, extent


def _level(pictures: np.ndarray, level: int) -> np.ndarray:
    """The pictures averaged over blocks of 2^level pixels, in the upper left of their frame."""
    height, width = _HEIGHT >> level, _WIDTH >> level
    result = np.zeros_like(pictures)
    for picture, out in zip(pictures, result, strict=True):
        out[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return result
