"""What a user may write, and what type checkers know of it; checked, never run."""

from pathlib import Path
from typing import assert_type

import numpy as np

import tfinpaint
from tfinpaint.data import FaceSet, load_faces
from tfinpaint.engine import Auto, Borrowed, Engine, Restoration
from tfinpaint.images import Photo
from tfinpaint.restoration import Restored, restore_photo, restore_photos

engine = tfinpaint.zoo.auto()
assert_type(engine, Auto)
photo = restore_photo("photo.jpg", engine, faces="all")
assert_type(photo, Restored)
assert_type(photo.saw, tuple[tuple[str, ...], ...])
photo.save(Path("out.jpg"))
for _source, result in restore_photos([Path("a.jpg"), np.zeros((8, 8, 3), np.uint8)], engine):
    if isinstance(result, Restored):
        assert_type(result.photo, Photo)
lent: Engine = Borrowed(engine, engine)
assert_type(lent.restore(np.zeros((1, 8, 8, 3), np.uint8)), Restoration)
assert_type(load_faces("faces/"), FaceSet)
