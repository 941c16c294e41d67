"""Exported files beside Keras: size, time a face on one and two threads, memory, and what they lose.

`python -m benchmarks.export [PRESET ...]` writes the files of each published preset, or of those that are named, into a
temporary folder and runs each in a process of its own; it renews the presets' entries in
`benchmarks/results/export.json` and the tables of `docs/export.md` and the README. Times are of one face, least and
median of 30 calls, and the least processor time, which other load on the machine disturbs least; the memory is the
process's peak. Losses are dB of PSNR in the hole, beside Keras, of 200 faces that calibrate nothing: `--data` takes a
folder or zip, else they are cut from a portrait. `--losses` renews these alone and leaves the times. It ends with 1
where a file loses more than its kind may.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfinpaint import records, zoo

RESULTS = Path(__file__).parent / "results" / "export.json"
ROOT = Path(__file__).parents[1]
# Row -> (format, quantize) of what is written; None for Keras.
ROWS = {
    "Keras, `predict_on_batch`": None,
    "Keras, `tf.function`": None,
    "SavedModel": ("saved_model", "none"),
    "ONNX": ("onnx", "none"),
    **{f"TFLite, `{kind}`": ("tflite", kind) for kind in ("none", "float16", "int8", "fast", "static")},
}
THREADS, CALLS, WARM_UP = (1, 2), 30, 3
FACES = 200
# Of the models that paint; `what_hides` only looks.
PUBLISHED = [p.name for model in zoo.MODELS for p in zoo.presets(model).values() if p.file and p.paper]


def runner(row: str, preset: str, path: Path, threads: int) -> Callable[[dict[str, np.ndarray]], Any]:
    """What restores one face: `image` `(1, side, side, 3)` uint8, and `mask`, for a model that must be told it."""
    if ROWS[row] is None or ROWS[row][0] == "saved_model":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        if ROWS[row] is None:
            model = zoo.load(preset)
            told = model.contract.needs_mask
            if "predict" in row:
                return lambda face: model.predict_on_batch(_floats(face) if told else _floats(face)["image"])
            compiled = tf.function(model.answer_pictures, autograph=False)
            names = ("image", "mask")[: 1 + told]
            return lambda face: compiled({k: tf.constant(face[k]) for k in names})["image"].numpy()
        signatures = tf.saved_model.load(str(path)).signatures
        function = signatures.get("restore") or signatures["restore_with_mask"]
        names = function.structured_input_signature[1]
        return lambda face: function(**{k: tf.constant(face[k]) for k in names})["image"].numpy()
    if ROWS[row][0] == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options)
        names = [given.name for given in session.get_inputs()]
        return lambda face: session.run(None, {k: face[k] for k in names})
    from tfinpaint.export import Runner

    file = Runner(path, threads=threads)
    return lambda face: file.restore(face["image"], face["mask"] if file.contract.needs_mask else None)


def _floats(face: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """As networks see it."""
    return {k: v / np.float32(127.5) - 1 if k == "image" else v.astype(np.float32) for k, v in face.items()}


def measure(row: str, preset: str, path: Path, threads: int) -> dict[str, float]:
    """In this process: milliseconds of a face, and the peak of memory."""
    side = zoo.preset(preset).arguments["image_size"]
    middle = slice(side // 4, 3 * side // 4)
    face = {"image": np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)}
    face["mask"] = np.zeros((1, side, side, 1), np.uint8)
    face["mask"][:, middle, middle] = 1
    run, times, processor_times = runner(row, preset, path, threads), [], []
    for _ in range(CALLS + WARM_UP):
        start, processor_start = time.perf_counter(), time.process_time()
        run(face)
        times.append(1e3 * (time.perf_counter() - start))
        processor_times.append(1e3 * (time.process_time() - processor_start))
    times, least = times[WARM_UP:], min(processor_times[WARM_UP:])
    numbers = {"min_ms": min(times), "median_ms": statistics.median(times), "processor_ms": least}
    return {name: round(number, 1) for name, number in numbers.items()} | {"peak_mb": round(_peak_kib() / 1024)}


def _peak_kib() -> int:
    """Of this program alone; what the system says of a process counts its parent's, too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def measured_faces(model: Any, data: str | None) -> Any:
    """A trial of the faces that losses are measured on; `export_model` calibrates on others.

    Every second face is, and some are drawn with nothing in front.
    """
    from tfinpaint.export.trial import draw_trial

    return draw_trial(model, data, count=5 * FACES // 2).take(slice(1, None, 2)).take(slice(FACES))


def rows(preset: str, data: str | None, timed: bool = True) -> dict[str, dict[str, Any]]:
    """The numbers of a preset, and the machine's load before; of TFLite files alone the losses if nothing is timed."""
    from tfinpaint.export import Runner, export_model
    from tfinpaint.export.trial import losses

    model, found, load = zoo.load(preset), {}, round(os.getloadavg()[0], 2)
    trial = measured_faces(model, data)
    with tempfile.TemporaryDirectory() as folder:
        for i, (row, how) in enumerate(ROWS.items()):
            path, numbers = Path(folder) / str(i), {}
            if not timed and (how is None or how[0] != "tflite"):
                continue
            if how is not None:
                export_model(preset, path, format=how[0], quantize=how[1], data=data, force=True)
                files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
                numbers["kib"] = round(sum(file.stat().st_size for file in files) / 1024)
            if how is not None and how[0] == "tflite":
                lost = losses(Runner(path), model, trial)
                numbers |= {"mean_db": round(float(lost.mean()), 3), "worst_db": round(float(lost.max()), 3)}
            for threads in THREADS if timed else ():
                command = [sys.executable, "-m", "benchmarks.export", "--measure", row, preset, str(path), str(threads)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                numbers[f"threads_{threads}"] = json.loads(done.stdout.splitlines()[-1])
            found[row] = numbers
            print(preset, row, numbers, flush=True)
    faces = {"faces": Path(data).name if data else "portrait", "count": len(trial)}
    faces |= {"load": load} if timed else {}
    return {"weights": zoo.preset(preset).sha256, "sensitive": model.sensitive, **faces, "rows": found}


def beyond(entry: dict[str, Any]) -> list[str]:
    """The rows of a preset that lose more than they may."""
    from tfinpaint.export.quantize import BOUNDS

    limits = {row: BOUNDS[how[1]] for row, how in ROWS.items() if how and how[1] in BOUNDS}
    rows = entry["rows"]
    return [r for r, (mean, worst) in limits.items() if rows[r]["mean_db"] > mean or rows[r]["worst_db"] > worst]


def table(results: dict[str, Any]) -> str:
    """Of all presets, Markdown."""
    presets, machine = results["presets"], results["machine"]
    faces = [f"{entry['count']} faces of {entry['faces']} (`{preset}`)" for preset, entry in presets.items()]
    loads = [f"{entry['load']} (`{preset}`)" for preset, entry in presets.items()]
    lines = [
        f"Losses were measured on {', '.join(faces)}; times on {machine['cores']} cores, whose load before was "
        f"{', '.join(loads)}:",
        "",
        "| preset | file | KiB | processor ms | ms, 1 thread | ms, 2 threads | peak MB | loss, dB: mean | worst face |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for preset, entry in presets.items():
        for row, n in entry["rows"].items():
            times = [n["threads_1"]["processor_ms"], *(n[f"threads_{threads}"]["min_ms"] for threads in THREADS)]
            loss = [f"{n[key]:z.3f}" if key in n else "" for key in ("mean_db", "worst_db")]
            cells = [f"`{preset}`", row, n.get("kib", ""), *times, n["threads_1"]["peak_mb"], *loss]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def short_table(results: dict[str, Any]) -> str:
    """One line a kind of file, Markdown: KiB, least milliseconds of a face on one thread, loss in mean and worst."""
    presets = results["presets"]
    lines = [f"| file | {' | '.join(f'`{preset}`' for preset in presets)} |", f"|---|{'---|' * len(presets)}"]
    for row, how in ROWS.items():
        cells = []
        for numbers in (entry["rows"][row] for entry in presets.values()):
            said = [f"{numbers['kib']} KiB"] if "kib" in numbers else []
            said.append(f"{numbers['threads_1']['min_ms']} ms")
            said += [f"{numbers['mean_db']:z.3f} and {numbers['worst_db']:z.3f} dB"] if "mean_db" in numbers else []
            cells.append(", ".join(said))
        if how is None or how[0] == "tflite":
            lines.append(f"| {' | '.join([row, *cells])} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 1 where a file loses more than its kind may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", default=PUBLISHED)
    parser.add_argument("--data", help="folder or zip of faces")
    parser.add_argument("--losses", action="store_true", help="renew what the files lose; leave the times")
    parser.add_argument("--measure", nargs=4, metavar="WORD", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.measure:
        row, preset, path, threads = options.measure
        print(json.dumps(measure(row, preset, Path(path), int(threads))))
        return 0
    from tfinpaint.evaluation.report import update_tables  # not above: it would bring Keras into all that is measured

    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"presets": {}}
    results["presets"] = {name: entry for name, entry in results["presets"].items() if name in PUBLISHED}
    if options.losses and (new := [name for name in options.presets if name not in results["presets"]]):
        parser.error(f"the times of {', '.join(new)} were never measured; leave --losses out")
    if not options.losses:
        results |= {"machine": records.hardware(), "versions": records.environment()}
    missed = []
    for preset in options.presets:
        entry = rows(preset, options.data, timed=not options.losses)
        if options.losses:
            before = results["presets"][preset]
            both = {row: numbers | entry["rows"].get(row, {}) for row, numbers in before["rows"].items()}
            entry = {**before, **entry, "rows": both}
        results["presets"][preset] = entry
        records.write_json(results, RESULTS)
        missed += [f"{preset}: {row} loses more than it may" for row in beyond(entry)]
    update_tables(ROOT / "docs" / "export.md", table(results), mark="export")
    update_tables(ROOT / "README.md", short_table(results), mark="export")
    for line in missed:
        print(line)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
