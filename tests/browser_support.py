"""The running app and a headless browser: fixtures of the tests that drive them."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests import ROOT
from tests.example_clips import WORD_QUERY, spoken_examples
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.ui.tab_list import TABS

BOARDS = ROOT / "tpexplore" / "ui" / "boards"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    # Two pages of Chromium's own address bar, which is invisible here, cost as much as opening a window.
    # The third is in Playwright's list, which this one replaces: paints are timed without waiting.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,PaintHolding",
    "--autoplay-policy=no-user-gesture-required",
    # A microphone that beeps, and that every page may use.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
START_SECONDS = 240
QUIET_SECONDS = 0.4
STREAMS = ("/queue/data", "/heartbeat/")
"""Requests that Gradio keeps open as long as the page is open."""


@pytest.fixture(scope="session")
def browser(request):
    """Headless Chromium; without one, tests are skipped, or fail under --require-browser."""
    reason = None
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        reason = "playwright is not installed"
    if CHROMIUM is None:
        reason = "no Chromium is installed"
    if reason:
        skip_or_fail = pytest.fail if request.config.getoption("--require-browser", False) else pytest.skip
        skip_or_fail(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


class Windows:
    """Pages in reused browser contexts, so that most of what a page loads comes from the cache.

    An open page has its context for itself, and finds nothing that an earlier page has stored.
    """

    def __init__(self, browser):
        self._browser = browser
        self._idle: dict[str, list] = {}

    @contextmanager
    def page(
        self, url: str, width: int = 1280, height: int = 900, reduced_motion=None, **options
    ) -> Iterator:
        """A blank page that will open the address; ``options`` are those of a browser context."""
        idle = self._idle.setdefault(json.dumps(options, sort_keys=True), [])
        viewport = {"width": width, "height": height}
        context = idle.pop() if idle else self._browser.new_context(viewport=viewport, **options)
        page = context.new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(reduced_motion=reduced_motion)
        context.clear_cookies()
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        context.new_cdp_session(page).send(
            "Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage"}
        )
        try:
            yield page
        finally:
            page.close()
            idle.append(context)


@pytest.fixture(scope="session")
def windows(browser):
    """Where pages are opened."""
    return Windows(browser)


@contextmanager
def running_app(log: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """``python app.py``, as the README starts it: its address and process; what it prints goes to ``log``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("w") as output:
        app = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait_until_served(url, app, log)
        yield url, app
    finally:
        app.terminate()
        app.wait(20)


@pytest.fixture(scope="session")
def app_url(tmp_path_factory):
    """Address of the running app."""
    with running_app(tmp_path_factory.mktemp("app") / "log.txt") as (url, _):
        yield url


