"""The gallery's pictures as data URIs, within a budget."""

import base64
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

# WebP quality and longest side, tried in order once the files as they are take too much.
_LADDER = ((90, 512), (90, 256), (80, 192), (70, 160), (60, 128), (50, 96), (40, 64))
_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff\xe0": "jpeg", b"\xff\xd8\xff\xe1": "jpeg"}


class Pictures:
    """Pictures beside the results file, ready for `src`.

    Args:
        folder: that the paths are relative to; nothing outside it is read.
        paths: of all pictures, as often as they are shown.
        budget: bytes that all data URIs may take together.

    Attributes:
        note: says whether the pictures were changed to fit; empty where there are none.
    """

    def __init__(self, folder: str | os.PathLike, paths: Iterable[str], *, budget: int = 6_500_000) -> None:
        uses = Counter(paths)
        found = {path: data for path in uses if (data := _read(Path(folder), path)) is not None}
        self._found = {path: _whole(data) for path, data in found.items()}
        self.note = "The pictures are embedded as they were written, without loss." if found else ""
        steps = iter(_LADDER)
        while sum(len(uri) * uses[path] for path, (uri, _, _) in self._found.items()) > budget:
            quality, side = next(steps, (0, 0))
            if not side:
                break
            self._found = {path: _small(data, quality, side) for path, data in found.items()}
            self.note = (
                f"To keep this file small the pictures are WebP of quality {quality}, at most {side} pixels wide."
            )

    def data(self, path: str) -> tuple[str, int, int] | None:
        """The data URI, width and height of a picture; None for one that is missing or damaged."""
        return self._found.get(path)


def _read(folder: Path, path: str) -> bytes | None:
    whole = (folder / path).resolve()
    if not whole.is_relative_to(folder.resolve()) or not whole.is_file():
        return None
    data = whole.read_bytes()
    return data if data and _decode(data) is not None else None


def _decode(data: bytes) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def _whole(data: bytes) -> tuple[str, int, int]:
    kind = _KINDS.get(data[:4])
    if kind is None:
        return _small(data, 95, 1024)
    height, width = _decode(data).shape[:2]
    return _uri(data, kind), width, height


def _small(data: bytes, quality: int, side: int) -> tuple[str, int, int]:
    picture = _decode(data)
    factor = side / max(picture.shape[:2])
    if factor < 1:
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
    return _uri(coded, "webp"), picture.shape[1], picture.shape[0]


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
