"""The Removal tab as a person meets it, in headless Chromium."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from tests.browser_support import click_tab
from tests.example_clips import spoken_examples
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.study.removal import group_mask
from tpexplore.ui.choices import ModelChoice, model_choices
from tpexplore.ui.tabs.removal import decode_mask, draw_masks
from tpexplore.ui.trace import ClipTrace, traced

if TYPE_CHECKING:
    from tests.browser_support import Visit

pytest_plugins = ["tests.browser_support"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not bundled_names(), reason="no model is bundled"),
    pytest.mark.skipif(not example_clips(), reason="no example clip is bundled"),
]

PATIENCE = 90_000  # ms; the machine may be busy with other things
LEFT, RIGHT, TOP, BOTTOM = 42, 54, 28, 26  # margins of the picture in px
ROWS = 8


class Board:
    """The tab on one page."""

    def __init__(self, visit: Visit):
        self.visit, self.page = visit, visit.page
        click_tab(self.page, "removal")
        self.page.wait_for_selector(".tr-top tbody tr")
        self.settle()

    def settle(self) -> None:
        """Wait until the prediction belongs to what is marked."""
        self.visit.next_frames()
        self.page.wait_for_selector("[data-tr=prediction][data-pending=false]")

    def reset(self) -> None:
        """Nothing marked, block 5, groups by intensity, brush of one patch."""
        self.do("clear")
        self.page.locator("label:has(input[value=intensity][name=tr-by])").click()
        self.tool("paint")
        self.page.select_option("[data-tr=brush]", "patch")
        self.block(5)

    def do(self, action: str) -> None:
        """Press one of the buttons, if there is anything for it to do."""
        button = self.page.locator(f"[data-do={action}]")
        if button.is_enabled():
            button.click()

    def group(self, name: str) -> None:
        self.page.click(f"[data-group={name}]")

    def tool(self, name: str) -> None:
        self.page.locator(f"label:has(input[name=tr-tool][value={name}])").click()

    def block(self, number: int) -> None:
        self.page.evaluate(
            """number => {
                const slider = document.querySelector('.tr-block-input');
                slider.value = number;
                slider.dispatchEvent(new Event('input', { bubbles: true }));
            }""",
            number,
        )

    @property
    def mask(self) -> torch.Tensor:
        """The marks, (1, patches) bool."""
        return decode_mask(self.page.get_attribute(".tr", "data-mask"), patches())

    @property
    def marked(self) -> list[int]:
        """Ids of the marked patches."""
        return self.mask[0].nonzero().flatten().tolist()

    def rows(self) -> dict[str, tuple[float, str]]:
        """What the prediction says: label -> (probability now, the text of its row)."""
        return {
            row.get_attribute("data-label"): (float(row.get_attribute("data-after")), row.inner_text())
            for row in self.page.locator(".tr-top tbody tr").all()
        }

    def centre(self, patch: int) -> tuple[float, float]:
        """Where a patch lies on the page."""
        box = self.page.locator(".tr-picture").bounding_box()
        columns = patches() // ROWS
        across = (patch // ROWS + 0.5) / columns
        up = (patch % ROWS + 0.5) / ROWS
        width, height = box["width"] - LEFT - RIGHT, box["height"] - TOP - BOTTOM
        return box["x"] + LEFT + across * width, box["y"] + TOP + (1 - up) * height

    def colour(self, patch: int) -> list[int]:
        """Mean colour of a patch as painted: red, green, blue."""
        box = self.page.locator(".tr-picture").bounding_box()
        x, y = self.centre(patch)
        return self.page.evaluate(
            """([x, y]) => {
                const canvas = document.querySelector('.tr-picture');
                const scale = canvas.width / canvas.clientWidth;
                const [left, top] = [Math.round(x * scale) - 8, Math.round(y * scale) - 8];
                const data = canvas.getContext('2d').getImageData(left, top, 16, 16).data;
                return [0, 1, 2].map(c => data.filter((_, i) => i % 4 === c).reduce((a, b) => a + b) / 256);
            }""",
            [x - box["x"], y - box["y"]],
        )

    def drag(self, *ids: int) -> None:
        """Drag the mouse from patch to patch."""
        self.page.mouse.move(*self.centre(ids[0]))
        self.page.mouse.down()
        for patch in ids[1:]:
            self.page.mouse.move(*self.centre(patch), steps=2)
        self.page.mouse.up()
        self.visit.next_frames()

    def questions(self) -> int:
        """Questions sent to the server so far."""
        return sum("queue/join" in url for url in self.visit.requests)


def choice() -> ModelChoice:
    """The model that the board is opened with."""
    return next(choice for choice in model_choices() if choice.source == "ast-spc12")


def trace() -> ClipTrace:
    """The trace that the board is opened with, by the library."""
    return traced(spoken_examples()[0].path, choice())


def patches() -> int:
    return trace().model.config.patches


@torch.inference_mode()
def probabilities(mask: torch.Tensor, block: int = 5) -> np.ndarray:
    """The model's probabilities without the marked patches, by one pass of the library."""
    traced_clip = trace()
    logits = traced_clip.model(traced_clip.spec[None], removal=(block, mask)).logits[0]
    return (logits.sigmoid() if traced_clip.model.config.multilabel else logits.softmax(0)).numpy()


