"""The data sets of the papers that have to be fetched by hand, as one builder of `tensorflow_datasets`.

`tfds.load("tfinpaint_faces/ffhq")` finds `<data_dir>/downloads/manual/ffhq`, a folder, or `ffhq.zip`. Importing this
module makes the name known. `docs/data.md` says where each data set comes from.
"""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
import tensorflow_datasets as tfds

from tfinpaint.data.paired import FOLDERS, pair_files
from tfinpaint.data.picture_files import PictureFile, pictures_of, stop_or_warn
from tfinpaint.errors import ImageFileError, InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")  # what TensorFlow decodes


@dataclasses.dataclass(eq=False)
class _Config(tfds.core.BuilderConfig):
    """One data set.

    Attributes:
        train: how many pictures (pairs, people) the paper trains on; the rest is for tests. None: all are for tests.
        total: how many the paper has. A folder with another number is divided in the same ratio.
        unit: what is counted, `"pictures"` or `"people"`.
        paired: whether each face comes hidden, bare and with its mask, in FMOR's three folders.
        people: whether folders name people.
        masked_folder: the folder whose pictures show masked faces, where the set has such a folder.
    """

    train: int | None = None
    total: int = 1
    unit: str = "pictures"
    paired: bool = False
    people: bool = True
    masked_folder: str | None = None


class TfinpaintFaces(tfds.core.GeneratorBasedBuilder):
    """Faces in folders, as they were downloaded by hand.

    Features: `image`, `name`, `identity` (the folder that the picture lies in, where that is a person); `fmor` has
    `occluded` and `mask` (white = hidden) as well, `rmfd` has `masked`. The papers name sizes of their splits but no
    lists, so the first pictures (or people) in order of name are for training.
    """

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [
        _Config(name="fmor", description="FMOR: masked/, unmasked/, annotation/.", train=2276, total=2990, paired=True),
        _Config(
            name="rmfd",
            description="RMFD: AFDB_masked_face_dataset/<person>/, AFDB_face_dataset/<person>/.",
            masked_folder="AFDB_masked_face_dataset",
        ),
        _Config(name="l2sfo", description="L2SFO: <person>/.", train=891, total=991, unit="people"),
        _Config(name="celeba_hq", description="CelebA-HQ: 30,000 pictures.", train=28_000, total=30_000, people=False),
        _Config(name="ffhq", description="FFHQ: 70,000 pictures.", train=64_000, total=70_000, people=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Put the data set's folder or zip, named like the configuration, into manual_dir."

    def _info(self) -> tfds.core.DatasetInfo:
        features = {key: tfds.features.Image(shape=(None, None, 3)) for key in ("image", *self._more())}
        features |= {"name": tfds.features.Text(), "identity": tfds.features.Text()}
        if self.builder_config.masked_folder:
            features["masked"] = np.bool_
        return tfds.core.DatasetInfo(
            builder=self, description=self.__doc__, features=tfds.features.FeaturesDict(features)
        )

    def _more(self) -> tuple[str, ...]:
        return ("occluded", "mask") if self.builder_config.paired else ()

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
        config, items = self.builder_config, self._items(Path(dl_manager.manual_dir))
        if config.train is None:
            return {"test": self._generate_examples(items)}
        units = [_identity(name) if config.unit == "people" else name for name in items]
        order = {unit: k for k, unit in enumerate(dict.fromkeys(units))}
        last = round(config.train * len(order) / config.total)
        parts: dict[str, dict] = {"train": {}, "test": {}}
        for (name, files), unit in zip(items.items(), units, strict=True):
            parts["train" if order[unit] < last else "test"][name] = files
        return {split: self._generate_examples(part) for split, part in parts.items() if part}

    def _items(self, manual: Path) -> dict[str, dict[str, PictureFile]]:
        """Name -> feature -> file, in order of name."""
        config = self.builder_config
        path = next((p for p in (manual / config.name, manual / f"{config.name}.zip") if p.exists()), None)
        if path is None:
            raise InputError(
                f"The data set {config.name!r} must be fetched by hand (docs/data.md says where) into "
                f"{str(manual / config.name)!r} or {config.name}.zip beside it. Received: neither."
            )
        if config.paired:
            triples, bad = pair_files(path, FOLDERS, SUFFIXES)
            stop_or_warn(bad, len(triples) + len(bad), f"pairs in {path}", "skip")
            return {
                name: dict(zip(("occluded", "image", "mask"), files, strict=True)) for name, files in triples.items()
            }
        pictures = pictures_of(path, SUFFIXES)
        if config.masked_folder and not any(config.masked_folder in PurePosixPath(p.name).parts for p in pictures):
            raise InputError(f"{str(path)!r} must hold the folder {config.masked_folder}. Received: none of that name.")
        return {picture.name: {"image": picture} for picture in pictures}

    def _generate_examples(self, items: dict[str, dict[str, PictureFile]]) -> Iterator[tuple[str, dict[str, Any]]]:
        bad: dict[str, str] = {}
        for name, files in items.items():
            try:
                example: dict[str, Any] = {key: io.BytesIO(_decodable(file)) for key, file in files.items()}
            except ImageFileError as error:
                bad[name] = str(error)
                continue
            example |= {"name": name, "identity": _identity(name) if self.builder_config.people else ""}
            if self.builder_config.masked_folder:
                example["masked"] = self.builder_config.masked_folder in PurePosixPath(name).parts
            yield name, example
        stop_or_warn(bad, len(items), f"pictures of {self.builder_config.name}", "skip")


def _identity(name: str) -> str:
    return PurePosixPath(name).parent.name


def _decodable(file: PictureFile) -> bytes:
    data = file.read()
    if not data or cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is None:
        raise ImageFileError(f"The picture {file.name} cannot be decoded.")
    return data
