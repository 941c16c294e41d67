"""What the page's server takes from a browser, and from whom."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tfinpaint.errors import InputError

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Limits:
    """How much the page takes.

    Attributes:
        bytes: of one upload, photo and mask together.
        pixels: of a photo.
        seconds: that a photo may take; the browser hears of it, and the next one waits for its end.
        waiting: photos that wait while one is painted; the next is asked to come again.
        kept: results that can be fetched; the oldest goes first.
    """

    bytes: int = 64_000_000
    pixels: int = 50_000_000
    seconds: float = 120.0
    waiting: int = 8
    kept: int = 16

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise InputError(f"`{name}` must be above 0. Received: {name}={value}.")


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class TooLarge(Exception):  # noqa: N818 - told to the browser, not to a programmer
    """An upload has more bytes than it may have."""


class Guard:
    """Stands before the application: counts what comes in, refuses other sites, adds headers to what goes out.

    A page of another site can make a browser send things to `localhost`; such a request names its origin.

    Args:
        app: the ASGI application.
        limits: see there.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            await self._refuse(send, 403, "Only the page itself may ask this server.")
            return
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.limits.bytes:
            await self._refuse(send, 413, self.too_large())
            return
        taken = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.limits.bytes:
                raise TooLarge(self.too_large())
            return message

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        await self.app(scope, counted, with_headers)

    def too_large(self) -> str:
        """The sentence for an upload that has too many bytes."""
        return f"A photo may have at most {self.limits.bytes // 1_000_000} MB. Make it smaller first."

    async def _refuse(self, send: Send, status: int, sentence: str) -> None:
        body = b'{"error": "%s"}' % sentence.encode()
        start = {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        await send(start)
        await send({"type": "http.response.body", "body": body})
