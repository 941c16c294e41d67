"""Photo to photo, the main road: read, detect, align, restore, paste, write.

model = tfinpaint.zoo.load("fmodr")
restored = tfinpaint.restoration.restore_photo("photo.jpg", model)
restored.save("restored.jpg")
"""

from tfinpaint.engine import Engine, Restoration
from tfinpaint.restoration.holes import HolePainter
from tfinpaint.restoration.job import Restored
from tfinpaint.restoration.photos import restore_photo, restore_photos

__all__ = ["Engine", "HolePainter", "Restoration", "Restored", "restore_photo", "restore_photos"]
