"""The table of faults that the tests must see; `python -m benchmarks.planted_faults` plants them one by one."""

from benchmarks.faults.can_dfe import CANDFE
from benchmarks.faults.export import EXPORT
from benchmarks.faults.fault import Fault
from benchmarks.faults.ledgers import C2FDAN, CAGAN, FMODR
from benchmarks.faults.pictures import DATA, NETWORKS, PICTURES, SCORES
from benchmarks.faults.training import TRAINING

FAULTS = (*PICTURES, *DATA, *NETWORKS, *SCORES, *TRAINING, *EXPORT, *FMODR, *C2FDAN, *CAGAN, *CANDFE)

__all__ = ["FAULTS", "Fault"]