def assert_answers_are_the_library_s(board: Board, block: int = 5) -> None:
    """The prediction shown is that of one pass without exactly the marked patches."""
    labels = trace().model.config.labels
    expected = probabilities(board.mask, block)
    rows = board.rows()
    assert {labels[i] for i in np.argsort(-expected)[:5]} <= set(rows)
    for label, (value, _) in rows.items():
        assert value == pytest.approx(float(expected[labels.index(label)]), abs=1e-3)
    best = labels[int(expected.argmax())]
    assert board.page.inner_text(".tr-summary b") == best


@pytest.fixture(scope="module")
def open_tab(visit_with_word):
    """Open the tab on a page of its own; arguments as for `visit_with_word`."""
    return lambda *arguments, **options: Board(visit_with_word(*arguments, **options))


@pytest.fixture(scope="module")
def desk(open_tab):
    """The tab on a desktop screen, opened once for all tests that share it."""
    return open_tab()


@pytest.fixture
def board(desk):
    desk.reset()
    desk.settle()
    return desk


GREY = 40
"""Of 255: a colour whose channels differ by less looks grey."""


def test_high_group_is_marked_and_answered_as_by_the_library(board):
    plain = board.rows()
    board.group("H")
    board.settle()
    clusters = trace().clustered("intensity")[0]
    expected = group_mask(clusters, "H")
    assert torch.equal(board.mask[0], expected)
    assert board.page.get_attribute("[data-group=H]", "aria-pressed") == "true"
    assert f"{int(expected.sum())} of {patches()} patches are deleted after block 5" in board.visit.text(
        ".tr-summary"
    )
    assert board.rows() != plain
    assert_answers_are_the_library_s(board)
    # Marked patches turn grey, the others keep their colour.
    for patch in range(0, patches(), 5):
        colour = board.colour(patch)
        assert (max(colour) - min(colour) < GREY) is bool(expected[patch])


@pytest.mark.parametrize("group", ["L", "C1", "C3"])
def test_groups_by_variation(board, group):
    board.page.locator("label:has(input[value=variation][name=tr-by])").click()
    board.group(group)
    board.settle()
    assert torch.equal(board.mask[0], group_mask(trace().clustered("variation")[0], group))
    assert_answers_are_the_library_s(board)
    # The group stays when the statistic changes, its patches do not.
    board.page.locator("label:has(input[value=intensity][name=tr-by])").click()
    board.settle()
    assert torch.equal(board.mask[0], group_mask(trace().clustered("intensity")[0], group))


def test_block_moves_the_answer(board):
    board.group("H")
    board.settle()
    shown = set()
    for block in (1, 11):
        board.block(block)
        board.settle()
        assert f"after block {block}" in board.visit.text(".tr-summary")
        assert_answers_are_the_library_s(board, block)
        shown.add(str(board.rows()))
    assert len(shown) == 2
    slider = board.page.locator(".tr-block-input")
    slider.focus()
    board.visit.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "after block 10"


