"""The browser's own files: modules, styles and HTML, under an address that changes with their content.

Gradio passes ``app_kwargs`` of ``launch`` on to its FastAPI app. A plain route works behind a proxy that
strips a root path; a mount of static files does not.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BOARDS = Path(__file__).parent / "boards"

_KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".pcm": "application/octet-stream",
}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_LEAST_COMPRESSED_BYTES, _COMPRESSION = 1000, 5


@lru_cache(maxsize=1)
def _files() -> dict[str, bytes]:
    paths = sorted(path for path in BOARDS.rglob("*") if path.suffix in _KINDS)
    return {path.relative_to(BOARDS).as_posix(): path.read_bytes() for path in paths}


def read_text(*names: str) -> str:
    """Files of the folder, joined."""
    return "\n".join(_files()[name].decode() for name in names)


@lru_cache(maxsize=1)
def address() -> str:
    """Address of the files, relative to the page; it changes whenever one of them changes."""
    content = hashlib.sha256()
    for name, data in _files().items():
        content.update(f"{name} {len(data)}\n".encode() + data)
    return f"boards/{content.hexdigest()[:12]}/"


def publish(name: str, content: bytes) -> str:
    """Serve a file that the app makes, too; returns its name, which changes with its content."""
    stem, ending = name.rsplit(".", 1)
    unique = f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    _made[unique] = content
    return unique


_made: dict[str, bytes] = {}


def app_options() -> dict[str, Any]:
    """``app_kwargs`` for `gr.Blocks.launch`: serves the files, and compresses them and the page itself."""
    return {
        "routes": [Route(f"/{address()}{{name:path}}", _serve)],
        "middleware": [
            Middleware(GZipMiddleware, minimum_size=_LEAST_COMPRESSED_BYTES, compresslevel=_COMPRESSION)
        ],
    }


def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    data = _files().get(name) or _made.get(name)
    if data is None:
        return PlainTextResponse("Not found", 404)
    return Response(data, media_type=_KINDS[Path(name).suffix], headers=_FOREVER)
