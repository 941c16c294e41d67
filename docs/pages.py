"""What `make docs` shows: the repository's own pages under their own paths, and a reference from the docstrings.

A hook of MkDocs. Pages keep the paths that they have in the repository, so that their links work there and here.
"""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Puts the repository's pages, what they link to, and the reference in place of the folder `docs` alone."""
    theme = [file for file in files if not Path(file.abs_src_path or "/").is_relative_to(ROOT / "docs")]
    pages, reference = [], []
    for uri in _named(config.nav):
        (reference if uri.startswith("reference/") else pages).append(uri)
    linked = {target for page in pages for target in _targets(page)}
    found = [File.generated(config, uri, abs_src_path=str(ROOT / uri)) for uri in sorted({*pages, *linked})]
    found += [File.generated(config, uri, content=_reference(Path(uri).stem)) for uri in reference]
    return Files([*theme, *found])


def _named(nav: Any) -> list[str]:
    """The paths in the table of contents, in order."""
    if isinstance(nav, str):
        return [nav]
    return [uri for entry in (nav.values() if isinstance(nav, dict) else nav) for uri in _named(entry)]


def _targets(page: str) -> set[str]:
    """The repository's files that a page links to."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    paths = {((ROOT / page).parent / link).resolve() for link in _LINK.findall(text)}
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and path.is_relative_to(ROOT)}


def _reference(package: str) -> str:
    """A page with all public names of a package or module of tfinpaint."""
    module = importlib.import_module(f"tfinpaint.{package}")
    lines = [f"# tfinpaint.{package}", inspect.getdoc(module) or ""]
    if not hasattr(module, "__all__"):
        return "\n\n".join([lines[0], f"::: tfinpaint.{package}\n    options:\n        show_root_heading: false"])
    shown = [getattr(module, name) for name in module.__all__]
    homes = [f"::: {x.__module__}.{x.__qualname__}" for x in shown if inspect.isclass(x) or inspect.isfunction(x)]
    return "\n\n".join([*lines, *homes])
