"""What becomes of files that cannot be used: the caller chooses between stopping and going on without them."""

import logging
from collections.abc import Mapping

from tfinpaint.errors import ImageFileError, InputError

logger = logging.getLogger(__name__)


def check_choice(on_bad: str) -> None:
    """Raises an `InputError` unless `on_bad` is `"stop"` or `"skip"`."""
    if on_bad not in ("stop", "skip"):
        raise InputError(f"`on_bad` must be 'stop' or 'skip'. Received: on_bad={on_bad!r}.")


def stop_or_warn(bad: Mapping[str, str], total: int, what: str, on_bad: str) -> None:
    """Stops at the first bad file, or warns once of all.

    Args:
        bad: name -> a sentence that says what is wrong.
        total: how many files there are, the bad ones included.
        what: continues "3 of 12 ...", such as "pictures in faces.zip".
        on_bad: `"stop"` or `"skip"`.

    Raises:
        ImageFileError: there is a bad file and `on_bad` is `"stop"`, or no file is good.
    """
    if not bad:
        return
    sentence = next(iter(bad.values()))
    if on_bad == "stop":
        raise ImageFileError(f"{sentence} Mend it, or pass on_bad='skip'.")
    if len(bad) == total:
        raise ImageFileError(f"None of the {total} {what} can be used. {sentence}")
    names = ", ".join([*bad][:3]) + (", ..." if len(bad) > 3 else "")
    logger.warning("%d of %d %s cannot be used and are left out: %s.", len(bad), total, what, names)