def test_three_patches_by_mouse_then_undo_redo_and_clear(board):
    board.drag(18, 26, 34)
    assert board.marked == [18, 26, 34]
    board.settle()
    assert_answers_are_the_library_s(board)
    board.drag(40)
    assert board.marked == [18, 26, 34, 40]
    board.do("undo")
    assert board.marked == [18, 26, 34]
    board.do("undo")
    assert board.marked == []
    board.do("redo")
    assert board.marked == [18, 26, 34]
    board.page.locator(".tr-picture").focus()
    board.visit.press("Control+z")
    assert board.marked == []
    board.visit.press("Control+Shift+Z")
    assert board.marked == [18, 26, 34]
    board.do("clear")
    assert board.marked == []
    board.settle()
    assert "No patch is marked" in board.visit.text(".tr-summary")
    assert board.page.inner_text(".tr-summary b") == board.visit.text(".tr-top tbody tr:first-child th")


def test_a_quick_stroke_leaves_no_gaps(board):
    board.page.mouse.move(*board.centre(3))
    board.page.mouse.down()
    board.page.mouse.move(*board.centre(59))  # one event, seven columns on
    board.page.mouse.up()
    board.visit.next_frames()
    assert board.marked == list(range(3, 60, 8))


def test_shift_and_eraser_unmark(board):
    board.drag(18, 26, 34)
    board.page.keyboard.down("Shift")
    board.drag(26)
    board.page.keyboard.up("Shift")
    assert board.marked == [18, 34]
    board.tool("erase")
    board.drag(34, 42)
    assert board.marked == [18]
    board.tool("read")
    board.drag(50, 58)
    assert board.marked == [18]
    assert (
        board.page.evaluate("getComputedStyle(document.querySelector('.tr-picture')).touchAction") == "pan-y"
    )


@pytest.mark.parametrize(
    ("brush", "expected"),
    [
        ("square", [17, 18, 19, 25, 26, 27, 33, 34, 35]),
        ("column", list(range(24, 32))),
        ("row", list(range(2, 64, 8))),
    ],
)
def test_brushes(board, brush, expected):
    board.page.select_option("[data-tr=brush]", brush)
    board.drag(26)
    assert board.marked == expected


def test_three_patches_by_keys(board):
    page = board.page
    page.evaluate(
        """() => {
            window.spoken = []; // the answer follows a patch within a second, which may be before a look
            const line = document.querySelector(".tr-spoken");
            new MutationObserver(() => spoken.push(line.textContent)).observe(line, { childList: true });
        }"""
    )
    page.locator(".tr-picture").focus()
    page.mouse.move(5, 5)
    board.visit.press("Home")
    for _ in range(ROWS):
        board.visit.press("ArrowDown")
    board.visit.press("ArrowRight", times=2)
    board.visit.press("ArrowUp")
    board.visit.press(" ")
    assert board.marked == [17]
    page.wait_for_function("spoken.some(text => /patch 17\\b.*deleted/.test(text))")
    board.visit.press("ArrowUp")
    board.visit.press("Enter")
    answer_is_spoken = "document.querySelector('.tr-spoken').textContent.includes('Answer')"
    page.wait_for_function(answer_is_spoken)
    board.visit.press("ArrowRight")
    page.wait_for_function("spoken.some(text => text.includes('patch 26'))")
    board.visit.press(" ")
    assert board.marked == [17, 18, 26]
    board.visit.press(" ")
    assert board.marked == [17, 18]
    board.settle()
    assert_answers_are_the_library_s(board)
    page.wait_for_function(answer_is_spoken)  # once more, though it is the same as before
    label = page.get_attribute(".tr-picture", "aria-label")
    assert f"2 of {patches()} patches marked" in label


def test_everything_removed_has_a_sentence(board):
    board.do("invert")
    board.settle()
    assert board.marked == list(range(patches()))
    sentence = board.visit.text("[data-tr=nothing]")
    assert sentence.startswith("Nothing is left, so this answer is a guess")
    ast = trace().model.config.family == "ast"
    assert ("prefix tokens alone" in sentence) is ast
    assert_answers_are_the_library_s(board)
    board.drag(12)
    board.tool("erase")
    board.drag(12)
    board.settle()
    assert board.page.locator("[data-tr=nothing]").count() == 0


def test_nothing_is_requested_while_the_hand_moves(board):
    board.page.mouse.move(*board.centre(10))
    board.page.mouse.down()
    board.visit.next_frames()
    before = board.questions()
    for patch in (18, 26, 34, 42):
        board.page.mouse.move(*board.centre(patch), steps=3)
        board.visit.next_frames()
    assert board.questions() == before
    assert len(board.marked) == 5  # though the picture follows
    board.page.mouse.up()
    board.settle()
    assert board.questions() > before


