import numpy as np
import pytest

from tests.evaluation.stand_ins import MeanColour
from tfinpaint.errors import InputError
from tfinpaint.evaluation import feature_distance, pooled_features
from tfinpaint.features import build_squeeze_net


def _pictures(count=5, size=12, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


class Taps:
    """Two maps of features: the colours, and two constant channels; counts the shapes that it saw."""

    def __init__(self):
        self.shapes = set()

    def predict_on_batch(self, pictures):
        self.shapes.add(pictures.shape)
        flat = np.zeros((*pictures.shape[:3], 2), np.float32)
        flat[..., 0] = pictures.mean((1, 2, 3))[:, None, None]
        flat[..., 1] = 1
        return {"colours": pictures + 2, "flat": flat}


def _by_loops(network, picture, reference):
    """LPIPS's form with all weights one, in float64."""
    total = 0.0
    seen = [network.predict_on_batch(p[None].astype(np.float32) / 127.5 - 1) for p in (picture, reference)]
    for tap in seen[0]:
        a, b = (s[tap][0].astype(np.float64) for s in seen)
        height, width = a.shape[:2]
        for row, column in np.ndindex(height, width):
            u, v = a[row, column], b[row, column]
            total += np.square(u / np.linalg.norm(u) - v / np.linalg.norm(v)).sum() / (height * width)
    return total


def test_a_feature_distance_equals_loops_over_taps_and_pixels():
    pictures, references, network = _pictures(), _pictures(seed=1), Taps()
    found = feature_distance(network, pictures, references, batch_size=2)
    expected = [_by_loops(Taps(), p, r) for p, r in zip(pictures, references, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert network.shapes == {(2, 12, 12, 3)} and found.shape == (5,)
    np.testing.assert_allclose(found, feature_distance(network, pictures, references, batch_size=32), rtol=1e-6)


def test_equal_pictures_are_at_distance_zero_and_noise_adds_to_it():
    network = build_squeeze_net(None, taps=("relu1", "fire2"))
    pictures = _pictures(4, 24)
    little, much = (np.clip(pictures + np.random.default_rng(0).normal(0, s, pictures.shape), 0, 255) for s in (10, 60))
    little, much = (feature_distance(network, p.astype(np.uint8), pictures, batch_size=4) for p in (little, much))
    assert (feature_distance(network, pictures, pictures, batch_size=4) == 0).all()
    assert (0 < little).all() and (little < much).all()


def test_what_a_feature_distance_cannot_compare_is_refused():
    with pytest.raises(InputError, match="one shape"):
        feature_distance(Taps(), _pictures(2), _pictures(3))
    with pytest.raises(InputError, match="uint8"):
        feature_distance(Taps(), _pictures() / 255, _pictures() / 255)
    with pytest.raises(InputError, match="at least one"):
        feature_distance(Taps(), _pictures(0), _pictures(0))
    with pytest.raises(InputError, match="dict of feature maps.*ndarray"):
        feature_distance(MeanColour(), _pictures(), _pictures())


def test_pooled_features_are_means_over_the_pixels():
    pictures = _pictures()
    colours = (pictures / 127.5 - 1).mean((1, 2))
    for batch_size in (2, 5, 32):
        np.testing.assert_allclose(pooled_features(MeanColour(), pictures, batch_size=batch_size), colours, atol=1e-5)
        pooled = pooled_features(Taps(), pictures, tap="colours", batch_size=batch_size)
        np.testing.assert_allclose(pooled, colours + 2, atol=1e-5)
    network = build_squeeze_net(None, taps=("fire2",))
    assert pooled_features(network, _pictures(2, 24)).shape == (2, 128)  # the only tap needs no name


def test_a_tap_must_be_named_where_there_are_several():
    with pytest.raises(InputError, match="one of colours, flat. Received: None"):
        pooled_features(Taps(), _pictures())
    with pytest.raises(InputError, match="Received: 'fire99'"):
        pooled_features(Taps(), _pictures(), tap="fire99")
    with pytest.raises(InputError, match="must be None"):
        pooled_features(MeanColour(), _pictures(), tap="flat")
