"""The families of what hides a face."""

from collections.abc import Sequence

import numpy as np

FAMILIES = ("nothing", "worn_mask", "word_or_box", "thing", "strokes")

_WORDS = {"worn_mask": "a worn mask", "word_or_box": "a word or a box", "thing": "a thing", "strokes": "strokes"}
_LEAST = 0.005  # share of a crop: less of a family than this is not seen
# How likely a family must be at a pixel that counts. A bare face must stay bare; but what takes off worn masks and
# words looks for them itself once more.
SURE = {"nothing": 0.5, "worn_mask": 0.5, "word_or_box": 0.5, "thing": 0.85, "strokes": 0.85}


def seen(families: np.ndarray) -> tuple[str, ...]:
    """The names of what hides one face, the largest first; empty for a bare one.

    Args:
        families: `(side, side, 5)`, how likely each of `FAMILIES` is at each pixel.
    """
    likeliest = families.argmax(-1)
    sure = families.max(-1) >= np.array([SURE[name] for name in FAMILIES])[likeliest]
    shares = np.bincount(likeliest[sure], minlength=len(FAMILIES)) / sure.size
    return tuple(FAMILIES[i] for i in np.argsort(-shares) if i and shares[i] >= _LEAST)


def in_words(saw: Sequence[tuple[str, ...]]) -> str:
    """What hides some faces, as a sentence for people; empty where no one looked.

    Args:
        saw: for each face the names that `seen` gives.
    """
    said = [" and ".join(_WORDS[name] for name in names) or "nothing" for names in saw]
    if len(said) < 2:
        return f"The face is hidden by {said[0]}." if any(saw) else "Nothing hides the face." if said else ""
    counts = (f"{said.count(words)} by {words}" for words in dict.fromkeys(said))
    return f"Of {len(said)} faces, hidden are {', '.join(counts)}."
