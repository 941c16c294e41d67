"""The pages that `make docs` builds: every page is in the table of contents, every link leads somewhere."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="pip install '.[docs]' builds the pages")
ROOT = Path(__file__).resolve().parents[1]


def named(nav):
    if isinstance(nav, str):
        return [nav]
    return [uri for entry in (nav.values() if isinstance(nav, dict) else nav) for uri in named(entry)]


def test_every_page_is_in_the_table_of_contents():
    pages = {path.relative_to(ROOT).as_posix() for folder in ("docs", "zoo") for path in (ROOT / folder).rglob("*.md")}
    listed = named(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert pages <= set(listed) and len(listed) == len(set(listed))
    for page in listed:
        if page.startswith("reference/"):
            assert importlib.util.find_spec("tfinpaint." + page.removeprefix("reference/").removesuffix(".md"))
        else:
            assert (ROOT / page).is_file()


def test_the_pages_are_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="pip install '.[docs]' builds the pages")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "pages")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    page = tmp_path / "pages" / "reference" / "layers.html"
    text = page.read_text(encoding="utf-8")
    assert "ContextualAttention" in text and "Call arguments" in text
    looks = re.findall(r'<(?:link rel="stylesheet" href|script src)="([^"]+)"', text)
    assert len(looks) > 2 and all((page.parent / link.split("?")[0]).is_file() for link in looks)  # nothing is fetched
