"""Tables of cards and README, made from a results file; a test compares the two."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"

_COLUMNS = {
    "hole_psnr": ("hole PSNR, dB", "{:.2f}"),
    "hole_ssim": ("hole SSIM", "{:.3f}"),
    "psnr": ("image PSNR, dB", "{:.2f}"),
    "ssim": ("image SSIM", "{:.3f}"),
    "identity_distance": ("distance to the clean face", "{:.3f}"),
    "mask_iou": ("mask IoU", "{:.3f}"),
}
_METHODS = {"occluded": "occluded", "telea": "Telea, true mask given", "model": "**model, blind**"}


def results_table(record: Mapping[str, Any]) -> str:
    """Markdown: a block for each set of faces, a row for each method, means with 95 % intervals."""
    blocks = []
    for name, result in record["results"].items():
        if "methods" not in result:
            continue
        keys = [k for k in _COLUMNS if k in result["methods"]["model"]]
        lines = [
            f"`{name}`, {result['faces']} faces, {record['occlusion']} drawn with seed {result['seed']}:",
            "",
            "| | " + " | ".join(_COLUMNS[k][0] for k in keys) + " |",
            "|---|" + "---|" * len(keys),
        ]
        for method, scores in result["methods"].items():
            cells = [_cell(scores.get(k), _COLUMNS[k][1]) for k in keys]
            lines.append(f"| {_METHODS.get(method, method)} | " + " | ".join(cells) + " |")
        near = result["methods"]["model"].get("landmarks_near")
        if near:
            lines += ["", f"Landmarks within 8 % of the side: {near['of_all']} of {near['n']} faces."]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def update_tables(path: str | os.PathLike, record: Mapping[str, Any]) -> None:
    """Puts the table of a results record between the two marks of a Markdown file."""
    path = Path(path)
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(f"{before}{BEGIN}\n{results_table(record)}\n{END}{after}", encoding="utf-8")
    part.replace(path)


def _cell(summary: Mapping[str, Any] | None, style: str) -> str:
    if not summary or "mean" not in summary:
        return "-"
    mean, low, high = (style.format(summary[k]) for k in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"
