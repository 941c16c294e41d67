"""Fixtures that every test may use."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Times differ between machines, and a test that fails for one person should fail for all.
settings.register_profile("tfinpaint", deadline=None, derandomize=True)
settings.load_profile("tfinpaint")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The face data kit beside the checkout; tests that need it are skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the face data kit is not beside this checkout")
    return SHARED / "data"
