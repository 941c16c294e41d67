"""Dense fields: where on the face's chart each pixel of a photo lies, for models that learn it beside the picture.

A provider is any callable `provider(image, landmarks) -> (uv, valid)`: a picture `(height, width, 3)` and its five
points in, `uv` float32 `(height, width, 2)` in [0, 1] and `valid` float32 `(height, width, 1)` out, 1 where the field
is defined and 0, with `uv` 0, elsewhere. `u` grows to the picture's right and is 0.5 on the nose ridge, `v` grows from
the forehead (0) to the chin (1). `GenericHead` needs nothing but the points; `MeshFits` and `UVFiles` read a user's own
fits.
"""

from tfinpaint.faces.uv.files import MeshFits, UVFiles
from tfinpaint.faces.uv.generic_head import GenericHead
from tfinpaint.faces.uv.pose import Pose
from tfinpaint.faces.uv.render_mesh import flip_uv, render_mesh

__all__ = ["GenericHead", "MeshFits", "Pose", "UVFiles", "flip_uv", "render_mesh"]