def test_curve_compares_with_random_removals_and_downloads(board, tmp_path):
    board.group("H")
    board.page.wait_for_selector("[data-tr=curve][data-known='11']", timeout=2 * PATIENCE)
    board.page.click("[data-tr=curve] summary")
    table = board.visit.text("[data-tr=curve] table")
    assert "your marks" in table
    assert "of 8" in table
    board.page.click("[data-tr=curve] summary")
    rows = read_csv(board, "curve-csv", tmp_path)
    config, before = trace().model.config, probabilities(torch.zeros(1, patches(), dtype=torch.bool))
    best = int(before.argmax())
    assert {row["unpruned_answer"] for row in rows} == {config.labels[best]}
    source = {"file": trace().name, "model": config.name, "grouped_by": "intensity"}
    assert all(source.items() <= row.items() for row in rows)
    assert {float(row["window_start_s"]) for row in rows} == {round(trace().start, 3)}
    chosen = {int(r["removed_after_block"]): r for r in rows if r["series"] == "chosen"}
    random = {int(r["removed_after_block"]): r for r in rows if r["series"] == "random"}
    low = [r for r in rows if r["series"] == "low"]
    assert list(chosen) == list(random) == list(range(1, config.depth))
    assert len(low) == config.depth - 1
    assert not [r for r in rows if r["series"] == "high"]  # it is what is marked
    for block in (1, 6, 11):
        after = probabilities(board.mask, block)
        assert float(chosen[block]["probability_of_it"]) == pytest.approx(float(after[best]), abs=1e-3)
        assert chosen[block]["answer"] == config.labels[int(after.argmax())]
        assert chosen[block]["answer_stays"] == str(int(after.argmax() == best))
        draws = [probabilities(mask[None], block)[best] for mask in draw_masks(board.mask, range(8))]
        assert float(random[block]["probability_of_it"]) == pytest.approx(np.mean(draws), abs=1e-3)
        assert float(random[block]["lowest"]) == pytest.approx(min(draws), abs=1e-3)
        assert float(random[block]["highest"]) == pytest.approx(max(draws), abs=1e-3)
        assert chosen[block]["removed_patches"] == random[block]["removed_patches"] == str(len(board.marked))
    for action, start in (("picture-svg", b"<svg"), ("picture-pdf", b"%PDF"), ("curve-pdf", b"%PDF")):
        assert download(board, action, tmp_path).read_bytes().startswith(start)
    for around, action in ((".tr-figure", "picture-png"), ("[data-tr=curve]", "curve-png")):
        board.page.select_option(f"{around} .tp-paper-width", "one")
        with Image.open(download(board, action, tmp_path)) as picture:
            assert abs(picture.width / 600 * 25.4 - 85) < 0.2  # one column at 600 dpi
            assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
    assert_on_paper(download(board, "curve-svg", tmp_path), board.visit.text("[data-tr=curve] h3"))


def assert_on_paper(file: Path, heading: str) -> None:
    """A chart of one column: its heading only as the title, and no key or number beyond the edge."""
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(file).getroot()
    assert root.get("width") == "85mm"
    assert heading in root.find(f"{svg}title").text
    width = float(root.get("viewBox").split()[2])
    texts = root.findall(f"{svg}text")  # those of the legend
    assert [text.text for text in texts][-1] == "all patches"
    for text in texts:
        # No letter of a common font is wider than its height; on average it is half of it.
        assert float(text.get("x")) + 0.5 * 11 * len(text.text) <= width
    shown = [text.text for text in root.iter(f"{svg}text")]
    assert heading not in shown and "removed after block" in shown


def read_csv(board: Board, action: str, folder: Path) -> list[dict[str, str]]:
    with download(board, action, folder).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def download(board: Board, action: str, folder: Path) -> Path:
    with board.page.expect_download(timeout=PATIENCE) as caught:
        board.page.click(f"[data-do={action}]")
    name = caught.value.suggested_filename
    assert name.startswith(choice().source)
    caught.value.save_as(folder / name)
    return folder / name


