"""The public doors are typed: a checker knows what they give, and finds what they do not take."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="it is a development requirement")
PROGRAM = Path(__file__).parent / "typed" / "program.py"
WRONG = {
    "restore_photo(3, engine)": "arg-type",
    'restore_photo("a.jpg", "fmodr")': "arg-type",
    'restore_photo("a.jpg", engine).picture': "attr-defined",
    'Contract(mask="guesses")': "arg-type",
    "tfinpaint.zoo.auto().restore()": "call-arg",
}


def test_what_a_user_writes_is_understood_and_what_is_wrong_is_found(tmp_path):
    """One run of the checker, because it takes longer to begin than to check."""
    wrong = tmp_path / "wrong.py"
    head = [
        "import tfinpaint",
        "from tfinpaint.engine import Contract",
        "from tfinpaint.restoration import restore_photo",
    ]
    lines = [*head, "engine = tfinpaint.zoo.auto()", *WRONG]
    wrong.write_text("\n".join(lines), encoding="utf-8")
    options = ["--ignore-missing-imports", "--follow-imports=silent", "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", *options, str(PROGRAM), str(wrong)]
    done = subprocess.run(command, cwd=PROGRAM.parents[2], capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert not [line for line in said if "program.py" in line], done.stdout
    for i, (text, code) in enumerate(WRONG.items(), 1 + len(lines) - len(WRONG)):
        assert any(f"wrong.py:{i}: error" in line and line.endswith(f"[{code}]") for line in said), (text, done.stdout)
