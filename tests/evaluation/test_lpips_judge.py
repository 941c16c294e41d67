import contextlib
import sys
import types

import numpy as np
import pytest

from tfinpaint.errors import InputError, WeightsError
from tfinpaint.evaluation import build_lpips_judge


class _Tensor:
    """As much of a tensor as the judge needs."""

    def __init__(self, values):
        self.values = values

    def numpy(self):
        return self.values


@pytest.fixture
def stubs(monkeypatch):
    """A torch and an lpips whose distance is the mean absolute difference."""
    calls = []

    class LPIPS:
        def __init__(self, net, verbose):
            calls.append((net, verbose))

        def eval(self):
            return self

        def __call__(self, a, b):
            assert a.values.dtype == np.float32 and a.values.shape[1] == 3
            calls.append(a.values.shape)
            return _Tensor(np.abs(a.values - b.values).mean((1, 2, 3), keepdims=True))

    lpips = types.ModuleType("lpips")
    lpips.LPIPS = LPIPS
    torch = types.ModuleType("torch")
    torch.from_numpy, torch.no_grad = _Tensor, contextlib.nullcontext
    monkeypatch.setitem(sys.modules, "lpips", lpips)
    monkeypatch.setitem(sys.modules, "torch", torch)
    return calls


def _pictures(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (5, 6, 4, 3), dtype=np.uint8)


def test_the_package_gets_pictures_in_its_own_form(stubs):
    found = build_lpips_judge("vgg", batch_size=2)(_pictures(), _pictures(1))
    expected = np.abs(_pictures() / 127.5 - _pictures(1) / 127.5).mean((1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert stubs == [("vgg", False), (2, 3, 6, 4), (2, 3, 6, 4), (1, 3, 6, 4)]
    assert stubs[0][0] == "vgg" and found.shape == (5,)


def test_pictures_of_another_form_are_refused(stubs):
    judge = build_lpips_judge()
    for pair in ((_pictures(), _pictures()[:2]), (_pictures() / 255, _pictures() / 255), (_pictures()[:0],) * 2):
        with pytest.raises(InputError, match="uint8 of one shape"):
            judge(*pair)


@pytest.mark.parametrize("missing", ["lpips", "torch"])
def test_without_the_package_one_sentence_says_what_to_install_and_what_else_there_is(stubs, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match="pip install lpips.*feature_distance") as caught:
        build_lpips_judge()
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)


def test_weights_that_cannot_be_fetched_and_unknown_networks(stubs, monkeypatch):
    def fail(**_):
        raise OSError("no network")

    monkeypatch.setattr(sys.modules["lpips"], "LPIPS", fail)
    with pytest.raises(WeightsError, match=r"LPIPS \(alex\) could not be fetched \(OSError\)"):
        build_lpips_judge()
    with pytest.raises(InputError, match="alex, vgg, squeeze. Received: 'resnet'"):
        build_lpips_judge("resnet")
