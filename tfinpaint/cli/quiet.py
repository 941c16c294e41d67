"""Keeps the chatter of compiled libraries off a person's screen."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drops what is written to the standard error stream inside; exceptions pass.

    TensorFlow's libraries announce processors and missing GPUs while they are imported, whatever the log level.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(silence)
