"""What a file says of itself, and files that are not what they must be."""

import json
import zipfile
from types import SimpleNamespace

import pytest

from tfinpaint.engine import Contract
from tfinpaint.errors import WeightsError
from tfinpaint.export import about
from tfinpaint.framing import template_points

CONTRACT = Contract(mask="whole", extras=("raw",), noise={"z": (1, 8)}, framing="arcface", reach=2.0, occlusion="text")
MODEL = SimpleNamespace(name="mine", contract=CONTRACT, image_size=112)
NETWORK = bytes(range(256)) * 20


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(about.with_about(NETWORK, about.describe(MODEL, kind="float16")))
    return path


def test_the_standard_library_reads_it_and_the_network_comes_first(file):
    assert file.read_bytes().startswith(NETWORK)
    with zipfile.ZipFile(file) as archive:
        said = json.loads(archive.read("tfinpaint.json"))
    assert said == about.read_about(file)
    assert said["name"] == "mine" and said["quantize"] == "float16" and said["image_size"] == 112
    assert said["template"]["points"] == template_points(112, "arcface").astype(float).round(3).tolist()


def test_network_and_contract_come_back(file):
    network, said = about.read_network(file)
    assert network == NETWORK
    assert about.contract_in(said) == CONTRACT


def test_the_same_network_makes_the_same_file(file):
    assert about.with_about(NETWORK, about.describe(MODEL, kind="float16")) == file.read_bytes()


@pytest.mark.parametrize("damage", ["gone", "cut", "changed", "plain", "foreign", "newer"])
def test_other_files_are_refused_in_a_sentence(file, damage):
    data = bytearray(file.read_bytes())
    if damage == "gone":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "changed":
        data[len(NETWORK) // 2] ^= 1
        file.write_bytes(data)
    elif damage == "plain":
        file.write_bytes(NETWORK)
    elif damage == "foreign":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("tfinpaint.json", '{"format": 1}')
    else:
        file.write_bytes(about.with_about(NETWORK, about.describe(MODEL) | {"format": 99}))
    with pytest.raises(WeightsError, match="There is no exported|tfinpaint export") as caught:
        about.read_network(file)
    assert "\n" not in str(caught.value)
