"""One photo after the other is painted, and the results wait in a temporary folder to be fetched."""

import asyncio
import secrets
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tfinpaint.page.limits import Limits

T = TypeVar("T")


class Busy(Exception):  # noqa: N818 - told to the browser, not to a programmer
    """Too many photos wait, or one takes too long."""


class Workbench:
    """Where photos are painted.

    Models answer one photo at a time: two at once would each be half as fast and take twice the memory.

    Args:
        load: name of a model -> engine.
        limits: see there.
    """

    def __init__(self, load: Callable[[str], Any], limits: Limits) -> None:
        self._load, self._limits = load, limits
        self._engines: dict[str, Any] = {}
        self._turn, self._waiting = asyncio.Lock(), 0
        self._folder = Path(tempfile.mkdtemp(prefix="tfinpaint-"))
        self._kept: OrderedDict[str, Path] = OrderedDict()

    def engine(self, name: str) -> Any:
        """The model of that name, loaded once."""
        if name not in self._engines:
            self._engines[name] = self._load(name)
        return self._engines[name]

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, run in a thread when its turn comes.

        Raises:
            Busy: too many wait, or it takes longer than it may.
        """
        if self._turn.locked() and self._waiting >= self._limits.waiting:
            raise Busy("Many photos are waiting. Try again in a minute.")
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        task = asyncio.create_task(asyncio.to_thread(work))
        task.add_done_callback(self._done)  # a thread cannot be stopped: the next photo waits for its end
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._limits.seconds)
        except TimeoutError:
            raise Busy(f"The photo took longer than {self._limits.seconds:g} seconds. Try a smaller one.") from None

    def _done(self, task: asyncio.Task) -> None:
        self._turn.release()
        if not task.cancelled():
            task.exception()  # who waited has heard of it; who left need not

    def new_folder(self) -> tuple[str, Path]:
        """A token that nobody guesses, and a folder for a result of that name."""
        token = secrets.token_urlsafe(16)
        folder = self._folder / token
        folder.mkdir()
        self._kept[token] = folder
        while len(self._kept) > self._limits.kept:
            shutil.rmtree(self._kept.popitem(last=False)[1], ignore_errors=True)
        return token, folder

    def result(self, token: str, name: str) -> Path | None:
        """A file of a result; None where there is none, or no longer."""
        folder = self._kept.get(token)
        found = [] if folder is None else [path for path in folder.iterdir() if path.name == name]
        return found[0] if found else None

    def close(self) -> None:
        """Removes what is left."""
        self._kept.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
