"""Makes the `.tflite` files that lie beside the zoo's weights: `python -m tfinpaint.export.publish [PRESET ...]`.

To be run whenever published weights change: the record in `config.json` names the weights that the file was made of,
and a file of others is refused. Weights are stored as float16, as they are published: nothing is lost.
"""

import json
import sys
from collections.abc import Sequence

from tfinpaint import zoo
from tfinpaint.export.write import export_model
from tfinpaint.files import sha256
from tfinpaint.records import environment, write_json

QUANTIZE = "float16"


def publish(name: str) -> zoo.Preset:
    """Writes the file of one preset and its record."""
    preset = zoo.preset(name)
    folder = zoo.folder(preset.model)
    path = export_model(preset.name, folder / f"{preset.name}.tflite", quantize=QUANTIZE, force=True)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["presets"][preset.name]["lite"] = {
        "file": path.name,
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
        "quantize": QUANTIZE,
        "weights": preset.sha256,
        "command": f"python -m tfinpaint.export.publish {preset.name}",
        "versions": environment(),
    }
    write_json(config, folder / "config.json")
    return zoo.preset(preset.name)


def main(names: Sequence[str]) -> None:
    """Runs the command: the presets that are named, or all that have weights."""
    published = [p.name for model in zoo.MODELS for p in zoo.presets(model).values() if p.file]
    for name in names or published:
        lite = publish(name).lite
        print(f"{lite['file']}: {lite['bytes']} bytes, SHA-256 {lite['sha256']}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
