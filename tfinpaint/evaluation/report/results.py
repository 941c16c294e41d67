"""The benchmark's one JSON: read, checked, and the files made from it written whole or not at all."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tfinpaint.errors import InputError

FORMAT = 1
_PARTS = ("benchmark", "environment", "models", "sets", "worn", "labelled", "verification", "identification")


def read_results(path: str | os.PathLike) -> dict[str, Any]:
    """Reads a results file.

    Raises:
        InputError: there is no such file, it is no JSON, or it is no results file of this format.
    """
    try:
        results = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"`results_path` must be a JSON file that `tfinpaint benchmark` wrote. Received: {path} ({error})."
        ) from error
    return check_results(results)


def check_results(results: Any) -> dict[str, Any]:
    """Returns `results` if it looks like the benchmark's record, else raises `InputError`."""
    if not isinstance(results, Mapping) or "format" not in results:
        raise InputError(
            "`results` must be the record that `tfinpaint benchmark` writes. "
            f"Received: {_describe(results)}; run the benchmark again or give its results file."
        )
    if results["format"] != FORMAT:
        raise InputError(
            f"`results` must have format {FORMAT}. Received: format={results['format']!r}; "
            "use the version of tfinpaint that wrote it, or run the benchmark again."
        )
    for part in _PARTS:
        if not isinstance(results.get(part, {}), Mapping):
            raise InputError(f"`results` must hold an object under {part!r}. Received: {_describe(results[part])}.")
    return dict(results)


def main_kind(kinds: Mapping[str, Any], trained: Iterable[str] = ()) -> str:
    """The kind of occlusion that short tables show: the first that a model was trained on, else drawn worn masks."""
    return next(kind for kind in (*trained, "face_mask", *kinds) if kind in kinds)


def trained_on(results: Mapping[str, Any], model: str | None = None) -> list[str]:
    """The kinds of occlusion that a model (the first one by default) was trained on; empty where nobody says."""
    models = results.get("models", {})
    return list(models.get(model or next(iter(models), ""), {}).get("trained on", ()))


def write_whole(text: str, path: str | os.PathLike) -> Path:
    """Writes a text file; it appears whole or not at all."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"`path` must lie in a folder that can be written. Received: {path} ({error}).") from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _describe(value: Any) -> str:
    return f"an object with {sorted(value)[:5]}" if isinstance(value, Mapping) else f"a {type(value).__name__}"
