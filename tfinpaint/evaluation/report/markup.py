"""HTML and SVG as nested calls: tags close and text is escaped by construction."""

from collections.abc import Iterable
from html import escape
from typing import Any

_VOID = {"br", "col", "hr", "img", "link", "meta", "wbr"}


class Markup(str):
    """Text that is HTML already; any other text is escaped when it becomes a child of a tag."""

    __slots__ = ()


def tag(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """`tag("p", "a < b", class_="x")` is `<p class="x">a &lt; b</p>`.

    Args:
        name: of the element.
        children: text, markup, or iterables of both; None is left out.
        attributes: an underscore stands for a hyphen, one at the end for nothing; None and False are left out, True
            is an attribute without value, floats are cut to a tenth (pixels of a drawing).
    """
    head = name + "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{head}>" if name in _VOID else f"<{head}>{join(children)}</{name}>")


def join(children: Iterable[Any]) -> Markup:
    """Text and markup after each other."""
    return Markup("".join(_text(child) for child in children))


def breakable(name: str) -> Markup:
    """A name that may go on in the next line behind an underscore."""
    first, *others = name.split("_")
    return join([first, ((tag("wbr"), f"_{part}") for part in others)])


def _text(child: Any) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int | float):
        return escape(str(child), quote=False)
    return join(child)


def _attribute(key: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    key = key.removesuffix("_").replace("_", "-")
    if value is True:
        return f" {key}"
    if isinstance(value, float):
        value = f"{value:.1f}".removesuffix(".0")
    return f' {key}="{escape(str(value))}"'
