"""The table of planted faults fits the tree; planting them is `python -m benchmarks.planted_faults`."""

import re
from pathlib import Path

import pytest

from benchmarks.faults import FAULTS
from benchmarks.planted_faults import FaultError, planted

ROOT = Path(__file__).resolve().parents[1]


def test_every_fault_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 20


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted_and_names_tests_that_exist(fault):
    right = (ROOT / fault.file).read_text(encoding="utf-8")
    compile(wrong := planted(right, fault), fault.file, "exec")
    assert wrong != right
    for test in fault.tests:
        file, _, name = test.partition("[")[0].partition("::")
        assert re.search(rf"^def {name or 'test_'}", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), test


@pytest.mark.parametrize("text", ["nothing of the kind", "{0} and {0}"])
def test_a_fault_that_does_not_fit_is_an_error_in_a_sentence(text):
    with pytest.raises(FaultError, match="must stand once in"):
        planted(text.format(FAULTS[0].old), FAULTS[0])
