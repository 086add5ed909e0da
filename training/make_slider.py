"""Make the README's animation: the slider moves from all patches down to few, on a recording of thunder.

    python app.py --port 7860
    python -m training.make_slider http://127.0.0.1:7860/        # while the app runs, from another terminal

Needs playwright and a Chromium, as the browser tests do.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from urllib.parse import urlencode

from PIL import Image

from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES
from tpexplore.writing import write_bytes
from training.engine.command import command_arguments, run_command

VIEW = {"example": "thunder", "model": "ast-audioset", "__theme": "light"}
WIDTH, HEIGHT, MARGIN = 1000, 1300, 10
LARGEST_BYTES = 1_000_000
FIRST_MILLISECONDS, MILLISECONDS, LAST_MILLISECONDS = 1200, 350, 2400
PATIENCE = 120_000
# Everything except the slider, the answer and the picture.
HIDDEN = ".tp-score, .tp-advanced, .tp-clip { display: none !important; } .tp-player { visibility: hidden; }"
MOVE = """rate => {
    const slider = document.querySelector('.tp-rate-input');
    slider.value = rate;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def main() -> None:
    parser = command_arguments(__doc__, "training.make_slider")
    parser.add_argument("app", help="address of a running app")
    args = parser.parse_args()
    frames = alike(list(frames_of(args.app)))
    durations = [FIRST_MILLISECONDS, *[MILLISECONDS] * (len(frames) - 2), LAST_MILLISECONDS]
    for quality in range(80, 0, -10):
        content = io.BytesIO()
        first, *others = frames
        first.save(
            content, "WEBP", save_all=True, append_images=others, duration=durations, loop=0, quality=quality
        )
        if content.tell() <= LARGEST_BYTES:
            break
    write_bytes(ASSETS / "slider.webp", content.getvalue())


def frames_of(app: str) -> Iterator[Image.Image]:
    """Screenshots at every keep-rate, from 100 % down."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise InputError("playwright is not installed; run pip install -r tests/requirements.txt.") from None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise InputError("No Chromium is installed; it draws the picture.")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            yield from _drawn(browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}), app)
            browser.close()
    except Error as error:
        reason = error.message.splitlines()[0]
        raise InputError(f"{app} did not show the explorer, or Chromium failed: {reason}") from error


def _drawn(page, app: str) -> Iterator[Image.Image]:
    page.set_default_timeout(PATIENCE)
    page.add_init_script("localStorage.setItem('tpexplore-tour', 'yes')")
    page.goto(f"{app.rstrip('/')}/?{urlencode(VIEW)}")
    page.wait_for_selector(".tp[data-clip='Thunder'][data-complete=true]")
    page.add_style_tag(content=HIDDEN)
    for rate in reversed(KEEP_RATES):
        page.evaluate(MOVE, rate)
        yield Image.open(io.BytesIO(page.screenshot(clip=_place(page)))).convert("RGB")


def alike(frames: list[Image.Image]) -> list[Image.Image]:
    """All frames at the largest one's size: at some keep-rates the text has more lines."""
    size = tuple(max(frame.size[axis] for frame in frames) for axis in (0, 1))
    papers = [Image.new("RGB", size, "white") for _ in frames]
    for paper, frame in zip(papers, frames, strict=True):
        paper.paste(frame)
    return papers


def _place(page) -> dict[str, float]:
    """From the slider down to the end of the picture."""
    top, bottom = (page.locator(name).bounding_box() for name in (".tp-bar", ".tp-canvases"))
    end = bottom["y"] + bottom["height"]
    left, height = bottom["x"] - MARGIN, end - top["y"] + 2 * MARGIN
    return {"x": left, "y": top["y"] - MARGIN, "width": bottom["width"] + 2 * MARGIN, "height": height}


if __name__ == "__main__":
    run_command(main)
