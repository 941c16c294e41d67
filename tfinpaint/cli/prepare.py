"""`tfinpaint prepare`: finds and aligns the faces of photos and writes them for training."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tfinpaint.cli.outputs import add_first_picture

HELP = "find and align the faces in folders or zips of photos, and write them for training"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("prepare", help=HELP, description=__doc__)
    parser.add_argument(
        "sources", nargs="+", metavar="SRC", help="folders (and what lies below them) or zips of photos"
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder to write; one that was begun is gone on with"
    )
    parser.add_argument("--size", type=int, default=128, help="side of the aligned faces in pixels (128)")
    parser.add_argument("--faces", choices=("largest", "all"), default="largest", help="which of a photo (largest)")
    parser.add_argument(
        "--min-face", type=int, default=32, metavar="PX", help="least width of a face in the photo (32)"
    )
    parser.add_argument(
        "--detector", choices=("yunet", "mtcnn"), default="yunet", help="what finds faces (yunet); mtcnn is an extra"
    )
    parser.add_argument("--format", choices=("png", "jpeg"), default="png", help="of the aligned faces (png)")
    parser.add_argument("--quality", type=int, default=95, help="of jpeg, 1 to 100 (95)")
    parser.add_argument("--identities", action="store_true", help="the folder that a photo lies in names the person")
    parser.add_argument("--uv", action="store_true", help="write each face's dense field of a generic head, too")
    add_first_picture(parser)
    parser.add_argument(
        "--on-bad",
        choices=("skip", "stop"),
        default="skip",
        help="photos that are damaged or show no face: list them in report.csv, or stop at the first (skip)",
    )
    parser.add_argument("--shard-photos", type=int, default=500, metavar="N", help="photos in a shard (500)")
    parser.add_argument("--workers", type=int, metavar="N", help="threads (one a processor; one for mtcnn)")


def run(arguments: argparse.Namespace) -> int:
    """Writes `faces-*.tfrecord`, `report.csv` and `manifest.json` into `--out`; prints one line that sums up."""
    from tfinpaint.cli.quiet import quiet_stderr

    with quiet_stderr():
        import tensorflow  # noqa: F401 (it chatters while it is loaded)

        from tfinpaint.data.picture_files import left_out
        from tfinpaint.data.prepare import prepare_faces

    options = {k: v for k, v in vars(arguments).items() if k not in ("command", "sources", "out", "format")}
    for source in arguments.sources:
        if Path(source).exists() and (words := left_out(Path(source))):
            print(f"tfinpaint: left out of {source}: {words}.", file=sys.stderr)
    manifest = prepare_faces(arguments.sources, arguments.out, image_format=arguments.format, progress=True, **options)
    print(summary(Path(arguments.out), manifest))
    return 0


def summary(out: Path, manifest: dict[str, Any]) -> str:
    """What a prepared folder holds and what was left out, in one line."""
    shards, bad = manifest["shards"], manifest["bad"]
    megabytes = sum(shard["bytes"] for shard in shards) / 1e6
    line = f"{out}: {manifest['faces']} faces of {manifest['photos']} photos, {len(shards)} shards, {megabytes:.1f} MB"
    if not bad:
        return line
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(bad.items()))
    return f"{line}; {sum(bad.values())} photos left out ({kinds}), see {out / 'report.csv'}"
