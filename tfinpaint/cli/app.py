"""`tfinpaint app`: a page in the browser that restores photos, served from this computer."""

import argparse
import contextlib
import socket
import sys
import threading
import webbrowser
from typing import Any

HELP = "open a page in the browser that restores photos"


def add_parser(subparsers: Any) -> None:
    """Adds the command to the program's parser."""
    parser = subparsers.add_parser("app", help=HELP, description=__doc__)
    parser.add_argument("--model", metavar="NAME", help="the page's first choice (auto)", default="auto")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where it listens (%(default)s: only this computer reaches it; 0.0.0.0: whoever reaches this computer)",
    )
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--megabytes", type=int, default=64, metavar="N", help="of an upload, at most (%(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="only say where the page is")


def run(arguments: argparse.Namespace) -> int:
    """Serves the page until it is interrupted."""
    from tfinpaint.errors import InputError

    try:
        import uvicorn

        from tfinpaint.page import Limits, create_app
    except ModuleNotFoundError as error:
        raise InputError(f"`app` needs {error.name}, which is not installed: pip install 'tfinpaint[app]'.") from None
    from tfinpaint.cli.engines import load_engine

    models = _models(arguments.model)
    local = arguments.host in ("127.0.0.1", "localhost", "::1")
    hosts = {} if local else {"hosts": ("*",)}
    app = create_app(load_engine, models, limits=Limits(bytes=arguments.megabytes * 1_000_000), **hosts)
    listener = _listen(arguments.host, arguments.port)
    shown = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    print(f"tfinpaint: the page is at {address} (Ctrl-C ends it)", file=sys.stderr, flush=True)
    if not arguments.no_browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    # Without a configuration of its own: that would close the streams of all loggers there are.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[listener])
    return 0


def _models(first: str) -> dict[str, str]:
    """Published preset, or `auto` -> what it takes off; the one that is asked for first."""
    from tfinpaint import zoo
    from tfinpaint.errors import InputError

    chosen = [] if first == "auto" else [zoo.preset(first)]
    if chosen and not chosen[0].file:
        raise InputError(f"`--model` must have published weights. Received: {first}, which has none.")
    presets = [zoo.preset(entry.default) for name, entry in zoo.MODELS.items() if name != "what_hides"]
    models = {record.name: record.removes for record in (*chosen, *presets) if record.file}
    auto = {"auto": "what is seen to hide the face"}
    return models | auto if chosen else auto | models


def _listen(host: str, port: int) -> socket.socket:
    from tfinpaint.errors import InputError

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"The page cannot listen at {host}, port {port} ({reason}); choose another --port.") from None
