"""One fault that the tests must see."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: what is wrong, in a few words.
        file: where, from the root of the tree.
        old: text that stands there exactly once.
        new: what stands there instead.
        tests: of pytest, which must turn red: files or `file::test`.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
