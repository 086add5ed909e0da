"""What a first visit loads: little, and the sound only for somebody who is there."""

from __future__ import annotations

import pytest

from tests.browser_support import skip_tour

pytest_plugins = ["tests.browser_support"]

pytestmark = pytest.mark.browser

MOST_OWN_BYTES = 300_000
GRADIOS = ("/assets/", "/static/", "/gradio_api/", "/theme.css", "/svelte/")


def test_the_first_load_is_small_and_the_sound_comes_with_it(browser, app_url):
    context = browser.new_context()  # with nothing in its cache
    page = context.new_page()
    skip_tour(page)
    responses: dict[str, str] = {}
    loaded: dict[str, int] = {}

    def on_response(event) -> None:
        responses[event["requestId"]] = event["response"]["url"]

    def on_end(event) -> None:
        loaded[event["requestId"]] = event["encodedDataLength"]

    network = context.new_cdp_session(page)
    network.on(
        "Network.responseReceived", lambda it: responses.update({it["requestId"]: it["response"]["url"]})
    )
    network.on(
        "Network.loadingFinished", lambda it: loaded.update({it["requestId"]: it["encodedDataLength"]})
    )
    network.send("Network.enable")

    def sounds() -> list[str]:
        return [url for url in responses.values() if url.endswith(".pcm")]

    page.goto(app_url)
    page.wait_for_selector("#viewer .tp-headline >> visible=true")
    page.wait_for_timeout(1500)
    own = {
        url: loaded.get(id, 0)
        for id, url in responses.items()
        if url.startswith(app_url) and not any(part in url for part in GRADIOS)
    }
    assert any("/boards/" in url for url in own) and own[app_url] > 10_000
    assert sum(own.values()) <= MOST_OWN_BYTES, sorted(own.items(), key=lambda one: -one[1])[:5]
    assert not sounds()
    with page.expect_response(lambda response: response.url.endswith(".pcm")):
        page.hover("#viewer .tp")
    page.click(".tp-play")
    playing = ".tp-play[data-playing=true]"
    page.wait_for_selector(playing)
    page.wait_for_function("Number(document.querySelector('.tp-seek').value) > 0.2")
    assert len(sounds()) == 1
    context.close()


def test_what_is_still_loading_keeps_about_its_room_and_says_so(browser, app_url):
    """The pictures' styles have arrived, the bar's own HTML is late, as on a slow line."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    skip_tour(page)
    held = []
    page.route("**/page/sound.html*", lambda route: held.append(route))
    page.goto(app_url)
    page.wait_for_selector("#viewer .tp-headline >> visible=true")
    height = "document.querySelector('#bar-row').getBoundingClientRect().height"
    loading = page.evaluate(height)
    page.wait_for_function(
        "getComputedStyle(document.querySelector('#sound .board-loading')).opacity === '1'"
    )
    assert page.inner_text("#sound") == "Loading …"
    held[0].continue_()
    page.wait_for_selector("#sound .ts-name")
    assert page.evaluate(height) == pytest.approx(loading, abs=40)
    context.close()
