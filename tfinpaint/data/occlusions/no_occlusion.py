"""Nothing at all."""

import tensorflow as tf

from tfinpaint.data.occlusions.base import Occlusion


class NoOcclusion(Occlusion):
    """An uncovered face: the image as it is and an empty mask, so that a detector learns to find nothing."""

    def layer(self, images: tf.Tensor, landmarks: tf.Tensor, seeds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The image itself, nowhere opaque."""
        return images, tf.zeros_like(images[..., :1])