def _wait_until_served(url: str, app: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if app.poll() is not None:
            break
        try:
            urllib.request.urlopen(url + "config", timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"The app did not start:\n{log.read_text()}")


def wait_until(condition, seconds: float = 20) -> bool:
    """Whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


def next_frames(page) -> None:
    """Let a page draw."""
    page.evaluate(
        """() => new Promise(done => requestAnimationFrame(
            () => requestAnimationFrame(() => setTimeout(done, 20))
        ))"""
    )


def set_rate(page, rate: float) -> None:
    """Move the keep-rate slider to ``rate``."""
    page.evaluate(
        """rate => {
            const slider = document.querySelector('.tp-rate-input');
            slider.value = rate;
            slider.dispatchEvent(new Event('input', { bubbles: true }));
        }""",
        rate,
    )
    next_frames(page)


def choose(visited: Visit, rate: float, score: str = "attention") -> None:
    """Choose the score that ranks the patches, and the keep-rate."""
    visited.page.locator(".tp-score label", has_text=score.title()).click()
    set_rate(visited.page, rate)


def serve_modules(page) -> None:
    """Let a page import the boards' modules, e.g. ``import("/shared/grid.js")``, without the app."""

    def answer(route) -> None:
        path = BOARDS / urlsplit(route.request.url).path.lstrip("/")
        if path.suffix == ".js":
            route.fulfill(path=path, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route("http://boards.test/**", answer)
    page.goto("http://boards.test/")


def skip_tour(page) -> None:
    """Let this page open as for a returning visitor."""
    page.add_init_script("localStorage.setItem('tpexplore-tour', 'yes')")


def click_tab(page, tab: str) -> None:
    """Open a tab by its id, with two clicks if it is behind an inner switch."""
    for outer, (_, content) in TABS.items():
        if isinstance(content, dict) and tab in content:
            page.click(f"#{outer}-tab-button")
    page.click(f"#{tab}-tab-button")


class Visit:
    """One visit to the app: the page, its requests and its errors."""

    def __init__(self, page):
        self.page = page
        self.requests: list[str] = []
        self.queued: list[dict] = []
        self.errors: list[str] = []
        self._under_way: set = set()
        self._changed = time.monotonic()
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_end)
        # Playwright does not report the end of every request.
        page.on("response", lambda response: self._on_end(response.request))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.errors.append(line.text))

    def _on_request(self, request) -> None:
        self.requests.append(request.url)
        if "/queue/join" in request.url:
            self.queued.append(request.post_data_json)
        self._changed = time.monotonic()
        if not any(stream in request.url for stream in STREAMS):
            self._under_way.add(request)

    def _on_end(self, request) -> None:
        self._changed = time.monotonic()
        self._under_way.discard(request)

    def settle(self) -> None:
        """Wait until no request has been under way for a moment."""

        longest = 0.0

        def quiet() -> bool:
            nonlocal longest
            begun = time.monotonic()
            self.page.wait_for_timeout(50)  # gives Playwright time to report finished requests
            longest = max(longest, time.monotonic() - begun)
            return not self._under_way and time.monotonic() - self._changed > QUIET_SECONDS

        # If one wait takes all of that time, requests are only reported at its end, so check once more.
        settled = wait_until(quiet, 120) or wait_until(quiet, 10)
        under_way = [request.url for request in self._under_way]
        assert settled, (
            f"still under way: {under_way}; the last requests: {self.requests[-8:]};"
            f" the longest look took {longest:.1f} s"
        )

    def reload(self) -> None:
        """Reload the page and drop the errors that the old document logs when its streams break off."""
        self.settle()
        assert self.errors == []
        self.page.reload(wait_until="domcontentloaded")
        self.errors.clear()
        self.page.wait_for_selector(".tp-kept li", timeout=90_000)

    def foreign_requests(self) -> list[str]:
        """Requests to any host but the app's."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("blob", "data") and urlsplit(url).hostname != "127.0.0.1"
        ]

    def text(self, selector: str) -> str:
        """The visible text of an element."""
        return self.page.locator(selector).inner_text()

    def kept(self) -> list[int]:
        """Patches left after blocks 4, 7 and 10, as the page counts them."""
        items = self.page.locator(".tp-kept li").all()
        return [int(item.get_attribute("data-kept")) for item in items]

    def pixels(self) -> str:
        """The picture, as a data URL."""
        return self.page.eval_on_selector(".tp-picture", "canvas => canvas.toDataURL()")

    def press(self, key: str, times: int = 1) -> None:
        """Press a key, letting the page paint after each."""
        for _ in range(times):
            self.page.keyboard.press(key)
            self.next_frames()

    def next_frames(self) -> None:
        """Let the page draw its next frames."""
        next_frames(self.page)

    def repaints(self) -> list[float]:
        """Milliseconds from each input event to its paint, as the page measured them."""
        return self.page.evaluate("performance.getEntriesByName('tp-repaint').map(entry => entry.duration)")

    def upload(self, path: Path) -> None:
        """Replace the clip by a file."""
        self.page.set_input_files("#sound input[type=file]", path)

    def choose_model(self, name: str) -> None:
        """Choose a bundled model by its name in the two menus on top."""
        from tpexplore.ui.choices import ModelChoice
        from tpexplore.ui.model_menu import menu_message

        (entry,) = menu_message([ModelChoice(name, name)])
        self.page.select_option(".tm-task", entry["task"])
        if self.page.input_value(".tm-family") != entry["family"]:
            self.page.select_option(".tm-family", entry["family"])

    def move_window(self, start: float) -> None:
        """Drag the window over the file so that it starts at ``start`` seconds."""
        self.page.eval_on_selector(
            ".ts-start",
            """(slider, start) => {
                slider.value = start;
                const happens = (type) => slider.dispatchEvent(new Event(type, { bubbles: true }));
                ['input', 'change'].forEach(happens);
            }""",
            start,
        )

    def wait_for_clip(self, name: str) -> None:
        """Wait until the viewer shows the clip of that name."""
        self.page.wait_for_selector(f".tp[data-clip='{name}'][data-complete=true]", timeout=90_000)


@contextmanager
def visits(windows: Windows, app_url: str) -> Iterator:
    """Open the app and wait for its first picture: ``visit(query="", width=1280, height=900, **options)``."""
    with ExitStack() as pages:

        def open_app(query: str = "", **options) -> Visit:
            opened = Visit(pages.enter_context(windows.page(app_url, **options)))
            skip_tour(opened.page)
            opened.page.goto(app_url + query)
            opened.page.wait_for_selector(".tp-kept li", timeout=90_000)
            settings = dict(parse_qsl(query.lstrip("?")))
            for example in example_clips():
                # Until the link is followed, the page shows what it was built with; another tab opens alone.
                if settings.get("example") == example.path.stem and "tab" not in settings:
                    opened.wait_for_clip(example.title)
            return opened

        yield open_app


@pytest.fixture
def visit(windows, app_url):
    """Open pages that are closed after the test."""
    with visits(windows, app_url) as open_app:
        yield open_app


@pytest.fixture(scope="module")
def lasting_visit(windows, app_url):
    """Open pages that the tests of a module share: a page takes seconds to load."""
    with visits(windows, app_url) as open_app:
        yield open_app


@pytest.fixture(scope="module")
def visit_with_word(lasting_visit):
    """Open a page with a spoken word: ``visit_with_word(query, width=1280, height=1000, **context)``."""

    def open_page(query: str = "?__theme=light", height: int = 1000, **options) -> Visit:
        opened = lasting_visit(f"{WORD_QUERY}&{query.removeprefix('?')}", height=height, **options)
        opened.page.set_default_timeout(90_000)  # ms; the machine may be busy with other things
        opened.wait_for_clip(spoken_examples()[0].title)
        return opened

    return open_page
