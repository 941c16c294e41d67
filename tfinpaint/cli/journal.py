"""What a run over a folder has done so far: the same command, given again after it was cut off, goes on from there."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfinpaint.cli.outputs import Output

NAMES = {command: f".tfinpaint-{command}.jsonl" for command in ("restore", "occlude")}


class Journal:
    """A file in the folder of the results: a line of options, then one for each photo whose results are all written.

    It is there only while something is left to do: a run that ends well removes it. One that was made with other
    options, or cannot be read, counts for nothing. What cannot be noted down is done again.

    Args:
        folder: of the results.
        command: one of `NAMES`, each of which has its own file.
        options: all that decides what becomes of a photo, as JSON takes it.

    Attributes:
        file: where that is.
    """

    def __init__(self, folder: Path, command: str, options: Mapping[str, Any]) -> None:
        self._folder, self.file, self._options = folder, folder / NAMES[command], dict(options)
        self._done: dict[str, list] = {}
        with contextlib.suppress(OSError):
            first, *entries = map(_parsed, self.file.read_text("utf-8", "replace").splitlines() or [""])
            if first == self._options:
                self._done = {name: noted for name, *noted in filter(_is_entry, entries)}
        self._begun = bool(self._done)

    def left(self, outputs: Sequence[Output]) -> list[Output]:
        """The photos that are still to be done: not noted, changed since, or without one of their files."""
        return [output for output in outputs if self.noted(output) is None]

    def noted(self, output: Output) -> list | None:
        """What was noted beside a photo whose files are all there; None where it is still to be done."""
        stamp, *more = self._done.get(self._name(output), [None])
        return more if stamp and stamp == _stamp(output) and all(map(Path.is_file, output.files)) else None

    def knows(self, output: Output) -> bool:
        """Whether the result of a photo from that very place was noted, though the photo may have changed since."""
        stamp, *_ = self._done.get(self._name(output), [None])
        return bool(stamp) and stamp[0] == str(output.source.resolve())

    def note(self, output: Output, *more: Any) -> None:
        """Notes that all files of a photo are written, and what else a later run shall know, as JSON takes it."""
        # A line begins with its own break: what was cut off before it stays a line of its own.
        with contextlib.suppress(OSError):
            if not self._begun:
                self.file.write_text(json.dumps(self._options), "utf-8")
            self._begun = True
            with self.file.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps([self._name(output), _stamp(output), *more]))

    def end(self, outputs: Sequence[Output]) -> None:
        """Removes the file, unless it is about other photos, too: with these, nothing is left to do."""
        if not self._done.keys() <= set(map(self._name, outputs)):
            return
        with contextlib.suppress(OSError):
            self.file.unlink()

    def _name(self, output: Output) -> str:
        return str(output.target.relative_to(self._folder))


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:  # a line that was cut off
        return None


def _is_entry(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and isinstance(value[0], str) and isinstance(value[1], list)


def _stamp(output: Output) -> list | None:
    """Changes when the photo does; None where it cannot be looked at."""
    try:
        state = output.source.stat()
        return [str(output.source.resolve()), state.st_size, state.st_mtime_ns]
    except OSError:
        return None
