"""In front of Gradio: doors that stay shut, sizes that are refused unread, and headers for the browser."""

import os
from pathlib import Path

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.files.limits import API, MB, RequestLimits
from ui.files.tidy import folder_size

# Where a page may be shown in a frame: on itself and on Hugging Face, whose Spaces are frames. More: the variable.
FRAMES = "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
FRAMES_VARIABLE = "QUALICLIP_FRAME_ANCESTORS"

# What Gradio serves and the studio has no use for. `file=http` and `proxy=` make the server fetch for strangers,
# `run-history` makes it talk to the Hub for them, `deep_link` and `process_recording` write files, the rest is for
# components and modes that are not here.
SHUT = (
    *(f"{API}/file=http:", f"{API}/file=https:", f"{API}/file/", f"{API}/proxy=", f"{API}/run-history", f"{API}/runs"),
    *(f"{API}/deep_link", f"{API}/process_recording", f"{API}/vibe-", f"{API}/undo-vibe-edit", f"{API}/stream"),
    *(f"{API}/custom_component", f"{API}/profiling", f"{API}/token", f"{API}/dev/"),
    *("/monitoring", "/login", "/logout"),
)


def security_headers() -> dict[str, str]:
    """The headers of every answer.

    Gradio's page needs inline scripts and styles, and makes functions from texts; nothing comes from other hosts.
    """
    frames = " ".join(filter(None, [FRAMES, os.environ.get(FRAMES_VARIABLE)]))
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": frames,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }


class _TooLarge(Exception):
    """A body grew over its limit while it was read."""


class Shield:
    """The ASGI application behind it, with shut doors, limits and headers."""

    def __init__(self, app: ASGIApp, *, folder: Path, limits: RequestLimits) -> None:
        """Stand in front of `app`, whose uploads lie in `folder`."""
        self._app = app
        self._folder = folder
        self._limits = limits
        self._headers = security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        try:
            await (refusal or self._app)(scope, _limited(receive, self._limits.of(scope["path"])), send_with_headers)
        except _TooLarge:
            if not started:
                await _too_large(self._limits.of(scope["path"]))(scope, receive, send_with_headers)

    async def _refusal(self, scope: Scope) -> ASGIApp | None:
        path: str = scope["path"]
        if path.lower().startswith(SHUT):
            return PlainTextResponse("not here\n", status_code=404)
        limit, announced = self._limits.of(path), Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            return _too_large(limit)
        if path.startswith(f"{API}/upload") and scope["method"] == "POST":
            if await anyio.to_thread.run_sync(folder_size, self._folder) > self._limits.folder:
                return PlainTextResponse("the studio holds too many files just now; try again later\n", status_code=507)
        return None


def _too_large(limit: int) -> ASGIApp:
    return PlainTextResponse(f"too large: a request may bring {limit // MB} MB here\n", status_code=413)


def _limited(receive: Receive, limit: int) -> Receive:
    read = 0

    async def receive_limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise _TooLarge
        return message

    return receive_limited
