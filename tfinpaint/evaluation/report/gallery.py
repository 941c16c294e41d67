"""The report's gallery: fixed faces, then the best and the worst of each model; nothing is picked by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfinpaint.evaluation.report.markup import Markup, breakable, join, tag
from tfinpaint.evaluation.report.pictures import Pictures
from tfinpaint.evaluation.report.words import kind_label, method_label, metric

_SCORES = {"hole_psnr": "PSNR", "hole_ssim": "SSIM", "likeness_distance": "likeness", "mask_iou": "IoU"}
_NOTE = (
    "Nothing here was picked by hand: the places of the fixed faces in the set were written down before anything "
    "was measured, and the best and the worst faces of a model are those of its scores. "
    "Below each picture: PSNR and SSIM in the hole, the likeness distance to the clean face (0: the same), and the IoU "
    "of the found mask, as far as they were measured."
)


def gallery_chapter(items: Sequence[Mapping[str, Any]], pictures: Pictures) -> Markup:
    """All items, the fixed ones first, then model by model the best and the worst."""
    parts = [tag("p", _NOTE), tag("p", pictures.note, class_="note") if pictures.note else None]
    fixed = [item for item in items if item.get("why") == "fixed"]
    if fixed:
        parts += [tag("h3", "Fixed faces"), [_item(item, pictures) for item in fixed]]
    for model in dict.fromkeys(item.get("of", "") for item in items if item.get("why") != "fixed"):
        own = [item for item in items if item.get("of", "") == model and item.get("why") != "fixed"]
        for why in sorted({str(item.get("why")) for item in own}):
            parts.append(tag("h3", f"{model}: {why} faces"))
            parts += [_item(item, pictures) for item in own if str(item.get("why")) == why]
    return join(parts)


def _item(item: Mapping[str, Any], pictures: Pictures) -> Markup:
    where = f"{item['set']}, {kind_label(item['kind'])}"
    face = f"face {item['index']}"
    title = tag("h4", f"{face} ", tag("span", f"{item.get('name', '')} · {where}", class_="where"))
    shown = [
        _picture(method, path, f"{face} of {where}", item.get("scores", {}).get(method, {}), pictures)
        for method, path in item.get("pictures", {}).items()
    ]
    return tag("article", title, tag("div", shown, class_="pictures"), class_="face")


def _picture(method: str, path: str, face: str, scores: Mapping[str, Any], pictures: Pictures) -> Markup:
    label = method_label(method)
    data = pictures.data(path)
    if data is None:
        image = tag("p", f"The picture {path} is missing or cannot be read.", class_="missing")
    else:
        uri, width, height = data
        image = tag("img", src=uri, alt=f"{face}: {label}", width=width, height=height)
    lines = [
        tag("span", name, tag("b", metric(k).number(v)), class_="score")
        for k, name in _SCORES.items()
        if isinstance(v := scores.get(k), int | float)
    ]
    return tag("figure", image, tag("figcaption", tag("strong", breakable(label)), lines))