def test_measured_card_says_what_it_is_or_that_there_is_nothing(board):
    text = board.visit.text("[data-tr=measured]")
    if trace().measured is None:
        assert "not measured for this checkpoint" in text
        return
    assert f"{trace().measured['n']:,} clips" in text
    removal = trace().measured["removal"]
    change = 100 * (removal["intensity"]["H"]["values"][4]["value"] - removal["unpruned"]["value"])
    match = re.search(r"After block 5: ([+−]?)([0-9.]+) points without H", text)
    assert (-1 if match[1] == "−" else 1) * float(match[2]) == pytest.approx(change, abs=0.51)


def test_a_new_clip_keeps_the_group(board):
    board.group("L")
    board.settle()
    before = board.marked
    first, second = spoken_examples()[:2]
    board.page.locator("#examples").get_by_role("button", name=second.title, exact=True).click()
    board.page.wait_for_function(
        "title => document.querySelector('.tr-picture').getAttribute('aria-label').includes(title)",
        arg=second.title,
        timeout=PATIENCE,
    )
    board.settle()
    other = traced(second.path, choice())
    assert torch.equal(board.mask[0], group_mask(other.clustered("intensity")[0], "L"))
    assert board.marked != before
    board.page.locator("#examples").get_by_role("button", name=first.title, exact=True).click()
    board.page.wait_for_function(
        "title => document.querySelector('.tr-picture').getAttribute('aria-label').includes(title)",
        arg=first.title,
        timeout=PATIENCE,
    )
    board.settle()
    assert board.marked == before


def test_no_console_errors_and_no_foreign_requests(board):
    board.group("H")
    board.settle()
    assert board.visit.errors == []
    assert board.visit.foreign_requests() == []
    assert board.page.locator(".tr-alert").is_hidden()


def swipe(board: Board, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Swipe with one finger from start to end."""
    session = board.page.context.new_cdp_session(board.page)

    def send(kind: str, points: list[tuple[float, float]]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        board.visit.next_frames()

    send("touchStart", [start])
    for i in range(1, 9):
        send("touchMove", [tuple(a + (b - a) * i / 8 for a, b in zip(start, end, strict=True))])
    send("touchEnd", [])
    board.visit.next_frames()


def test_phone_paints_without_scrolling_and_scrolls_when_reading(open_tab):
    phone = open_tab(width=390, height=844, has_touch=True, is_mobile=True)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = phone.page.evaluate(
        """[...document.querySelectorAll('.tr *')].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
        }).map(element => element.className)"""
    )
    assert outside == []
    targets = phone.page.evaluate(
        """[...document.querySelectorAll('.tr button, .tr-segments label')]
            .map(element => element.getBoundingClientRect().height)"""
    )
    assert min(targets) >= 32  # px: a finger hits them
    phone.do("clear")
    phone.page.locator(".tr-picture").scroll_into_view_if_needed()
    marked, scrolled = phone.marked, phone.page.evaluate("scrollY")
    swipe(phone, phone.centre(38), phone.centre(33))  # upside down: the page would scroll
    assert phone.marked == marked == []
    assert phone.page.evaluate("scrollY") != scrolled
    phone.page.locator("label:has(input[name=tr-tool][value=paint])").click()
    phone.page.locator(".tr-picture").scroll_into_view_if_needed()
    scrolled = phone.page.evaluate("scrollY")
    swipe(phone, phone.centre(38), phone.centre(33))
    assert phone.marked == [33, 34, 35, 36, 37, 38]
    assert phone.page.evaluate("scrollY") == scrolled
    phone.settle()
    assert_answers_are_the_library_s(phone)
    assert phone.visit.errors == []


def test_dark_theme_reaches_picture_and_curve(open_tab):
    dark = open_tab("?__theme=dark")
    ink = "getComputedStyle(document.querySelector('.tr')).color.match(/[0-9]+/g).map(Number)"
    assert sum(dark.page.evaluate(ink)[:3]) > 500
    labels = dark.page.evaluate("getComputedStyle(document.querySelector('.tr-chart text')).fill")
    assert sum(map(int, labels[4:-1].split(","))) > 300
    # The picture's own texts are drawn light, too: the brightest pixel above the picture.
    brightest = dark.page.evaluate(
        """() => {
            const canvas = document.querySelector('.tr-picture');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, 24).data;
            let most = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) most = Math.max(most, data[i]);
            return most;
        }"""
    )
    assert brightest > 200
    assert dark.visit.errors == []
