"""One's own model and other blocks, typed into the page: in headless Chromium."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests import transformers_files as files
from tpexplore.checkpoints.bundled import bundled_names

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small AST as `transformers` saves it."""
    return files.save(tmp_path_factory.mktemp("models") / "my-ast", files.model_of(files.config_of()))


@pytest.fixture(scope="module")
def opened(lasting_visit):
    return lasting_visit()


def address(opened) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(opened.page.url).query).items()}


def type_into(opened, field: str, text: str) -> None:
    opened.page.fill(field, text)
    opened.page.locator(field).blur()


def kept_after(opened, kept: list[int]) -> None:
    """Wait until these numbers of patches are left after the three blocks."""
    opened.page.wait_for_function(
        """kept => {
            const items = [...document.querySelectorAll('.tp-kept li')].map((item) => +item.dataset.kept);
            return JSON.stringify(items) === JSON.stringify(kept);
        }""",
        arg=kept,
    )


def test_other_blocks_and_a_keep_rate_for_each(opened):
    page = opened.page
    patches = 2 * opened.kept()[0]  # the page opens at keep-rate 50 %
    page.click(".tp-advanced summary")
    type_into(opened, ".tp-blocks", "9, 6, 3")
    assert page.get_attribute(".tp-blocks", "aria-invalid") == "true"
    assert "Type ascending numbers" in page.inner_text("#tp-blocks-help")
    type_into(opened, ".tp-blocks", "3, 6, 9")
    type_into(opened, ".tp-rates", "0.75, 0.5, 0.25")
    kept_after(opened, [patches * 3 // 4, patches * 3 // 8, patches * 3 // 32])
    page.wait_for_url("**rates=*")
    assert {name: address(opened)[name] for name in ("blocks", "rates")} == {
        "blocks": "3,6,9",
        "rates": "0.75,0.5,0.25",
    }
    assert opened.errors == []


def test_a_loaded_model_is_shown_and_remembered(opened, folder):
    page = opened.page
    bundled = opened.kept()
    page.select_option(".tm-task", "Your own model …")
    type_into(opened, "#own-model-source textarea, #own-model-source input", str(folder))
    page.click("#own-model-load")
    page.wait_for_function(
        "document.querySelector('.to-about').textContent.includes('12 answers, 144 patches')"
    )
    page.wait_for_selector(f".to-list button[title='{folder}']")
    kept_after(opened, [108, 54, 14])  # of its 144 patches, in the same three steps
    assert page.input_value(".tm-task") == "my-ast"
    assert opened.errors == []
    # Back leads to the bundled model, Forward to this one.
    page.wait_for_function("history.state?.ownModel")
    page.go_back()
    page.wait_for_function("document.querySelector('.tm-task').value !== 'my-ast'")
    kept_after(opened, bundled)
    page.go_forward()
    kept_after(opened, [108, 54, 14])
    assert page.input_value(".tm-task") == "my-ast"
    opened.settle()
    assert opened.errors == []
    # The browser remembers it for the next visit; the server's path is in no address.
    opened.reload()
    page.wait_for_selector(f".to-list button[title='{folder}']", state="attached")
    assert str(folder) not in page.url
