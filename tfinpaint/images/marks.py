"""What marks the hole in the picture of a mask: white, a colour, what was drawn, erased or changed, or numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tfinpaint.errors import InputError

MARKS = ("auto", "white", "black", "drawn", "erased", "changed")

_NEAR = 32  # levels of 255: lossy files keep black and white so near
_CHROMA = 48  # levels between the strongest and the weakest channel: more is colour
_LABELS = 64  # a map of labels has no more of them


@dataclass(frozen=True)
class MaskPicture:
    """The picture of a mask.

    Attributes:
        name: what sentences call it.
        pixels: `(height, width, 3)` uint8 RGB.
        numbers: `(height, width)`, what is stored where that is one number a pixel (grey, palette); else None.
        alpha: `(height, width)` uint8 where some pixels are opaque and others are see-through; else None.
        exact: whether stored numbers are those that were drawn: no JPEG.
    """

    name: str
    pixels: np.ndarray
    numbers: np.ndarray | None = None
    alpha: np.ndarray | None = None
    exact: bool = True

    @property
    def light(self) -> np.ndarray:
        """`(height, width)` uint8: the luminance."""
        return cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY)


def hidden_in(
    picture: MaskPicture, photo: np.ndarray | None = None, marks: str | Sequence[int] = "auto"
) -> tuple[np.ndarray, str]:
    """Where a picture of a mask hides, `(height, width)` bool; and what was understood, where that is worth a word.

    Args:
        picture: of the mask.
        photo: `(height, width, 3)` uint8, whose mask it is.
        marks: what marks the hole: `"white"` or `"black"`, what is `"drawn"` on a see-through layer or `"erased"` from
            an opaque one, what is `"changed"` in a copy of the photo, or the numbers of a map of labels; `"auto"` sees.

    Raises:
        InputError: `marks` is none of these or cannot be told from this picture, or "auto" sees no mask in it.
    """
    if not isinstance(marks, str):
        return _numbered(picture, marks), ""
    if marks not in MARKS:
        raise InputError(f"`marks` must be one of {', '.join(MARKS)}, or numbers. Received: {marks!r}.")
    if marks in ("white", "black"):
        return _light(picture) == (marks == "white"), ""
    if marks == "changed":
        return _changed(picture, photo), ""
    if marks in ("drawn", "erased"):
        if picture.alpha is None:
            raise InputError(f"{picture.name} must have see-through parts to be {marks}. Received: none.")
        return _opaque(picture) == (marks == "drawn"), ""
    return _seen(picture, photo)


def _seen(picture: MaskPicture, photo: np.ndarray | None) -> tuple[np.ndarray, str]:
    opaque = True if picture.alpha is None else _opaque(picture)
    if photo is not None and _is_copy(picture.pixels, photo, opaque):
        if picture.alpha is not None:
            return ~opaque, "shows the photo; what was erased from it counts as hidden"
        hidden = _changed(picture, photo)
        return hidden, f"shows the photo; what was changed in it ({hidden.mean():.1%}) counts as hidden"
    if picture.alpha is not None:
        return opaque, ""
    if (coloured := _coloured(picture)) is not None:
        return coloured, "is in colour; the coloured part counts as hidden"
    if (kinds := _labels(picture)) is not None:
        if len(kinds) == 2:
            return picture.numbers == kinds[1], f"holds the numbers {kinds[0]} and {kinds[1]}; {kinds[1]} hides"
        raise InputError(
            f"{picture.name} holds the numbers {', '.join(map(str, kinds))}, as maps of labels do; say which of them "
            f"hide the face (`--mask-marks {kinds[1]}`, or several with commas)."
        )
    return _light(picture), ""


def _opaque(picture: MaskPicture) -> np.ndarray:
    """Above half of the strongest alpha: a brush may be half see-through itself."""
    return picture.alpha > picture.alpha.max() / 2


def _light(picture: MaskPicture) -> np.ndarray:
    """Above half of the range; of numbers that are 0 and 1 alone, the ones."""
    light = picture.light
    if picture.numbers is not None and picture.exact and picture.numbers.max() == 1 and light.max() <= _NEAR:
        return picture.numbers == 1
    return light > 127


def _is_copy(pixels: np.ndarray, photo: np.ndarray, where: np.ndarray | bool) -> bool:
    """Whether a picture shows the photo: a third of what is neither black nor white in that agrees but for noise.

    The same for what is in colour, if there is much of it: else a grey copy would seem to be changed all over.
    """
    telling = (photo.max(-1) > _NEAR) & (photo.min(-1) < 255 - _NEAR) & where
    if _two_toned(pixels) or telling.mean() < 0.01:
        return False
    near, vivid = cv2.absdiff(pixels, photo).max(-1) <= 24, telling & (np.ptp(photo, axis=-1) > 64)
    return bool(near[telling].mean() > 1 / 3 and (vivid.sum() < 0.05 * telling.sum() or near[vivid].mean() > 1 / 5))


def _two_toned(pixels: np.ndarray) -> bool:
    """Whether all but a fiftieth is nearly black or nearly white."""
    return bool(((pixels.max(-1) <= _NEAR) | (pixels.min(-1) >= 255 - _NEAR)).mean() >= 0.98)


def _changed(picture: MaskPicture, photo: np.ndarray | None) -> np.ndarray:
    """Where a copy differs from the photo by more than its own noise, without specks."""
    if photo is None:
        raise InputError(f"{picture.name} can be compared with a photo only where there is one. Received: none.")
    difference = cv2.absdiff(picture.pixels, photo).max(-1)
    noise = (4 if picture.exact else 16) + 3 * np.median(difference)
    found = cv2.medianBlur((difference > noise).astype(np.uint8), 5)
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(found)
    found = (found > 0) & (sizes[:, cv2.CC_STAT_AREA] > 1e-3 * found.size)[parts]
    if not found.any():
        raise InputError(f"{picture.name} shows the photo, and nothing in it is marked.")
    return found


def _coloured(picture: MaskPicture) -> np.ndarray | None:
    """The part in colour of a picture that is otherwise black, white or grey; None where nothing is in colour.

    Raises:
        InputError: there are several colours, or black, white and a colour.
    """
    pixels = picture.pixels.astype(np.int16)
    chroma = np.ptp(pixels, axis=-1)
    if chroma.max() <= _CHROMA:
        return None
    coloured = chroma > max(_CHROMA, np.percentile(chroma[chroma > _CHROMA], 95) / 2)
    hues = pixels[coloured] - pixels[coloured].mean(-1, keepdims=True)
    hues = hues / np.linalg.norm(hues, axis=-1, keepdims=True)
    rest = ~coloured
    one_hue = np.linalg.norm(hues.mean(0)) > 0.9 and rest.any() and (chroma[rest] > _CHROMA).mean() < 0.05
    shares = [(picture.light[rest] <= _NEAR).mean(), (picture.light[rest] >= 255 - _NEAR).mean()] if one_hue else []
    if one_hue and not (sum(shares) > 0.98 and min(shares) > 0.02):
        return coloured
    seen = "black, white and a colour" if one_hue else "several colours"
    numbers = "" if picture.numbers is None else ", or which numbers of its palette (`--mask-marks 1,2`)"
    raise InputError(
        f"{picture.name} must show what is hidden in white, or in one colour. Received: {seen}; say what marks it "
        f"(`--mask-marks white`, `black`{numbers})."
    )


def _labels(picture: MaskPicture) -> list[int] | None:
    """The numbers of a map of labels, rising, where it is one: few small numbers, all of them too dark to be white."""
    if picture.numbers is None or not picture.exact or picture.light.max() > 127:
        return None
    numbers = np.unique(picture.numbers).tolist()
    return numbers if 2 <= len(numbers) <= _LABELS and numbers != [0, 1] else None


def _numbered(picture: MaskPicture, marks: Sequence[int]) -> np.ndarray:
    if picture.numbers is None:
        raise InputError(f"{picture.name} must be grey or have a palette where numbers mark. Received: one in colour.")
    found = np.isin(picture.numbers, list(marks))
    if not found.any():
        held = np.unique(picture.numbers)
        shown = ", ".join(map(str, held[:20].tolist())) + (", ..." if len(held) > 20 else "")
        raise InputError(
            f"{picture.name} must hold one of the numbers {', '.join(map(str, marks))}. Received: {shown}."
        )
    return found
