"""Networks that losses look through: which one a slot loads, and what is said where it cannot."""

import numpy as np
import pytest

from tests.models.tiny import class_of
from tfinpaint import zoo
from tfinpaint.errors import RecipeError, WeightsError
from tfinpaint.features import build_light_cnn, weights_file
from tfinpaint.features.weights import save_arrays
from tfinpaint.models.finishing import Finishing
from tfinpaint.training.feature_slots import FeatureNetworks, FeatureSlot

SLOT = FeatureSlot("vgg16", optional=True, options={"light_cnn": {"taps": ("mfm2",)}})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ("vgg16", None)),
        ("a.npz", ("vgg16", "a.npz")),
        ("light_cnn:a.npz", ("light_cnn", "a.npz")),
        ("light_cnn:C:/a.npz", ("light_cnn", "C:/a.npz")),
        ("C:/a.npz", ("vgg16", "C:/a.npz")),
    ],
)
def test_a_slot_takes_weights_or_another_network_with_its_weights(given, expected):
    assert SLOT.resolve(given) == expected


def test_another_network_gives_what_the_slot_asks_of_it(tmp_path):
    path = save_arrays(build_light_cnn(size=16, dimension=8), tmp_path / "small.npz")
    networks = FeatureNetworks({"maps": SLOT}, {"maps": f"light_cnn:{path}"})
    maps = networks.get("maps")(np.zeros((1, 64, 64, 3), "float32"))
    assert list(maps) == ["mfm2"]
    assert networks.files() == [path]
    assert networks.config() == {"maps": f"light_cnn:{path}"}


def test_a_callable_stands_in_and_has_no_file():
    networks = FeatureNetworks({"maps": SLOT}, {"maps": abs})
    assert networks.get("maps") is abs and networks.files() == [] and networks.config() == {}


def test_an_empty_slot_is_skipped_or_refused(caplog):
    assert FeatureNetworks({"maps": SLOT}, {}).get("maps") is None
    assert "left out" in caplog.text
    with pytest.raises(RecipeError, match="give its weights"):
        FeatureNetworks({"maps": FeatureSlot("vgg16")}, {}).get("maps")
    with pytest.raises(WeightsError, match="does not exist"):
        FeatureNetworks({"maps": SLOT}, {"maps": "light_cnn:none.npz"}).get("maps")


def test_the_file_behind_weights_is_known_where_there_is_one(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"")
    assert weights_file("vgg16", tmp_path / "a.npz") == tmp_path / "a.npz"
    assert weights_file("vgg16", "imagenet") is None
    assert weights_file("vgg16", None) is None


@pytest.mark.parametrize("name", zoo.MODELS)
def test_fine_tuning_looks_through_what_comes_with_the_package_only(name):
    cls = class_of(name)
    terms = [cls.terms[term] for update in cls.recipes["small"].stage().updates for term in update.terms]
    slots = {term.features for term in terms} - {None}
    files = [weights_file(*cls.feature_slots[slot].resolve(None)) for slot in slots]
    assert all(file and file.parents[1] == zoo.folder(name).parent for file in files)
    assert bool(slots) == issubclass(cls, Finishing), "what paints faces is judged by networks"
