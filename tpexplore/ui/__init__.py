"""The app's interface. Nothing outside this package knows Gradio."""

from __future__ import annotations

import os
from typing import Any

from tpexplore.threads import brief_spinning

# Read when Gradio is imported: the app sends nothing to anyone.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.update(brief_spinning())

import gradio as gr
from starlette.middleware import Middleware

from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER
from tpexplore.signal.decode import MAX_UPLOAD_BYTES

from . import link, serving, shell, tour
from .board import create_board
from .choices import model_choices
from .memory import share_arenas
from .preview import NamedPreview

TITLE = "Token Pruning Explorer"
PROMISE = "See which parts of a sound an AI model ignores, and whether it still gets the answer right."
QUEUE = 64
"""Requests that may wait; later ones get the message that the app is busy."""
SWEEP_SECONDS, UPLOAD_LIFETIME_SECONDS = 3600, 24 * 3600

_STYLES = (
    "shared/tokens.css",
    "shared/buttons.css",
    "page/page.css",
    "page/settings.css",
    "page/bar.css",
    "page/tour.css",
    "page/touch.css",
    "page/forced.css",
)
# Otherwise Plotly refers to its colours by the page's address, which is wrong once the address changes.
_NO_BASE = 'document.querySelector("base")?.remove();'

HEADER = f"""
<header>
  <div>
    <h1>{TITLE}</h1>
    <p>{PROMISE}</p>
  </div>
  <div class="head-side">
    <div class="head-buttons">{link.BUTTON}{tour.BUTTON}</div>
    {link.HANDED_OUT}
  </div>
</header>
{link.PROBLEM}
<p id="paper-width-help" hidden>As wide as one column of a paper, or two; PNG and PDF have 600 dpi.</p>
<div class="message-box"><p id="drop-problem" class="message" role="alert"></p></div>
{tour.CARD}
"""


def build(checkpoint: str | None = None, frames: int | None = None) -> gr.Blocks:
    """Build the interface, with one bundled example already analysed.

    Parameters
    ----------
    checkpoint : str or None
        A checkpoint file or folder, or hf_hub:owner/name, to offer before the bundled models.
    frames : int or None
        Input frames of that checkpoint, where its file leaves them open.

    Raises
    ------
    InputError
        If the checkpoint cannot be used.
    """
    gr.set_static_paths([EXAMPLES_FOLDER])
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(SWEEP_SECONDS, UPLOAD_LIFETIME_SECONDS)
    ) as demo:
        create_board("head", "page/start.js", value=HEADER, before=_NO_BASE)
        shell.build(model_choices(checkpoint, frames))
    return demo.queue(max_size=QUEUE)


_UPLOAD_LIMIT = (MAX_UPLOAD_BYTES // 10**6) << 20
"""Gradio's own message counts in 2^20 bytes; with this number it shows the same MB as the page."""


_GRADIO_TEXTS = {
    "upload_text.drop_file": "Drop clips or a ZIP here",
    "upload_text.click_to_upload": "click to choose them",
}
"""In place of Gradio's English, by its keys; other languages keep Gradio's own."""


def launch(demo: gr.Blocks, host: str | None = None, port: int | None = None) -> None:
    """Serve the interface; without host and port Gradio's own environment variables decide."""
    share_arenas()
    demo.launch(
        server_name=host,
        server_port=port,
        **page_options(),
        max_file_size=_UPLOAD_LIMIT,
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        # Gradio would stop here if it cannot read its own page within 3 s, as on a busy machine.
        _frontend=False,
    )


def page_options() -> dict[str, Any]:
    """What `gr.Blocks.launch` needs for boards to look and work as they should."""
    # Not launch(css=…): that reaches only what lies inside the page's content, not its frame.
    head = f"<style>{serving.read_text(*_STYLES)}</style>"
    options = serving.app_options()
    options["middleware"].append(Middleware(NamedPreview, title=TITLE, description=PROMISE))
    return {"theme": _theme(), "head": head, "app_kwargs": options, "i18n": gr.I18n(en=_GRADIO_TEXTS)}


def _theme() -> gr.themes.Base:
    fonts = gr.themes.utils.fonts
    theme = gr.themes.Default(
        primary_hue="indigo",
        secondary_hue="indigo",
        neutral_hue="slate",
        # Both come with Gradio; the semi-bold files that it would choose lack letters.
        font=[fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
        font_mono=[fonts.LocalFont("IBM Plex Mono", weights=(400, 700)), "monospace"],
    )
    # Gradio's grey for help texts and white on its button are too pale to read, and so are links on dark.
    return theme.set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        link_text_color_dark="*secondary_300",
        link_text_color_active_dark="*secondary_300",
        link_text_color_hover_dark="*secondary_200",
        link_text_color_visited_dark="*secondary_300",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        # An empty box or circle must be visible on the dark background.
        checkbox_border_color_dark="*neutral_400",
    )
