"""Fixtures that every test may use."""

import importlib.metadata
import importlib.util
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Programs on JAX compile much and run little of it: compile fast, and what one has compiled the others find.
FAST = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
if importlib.util.find_spec("jax") and importlib.metadata.version("jax").split(".")[:2] in (["0", "9"], ["0", "10"]):
    FAST += " --xla_cpu_use_fusion_emitters=false"  # half the time; a version that does not know a flag would end here
os.environ.setdefault("XLA_FLAGS", FAST)
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Times differ between machines, and a test that fails for one person should fail for all.
settings.register_profile("tfinpaint", deadline=None, derandomize=True)
settings.load_profile("tfinpaint")

# Files whose tests look at one slow fixture, or at graphs that take long to trace: one worker runs them all. (xdist's
# own `xdist_group` marks do nothing under pytest 9.)
ON_ONE_WORKER = (
    "tests/data/test_face_mask.py",
    "tests/data/test_occlusions.py",
    "tests/data/test_things.py",
    "tests/evaluation/benchmark/test_run.py",
    "tests/goldens/test_goldens.py",
    "tests/layers/test_every_layer.py",
    "tests/models/test_backends.py",
    "tests/test_without_tensorflow.py",
    "tests/training/test_devices.py",
)

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The face data kit beside the checkout; tests that need it are skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the face data kit is not beside this checkout")
    return SHARED / "data"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hands out single tests, and the files of `ON_ONE_WORKER` whole."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in ON_ONE_WORKER else nodeid

    return Scheduler(config, log)
