"""A judge that needs no training."""


class MeanColour:
    """A judge that sees the mean colour of each face."""

    def predict_on_batch(self, faces):
        return faces.mean((1, 2))
