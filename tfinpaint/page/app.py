"""The page as an ASGI application."""

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from tfinpaint._version import __version__
from tfinpaint.engine import contract_of
from tfinpaint.errors import InputError, TfinpaintError
from tfinpaint.page.limits import Guard, Limits, TooLarge
from tfinpaint.page.photo import read_drawn, read_upload, restore_upload
from tfinpaint.page.workbench import Busy, Workbench

STATIC = Path(__file__).parent / "static"
_log = logging.getLogger(__name__)


def create_app(
    load: Callable[[str], Any],
    models: Mapping[str, str],
    *,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]"),
    limits: Limits | None = None,
) -> FastAPI:
    """The page and what it asks for: `GET /about`, `POST /restore`, `GET /results/TOKEN/NAME`.

    Photos are painted one after the other; results lie in a temporary folder that goes when the server ends.

    Args:
        load: name of a model -> engine (see `tfinpaint.engine`).
        models: name -> what it takes off, in words; the first is the page's first choice.
        hosts: names under which the server may be asked; `("*",)` any.
        limits: what it takes; `Limits()` by default.
    """
    limits = limits or Limits()
    bench = Workbench(load, limits)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        bench.close()

    app = FastAPI(title="tfinpaint", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(Guard, limits=limits)
    _add_errors(app)

    @app.get("/about")
    def about() -> dict:
        return {
            "version": __version__,
            "models": [{"name": name, "removes": words} for name, words in models.items()],
            "megabytes": limits.bytes // 1_000_000,
        }

    @app.post("/restore")
    async def restore(
        photo: Annotated[UploadFile, File()],
        model: Annotated[str, Form()],
        faces: Annotated[str, Form()] = "all",
        mask: Annotated[UploadFile | None, File()] = None,
    ) -> dict:
        if model not in models:
            raise InputError(f"`model` must be one of {', '.join(models)}. Received: {model!r}.")
        data = await photo.read()
        drawn = None if mask is None else await mask.read()

        def work() -> dict:
            start = time.perf_counter()
            read = read_upload(photo.filename or "photo", data, limits)
            hidden = None if drawn is None else read_drawn(drawn, read.pixels.shape[:2])
            engine = bench.engine(model)
            if hidden is None and contract_of(engine).needs_mask:
                raise InputError(f"{model} paints where it is told: draw over what hides the face, then paint.")
            token, folder = bench.new_folder()
            found = restore_upload(read, engine, folder, hidden, faces)
            return found | {"at": f"results/{token}/", "seconds": round(time.perf_counter() - start, 2)}

        return await bench.run(work)

    @app.get("/results/{token}/{name}")
    def result(token: str, name: str) -> Response:
        path = bench.result(token, name)
        if path is None:
            return _error(404, "This result is no longer kept; restore the photo again.")
        return FileResponse(path, filename=name, content_disposition_type="inline")

    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app


def _error(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


def _add_errors(app: FastAPI) -> None:
    """Every error becomes one sentence; none shows the inside to the browser."""

    @app.exception_handler(TfinpaintError)
    def told(_: Request, error: Exception) -> Response:
        return _error(422, str(error))

    @app.exception_handler(Busy)
    def busy(_: Request, error: Exception) -> Response:
        return _error(503, str(error))

    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, TooLarge):  # met while the form was read
            return _error(413, str(error.__cause__))
        return _error(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    def incomplete(_: Request, error: Exception) -> Response:
        return _error(422, "A request must have `photo`, a file, and `model`, a name.")

    @app.exception_handler(Exception)
    def unexpected(_: Request, error: Exception) -> Response:
        _log.error("A photo could not be restored.", exc_info=error)
        return _error(500, "Something went wrong inside tfinpaint; the terminal in which it runs says more.")
