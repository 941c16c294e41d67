"""An engine that sees what hides each face, and lets the one paint that is best at it."""

from collections.abc import Callable, Collection, Mapping, Sequence

import cv2
import numpy as np

from tfinpaint.engine.contract import Contract
from tfinpaint.engine.engine import Engine, Restoration, contract_of
from tfinpaint.engine.families import FAMILIES, SURE, seen
from tfinpaint.errors import InputError

_RIM = 1 / 64  # of the side: a mask that is lent grows by this, because soft edges and shadows hide, too
_THICK = 5 / 128  # of the side: what an engine overlooks is nowhere as thick as this, or it is told


class Auto:
    """Finds which family of things hides a face (see `FAMILIES`), and has it painted by the engine for that family.

    Where several hide one face they are painted one after the other, the largest first. A face on which nothing is
    found stays as it is. Engines that find what they paint are asked to, and told what they overlook; those that must
    be told are told.

    Args:
        finder: says by its extra `families` what hides each pixel, such as `zoo.load("what_hides")`.
        chosen: family -> name of the engine that paints it.
        load: name -> engine; called once for each engine that is needed.
        told: families whose engine is told the mask although it could find one, because what it finds by itself is
            something else.

    Raises:
        InputError: the finder names no families, or a family has no engine.
    """

    def __init__(
        self,
        finder: Engine,
        chosen: Mapping[str, str],
        load: Callable[[str], Engine],
        told: Collection[str] = (),
    ) -> None:
        own = contract_of(finder)
        if "families" not in own.extras:
            raise InputError(
                "The finder must say what hides each pixel, by an extra `families`. Received: one with the extras "
                f"{', '.join(own.extras) or 'none'}; take zoo.load('what_hides')."
            )
        if missing := [family for family in FAMILIES[1:] if family not in chosen]:
            raise InputError(f"`chosen` must name an engine for each family. Received: none for {', '.join(missing)}.")
        self.finder, self.chosen, self.told, self.image_size = finder, dict(chosen), tuple(told), finder.image_size
        self.contract = Contract(extras=("families",), framing=own.framing, occlusion=own.occlusion)
        self._load, self._engines = load, {}

    def restore(
        self, images: np.ndarray, masks: np.ndarray | None = None, *, seed: int | None = None, batch_size: int = 16
    ) -> Restoration:
        """See `Engine.restore`; a caller's mask is painted by the engine for what hides most of the face there."""
        families = self.finder.restore(images, batch_size=batch_size).extras["families"]
        pictures, painted = np.array(images), np.zeros((*images.shape[:3], 1), np.float32)
        work = [seen(each) for each in families]
        if masks is not None:
            work = [_told(each, mask) for each, mask in zip(families, masks, strict=True)]
        for turn in range(max(map(len, work), default=0)):
            for family in FAMILIES[1:]:
                rows = [i for i, names in enumerate(work) if names[turn : turn + 1] == (family,)]
                if not rows:
                    continue
                if masks is None:
                    result = self._paint(family, pictures[rows], families[rows], painted[rows], batch_size)
                else:
                    result = self._engine(family).restore(pictures[rows], masks[rows], batch_size=batch_size)
                pictures[rows], painted[rows] = result.images, np.maximum(painted[rows], result.masks)
        return Restoration(pictures, painted, {"families": families})

    def beyond(self, families: Sequence[str]) -> Engine | None:
        """The engine that looks around a face for more of what was seen before it; None where none looks that far.

        Only one that finds by itself does: around a face the finder has never looked.
        """
        asked = [self._engine(family) for family in families if family not in self.told]
        reaching = [engine for engine in asked if contract_of(engine).finds_mask and contract_of(engine).reach > 1]
        return reaching[0] if reaching else None

    def _paint(
        self, family: str, pictures: np.ndarray, families: np.ndarray, painted: np.ndarray, batch_size: int
    ) -> Restoration:
        """What a family's engine makes of faces; it is told what it must be told, or what it overlooks."""
        engine, size = self._engine(family), pictures.shape[1:3]
        sure = [_surely(each, family) for each in families]
        if family in self.told or contract_of(engine).needs_mask:
            return engine.restore(pictures, np.stack([_grown(each, size) for each in sure]), batch_size=batch_size)
        result = engine.restore(pictures, batch_size=batch_size)
        left = [_overlooked(each, mask) for each, mask in zip(sure, np.maximum(painted, result.masks), strict=True)]
        if rows := [i for i, each in enumerate(left) if each.any()]:
            more = np.stack([np.maximum(result.masks[i], _grown(left[i], size)) for i in rows])
            again = engine.restore(pictures[rows], more, batch_size=batch_size)
            images, masks = np.array(result.images), np.array(result.masks)
            images[rows], masks[rows] = again.images, again.masks
            result = Restoration(images, masks)
        return result

    def _engine(self, family: str) -> Engine:
        name = self.chosen[family]
        if name not in self._engines:
            engine = self._load(name)
            if contract_of(engine).framing != self.contract.framing:
                raise InputError(f"The engine {name!r} must see faces framed {self.contract.framing!r}, as the finder.")
            self._engines[name] = engine
        return self._engines[name]


def _told(families: np.ndarray, mask: np.ndarray) -> tuple[str, ...]:
    """The family that hides most of one face where the mask says so; strokes where nothing seems to."""
    hole = cv2.resize(np.asarray(mask, np.float32).squeeze(-1), families.shape[1::-1]) > 0
    if not hole.any():
        return ()
    counts = np.bincount(families[hole].argmax(-1), minlength=len(FAMILIES))
    return (FAMILIES[1 + counts[1:].argmax()] if counts[1:].sum() >= counts[0] else "strokes",)


def _surely(families: np.ndarray, family: str) -> np.ndarray:
    """Where a family is the likeliest, `(side, side)` bool, without spots in which it is nowhere sure."""
    index = FAMILIES.index(family)
    there = families.argmax(-1) == index
    return _spots_with(there & (families[..., index] >= SURE[family]), there)


def _spots_with(core: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The connected spots of `there` that hold something of `core`, which lies in it; `(height, width)` bool each."""
    _, spots = cv2.connectedComponents(there.astype(np.uint8))
    return np.isin(spots, np.unique(spots[core]))


def _overlooked(there: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Spots of what is there and was not painted, `(height, width)` bool, that are thick enough to be no rim.

    Args:
        there: `(side, side)` bool.
        painted: `(height, width, 1)`, 1 where it was.
    """
    height, width = painted.shape[:2]
    left = (cv2.resize(there.astype(np.float32), (width, height)) > 0.5) & (painted[..., 0] == 0)
    thick = max(2, round(_THICK * height))
    core = cv2.erode(left.astype(np.uint8), np.ones((thick, thick), np.uint8)) > 0
    return _spots_with(core, left)


def _grown(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """One mask `(side, side)`, a little larger, at the picture's size `(height, width, 1)`."""
    rim = max(1, round(_RIM * len(mask)))
    mask = cv2.dilate(mask.astype(np.float32), np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
    return (cv2.resize(mask, size[::-1]) > 0.5).astype(np.float32)[..., None]
