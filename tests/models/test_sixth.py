"""A model that lives elsewhere becomes one of the zoo's by one call, and all rooms know it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tests
from tests.models.tiny import batch_of
from tfinpaint import cli, zoo
from tfinpaint.errors import InputError, WeightsError
from tfinpaint.files import sha256

FOLDER = Path(tests.__file__).parent / "toys" / "sixth" / "zoo"
SIXTH = {"name": "sixth", "cls": "tests.toys.sixth.model:Sixth", "default": "sixth_16", "folder": FOLDER}


@pytest.fixture
def registered(monkeypatch):
    """Registers it with changes; the table is as before afterwards."""
    monkeypatch.setattr(zoo, "MODELS", dict(zoo.MODELS))
    return lambda **changes: zoo.register(**{**SIXTH, **changes})


def test_a_model_from_outside_is_loaded_restores_and_trains(registered):
    registered()
    model = zoo.load("sixth", weights=False)
    assert sum(zoo.preset("sixth").parameters.values()) == model.painters.count_params()
    data = batch_of(model)
    pictures = np.rint((data["occluded"] + 1) * 127.5).astype(np.uint8)
    restored = model.restore(pictures)
    np.testing.assert_array_equal(restored.masks, data["mask"])
    kept = np.broadcast_to(restored.masks == 0, pictures.shape)
    np.testing.assert_array_equal(restored.images[kept], pictures[kept])
    model.compile()
    logs = model.fit_recipe(lambda size, start: ((batch_of(model, i, size),) for i in range(start, 99)), verbose=0)
    assert np.isfinite(logs["pixels"].history["rec"]).all()
    assert (model.restore(pictures).images != restored.images).any()


def test_its_weights_are_published_and_checked_as_the_zoos_own(registered, tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "zoo")
    registered(folder=folder)
    model = zoo.load("sixth", weights=False)
    with pytest.raises(WeightsError, match="No weights are published for 'sixth_16'"):
        zoo.load("sixth")
    path = zoo.save_weights(model, folder / "sixth.weights.h5")
    record = json.loads((folder / "config.json").read_text())
    record["presets"]["sixth_16"] |= {"file": path.name, "sha256": sha256(path), "bytes": path.stat().st_size}
    (folder / "config.json").write_text(json.dumps(record))
    loaded = zoo.load("sixth_16")
    for ours, theirs in zip(model.painters.weights, loaded.painters.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-6)
    assert zoo.verify()["sixth_16"] == sha256(path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(WeightsError, match="must have the SHA-256"):
        zoo.load("sixth_16")


def test_the_commands_know_it(registered, capsys):
    assert cli.main(["models"]) == 0
    assert "sixth" not in capsys.readouterr().out
    registered()
    assert {"sixth", "sixth_16"} <= set(zoo.list_models())
    assert cli.main(["models"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("sixth_16"))
    assert line.split() == ["sixth_16", "0.00", "M", "no", "weights", "none"]
    assert cli.main(["models", "sixth"]) == 0
    assert "Takes what is white for hidden" in capsys.readouterr().out


def test_it_is_registered_once(registered):
    registered()
    with pytest.raises(InputError, match="`name` must not be taken. Received: name='sixth'"):
        registered()
    with pytest.raises(InputError, match="of which 'sixth_16' is taken"):
        registered(name="seventh")
