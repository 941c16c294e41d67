"""Whether the tests see faults: plants one at a time in a copy of the tree and expects the tests named beside it red.

`python -m benchmarks.planted_faults` walks the table in `benchmarks/faults/`, prints which faults are caught and
writes `benchmarks/results/planted_faults.json`; it ends with 1 where one is not caught. `--only NAME ...` plants some
of them and writes nothing, `--list` prints the table. The tree itself is never touched.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.faults import FAULTS, Fault
from tfinpaint import records

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "planted_faults.json"
_LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", "runs", "demo", "build", "dist", "__pycache__", ".*_cache", ".hypo*"
)
_GREEN, _RED = 0, 1  # what pytest ends with where all tests passed, and where one failed


class FaultError(Exception):
    """The table does not fit the tree, or the tests do not run: a sentence."""


def planted(text: str, fault: Fault) -> str:
    """The text of `fault.file` with the fault in it.

    Raises:
        FaultError: the old text does not stand in it exactly once.
    """
    count = text.count(fault.old)
    if count != 1:
        raise FaultError(f"{fault.name!r}: the old text must stand once in {fault.file}. Found: {count} times.")
    return text.replace(fault.old, fault.new)


def run_tests(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """What pytest ends with in a tree, and the end of what it says; it stops at the first failure."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(command, cwd=tree, env=_environment(tree), capture_output=True, text=True)
    return done.returncode, done.stdout[-1500:] + done.stderr[-500:]


def check_green(tree: Path, tests: Sequence[str]) -> None:
    """The tests must pass, none of them skipped, as long as no fault is planted.

    Raises:
        FaultError: they do not.
    """
    code, said = run_tests(tree, tests)
    if code != _GREEN or "skipped" in said.splitlines()[-1]:
        raise FaultError(f"Without a fault, {' '.join(tests)} must pass unskipped. pytest said:\n{said}")


def is_caught(tree: Path, fault: Fault) -> bool:
    """Plants the fault in the tree, runs its tests, and takes it out again; whether one of them failed.

    Raises:
        FaultError: the old text is not there once, or the tests could not be run with the fault in place.
    """
    path = tree / fault.file
    right = path.read_text(encoding="utf-8")
    path.write_text(planted(right, fault), encoding="utf-8")
    try:
        code, said = run_tests(tree, fault.tests)
    finally:
        path.write_text(right, encoding="utf-8")
    if code not in (_GREEN, _RED):
        raise FaultError(f"{fault.name!r}: its tests could not be run. pytest said:\n{said}")
    return code == _RED


def copy_tree(folder: Path) -> Path:
    """A copy of the tree in `folder`, without what is built or trained; checks that programs there import the copy.

    Raises:
        FaultError: they import another tfinpaint.
    """
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
    code = "import tests, tfinpaint; print(tests.__file__, tfinpaint.__file__, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, env=_environment(tree), capture_output=True, text=True, check=True
    )
    if not all(Path(line).is_relative_to(tree) for line in done.stdout.splitlines()):
        raise FaultError(f"Programs in {tree} must import what lies there. Received: {done.stdout.split()}.")
    return tree


def _environment(tree: Path) -> dict[str, str]:
    # Python takes a compiled file for fresh where size and second of the source are the same: let it write none.
    return {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


def _run(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    rows, green = [], set()
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_tree(Path(folder).resolve())
        for fault in faults:
            start = time.perf_counter()
            if fault.tests not in green:
                check_green(tree, fault.tests)
                green.add(fault.tests)
            caught = is_caught(tree, fault)
            seconds = round(time.perf_counter() - start, 1)
            print(f"{'caught' if caught else 'NOT CAUGHT':10}  {seconds:6.1f} s  {fault.name}", flush=True)
            row = {"name": fault.name, "file": fault.file, "tests": list(fault.tests)}
            rows.append({**row, "caught": caught, "seconds": seconds})
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 1 where a fault is not caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[f.name for f in FAULTS], help="some faults")
    parser.add_argument("--list", action="store_true", help="print the table and end")
    options = parser.parse_args(arguments)
    faults = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    if options.list:
        for fault in faults:
            print(f"{fault.name}\n    {fault.file}\n    {' '.join(fault.tests)}")
        return 0
    commit = records.git_revision()  # of what is copied now
    try:
        rows = _run(faults)
    except FaultError as error:
        sys.exit(str(error))
    caught = sum(row["caught"] for row in rows)
    print(f"{caught} of {len(rows)} faults caught")
    if not options.only:
        where = {"versions": records.environment(), "hardware": records.hardware(), "commit": commit}
        seconds = round(sum(row["seconds"] for row in rows), 1)
        records.write_json({**where, "caught": caught, "of": len(rows), "seconds": seconds, "faults": rows}, RESULT)
    return int(caught < len(rows))


if __name__ == "__main__":
    sys.exit(main())
