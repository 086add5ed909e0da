"""The preview of a posted link to the app; without it Gradio's page would show Gradio's name and picture."""

from __future__ import annotations

import html
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAMES = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')


class NamedPreview:
    """ASGI middleware: replaces the preview's names in the page itself, and in nothing else.

    Parameters
    ----------
    app : ASGI application
    title, description : str
    """

    def __init__(self, app: ASGIApp, title: str, description: str):
        self.app = app
        title, description = html.escape(title), html.escape(description)
        self.names = (
            f'<meta property="og:type" content="website"><meta property="og:title" content="{title}">'
            f'<meta property="og:description" content="{description}">'
            f'<meta name="twitter:card" content="summary"><meta name="twitter:title" content="{title}">'
            f'<meta name="twitter:description" content="{description}">'
        ).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; a page of HTML is held back until it is whole."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def pass_on(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = _NAMES.sub(b"", body).replace(b"<head>", b"<head>" + self.names, 1)
            headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            headers.append((b"content-length", str(len(body)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, pass_on)


def _is_page(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in message.get("headers", ())
    )
