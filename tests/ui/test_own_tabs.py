"""The Robustness and My data tabs: what they show, and that nothing runs or stays after they are left."""

from __future__ import annotations

import base64
import csv
import io
import re
import threading
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import soundfile

from tests.answered_clips import curve_of
from tests.browser_support import wait_until
from tests.study.own_clips import accuracy_curve
from tpexplore import ui
from tpexplore.checkpoints.bundled import bundled_names, example_clips
from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.study.labels import LabelledClip
from tpexplore.study.stability import CHANGES, stability
from tpexplore.ui.choices import ModelChoice, cached_model, model_choices
from tpexplore.ui.problems import problem_html
from tpexplore.ui.tabs import own_data as own_data_tab
from tpexplore.ui.tabs import stability as stability_tab
from tpexplore.ui.tabs.held_uploads import HeldUploads
from tpexplore.ui.tabs.own_data_run import OwnDataRun
from tpexplore.ui.tabs.own_data_text import LISTED, labels_html, left_html
from tpexplore.ui.tabs.running import progress_html

pytest_plugins = ["tests.browser_support"]

PATIENCE = 120_000
"""Milliseconds to wait, since the cores may be busy."""


@pytest.fixture
def slow(monkeypatch):
    """Passes through the model that take 0.2 s more, counted."""
    passes, inner = [], Entered._prune

    def prune(self, *arguments, **options):
        passes.append(time.monotonic())
        time.sleep(0.2)
        return inner(self, *arguments, **options)

    monkeypatch.setattr(Entered, "_prune", prune)
    return passes


# -- a run over own clips


@pytest.fixture
def choice(model_of_every_choice) -> ModelChoice:
    """A choice that leads to a tiny model, whose classes are called "class 0" to "class 4"."""
    return ModelChoice("Tiny", "tiny")


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """Where temporary files go."""
    path = tmp_path / "scratch"
    path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


def write_uploads(folder: Path, count: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    paths = [folder / f"class {i % 5}_{i}.wav" for i in range(count)]
    for path in paths:
        soundfile.write(path, rng.normal(0, 0.1, 12_000), 16_000)
    return paths


def test_a_run_in_slices_is_the_curve_in_one_go(model, choice, scratch, tmp_path):
    uploads = write_uploads(tmp_path / "uploads", 5)
    expected = accuracy_curve(
        model,
        [LabelledClip(path, path.name, "", i) for i, path in enumerate(uploads)],
        ["attention", "intensity"],
        (0.5, 1.0),
    )
    job = OwnDataRun(choice, uploads, ["attention", "intensity"], (0.5, 1.0))
    slices = 0
    while not job.finished:
        job.run_for(0)  # no time: one clip, or none where the clock is coarse
        job.run_for(0.001)
        slices += 1
    job.stop()
    assert job.curve.rows() == expected.rows()
    assert list(scratch.iterdir()) == []
    assert all(path.exists() for path in uploads)  # for another run
    assert slices > 1


def test_stopping_ends_the_slice_at_the_next_pass(choice, scratch, tmp_path, slow):
    job = OwnDataRun(
        choice, write_uploads(tmp_path / "uploads", 3), ["attention"], tuple(np.arange(3, 10) / 10)
    )
    slice_ = threading.Thread(target=job.run_for, args=(60,))
    slice_.start()
    while not slow:
        time.sleep(0.01)
    job.stop()
    assert len(slow) <= 3  # of the 21 passes of three clips
    slice_.join(60)
    assert not slice_.is_alive()
    assert len(slow) <= 3
    assert job.done == 0
    assert list(scratch.iterdir()) == []
    job.run_for(60)  # even if the next slice is requested
    assert len(slow) <= 3
    assert job.curve.problems == []


def test_nothing_is_left_of_bad_uploads(choice, scratch, tmp_path):
    folder = tmp_path / "uploads"
    (good,) = write_uploads(folder, 1)
    bad = folder / "x.zip"
    bad.write_bytes(b"no archive")
    with pytest.raises(InputError, match="not a complete ZIP"):
        OwnDataRun(choice, [good, bad], ["attention"], (0.5,))
    assert list(scratch.iterdir()) == []
    with zipfile.ZipFile(bad, "w"):
        pass
    with pytest.raises(InputError, match="holds no clip"):
        OwnDataRun(choice, [bad], ["attention"], (0.5,))
    assert list(scratch.iterdir()) == []


def test_uploads_go_with_the_last_page_that_holds_them(tmp_path):
    one, both, other = write_uploads(tmp_path, 3)
    held = HeldUploads()
    held.hold("a", [one, both])
    held.hold("b", [both, other])
    held.hold("a", [both])  # one was removed by hand
    assert [path.exists() for path in (one, both, other)] == [False, True, True]
    held.release("a")
    assert both.exists()
    held.release("b")
    held.release("never seen")
    assert list(tmp_path.iterdir()) == []


# -- what is shown


def test_each_change_has_a_row(model):
    clip = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert stability_tab.changes_table(stability(model, clip, 0.5)).count("<tr>") == 2 + len(CHANGES)


def test_names_from_outside_are_no_markup():
    evil = "<img src=x onerror=alert(1)>"
    curve = curve_of([evil, "b"], [(0, 0)])
    curve.unknown.append(LabelledClip(Path("x"), "x", evil, None))
    curve.problems.append(f"{evil} could not be decoded.")
    assert "<img" not in left_html(curve)
    assert "&lt;img" in left_html(curve)
    assert "<img" not in progress_html(1, 2, evil)
    assert "<img" not in problem_html(evil)


def test_long_lists_are_cut_and_counted():
    curve = curve_of(["a"], [(0, 0)])
    curve.unknown += [LabelledClip(Path("x"), "x", f"label {i % 30}", None) for i in range(60)]
    left = left_html(curve)
    assert "No label that this model knows: 60 clips" in left
    assert left.count("<li>") == LISTED + 1
    assert f"and {30 - LISTED} more" in left


# -- in a browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Both tabs on a page of their own, inside of this process, on the first example: (address, folder)."""
    if not bundled_names() or not example_clips():
        pytest.skip("no model or no example is bundled")
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        patch.setattr("tempfile.tempdir", str(folder))
        choices = [_first_choice()]
        cached_model(choices[0])  # a model that is loaded first runs once through, for speed
        with gr.Blocks(title="Tabs") as demo, gr.Tabs():
            for label, module in (("Robustness", stability_tab), ("My data", own_data_tab)):
                with gr.Tab(label):
                    tab = module.build(choices)
                refresh = _refresh(tab, choices[0])
                gr.on(
                    [demo.load, *(component.input for component in tab.inputs)],
                    refresh,
                    tab.inputs,
                    tab.outputs,
                    concurrency_limit=1,
                    concurrency_id="model",
                )
        demo.queue(max_size=16)
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_port=None, **ui.page_options())
        yield url, folder
        demo.close()


def _first_choice() -> ModelChoice:
    return model_choices()[0]


def _refresh(tab, choice):
    def refresh(*settings):
        values = tab.refresh(str(example_clips()[0].path), choice, None, *settings)
        return dict(zip(tab.outputs, values, strict=True))

    return refresh


@pytest.fixture
def folder(server) -> Path:
    return server[1]


@pytest.fixture
def visit_tab(windows, server):
    """Open one of the tabs: ``visit_tab("My data", query="", **options)`` -> page with .problems."""
    # Not at the top of the file: pytest is to load its plugin itself.
    from tests.browser_support import Visit

    with ExitStack() as pages:

        def visit(tab: str, query: str = "", **options):
            page = pages.enter_context(windows.page(server[0], **options))
            page.set_default_timeout(PATIENCE)
            visited = Visit(page)
            page.problems = visited.errors
            page.goto(server[0] + query)
            page.get_by_role("tab", name=tab).click()
            page.wait_for_selector("#stability-rate" if tab == "Robustness" else "#own-labels summary")
            visited.settle()
            return page

        yield visit


LABELLED = 5


def make_zip(path: Path, copies: int = 1) -> Path:
    """An example in folders named after labels of the model, in one with an unknown label, and a text."""
    labels = cached_model(_first_choice()).config.labels
    example = example_clips()[0].path
    with zipfile.ZipFile(path, "w") as archive:
        for copy in range(copies):
            for label in (*labels[:LABELLED], "unheard of"):
                archive.write(example, f"data/{label}/{copy}-{example.name}")
        archive.writestr(f"data/{labels[0]}/notes.wav", "no audio")
    return path


def upload(page, path: Path) -> None:
    """Choose a file and wait for its row: its name alone also appears while it is still uploading."""
    page.set_input_files("#own-files input[type=file]", path)
    page.wait_for_selector("#own-files .file-preview")


def left_behind(folder: Path) -> list[Path]:
    """Files of uploads and runs that are still there."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".wav", ".zip", ".txt")]


def assert_at_rest(passes: list[float], seconds: float = 2.0) -> None:
    """Nothing is running, and nothing starts."""
    time.sleep(0.5)  # the pass that was under way
    before = len(passes)
    time.sleep(seconds)
    assert len(passes) == before


@pytest.mark.browser
def test_robustness_runs_by_itself_and_again_for_another_setting(visit_tab):
    page = visit_tab("Robustness")
    page.wait_for_selector("#stability .js-plotly-plot .main-svg")
    first = page.inner_text("#stability-title")
    assert re.search(r"patches kept to the end survives? every change", first)
    assert page.locator("#stability-changes tbody tr").count() == 1 + len(CHANGES)
    assert page.inner_text("#stability-status").strip() == ""
    page.focus("#stability-rate input[type=range]")
    page.keyboard.press("End")
    page.wait_for_function("old => document.querySelector('#stability-title').innerText !== old", arg=first)
    page.wait_for_selector("#stability-stop", state="hidden")
    assert page.problems == []


@pytest.mark.browser
def test_robustness_stops(visit_tab, monkeypatch):
    passes, stopped, inner = [], threading.Event(), Entered._prune

    def prune(self, *arguments, **options):
        passes.append(time.monotonic())
        stopped.wait(60)
        return inner(self, *arguments, **options)

    monkeypatch.setattr(Entered, "_prune", prune)
    page = visit_tab("Robustness")
    assert wait_until(lambda: passes)
    page.click("#stability-stop")
    page.wait_for_selector("#stability-status >> text=Stopped")
    stopped.set()
    assert_at_rest(passes)
    assert len(passes) < 4  # batches of a whole run
    assert not page.is_visible("#stability-result")
    page.click("#stability-run")  # and it can be run again
    page.wait_for_selector("#stability-changes tbody tr")
    assert page.problems == []


@pytest.mark.browser
@pytest.mark.parametrize("tab", ["Robustness", "My data"])
def test_leaving_the_page_ends_the_run(visit_tab, monkeypatch, folder, tmp_path, tab):
    passes, left, inner = [], threading.Event(), Entered._prune

    def prune(self, *arguments, **options):
        passes.append(time.monotonic())
        left.wait(60)  # however long the page takes to close
        time.sleep(1.5)
        return inner(self, *arguments, **options)

    monkeypatch.setattr(Entered, "_prune", prune)
    page = visit_tab(tab)
    if tab == "My data":
        upload(page, make_zip(tmp_path / "own.zip"))
        page.click("#own-run")
    assert wait_until(lambda: passes)
    page.close()  # a reload would open the same tab, and Robustness runs by itself
    gone = time.monotonic()
    left.set()
    # Gradio notices a closed connection within its heartbeat; what runs then ends with its batch or pass.
    assert wait_until(lambda: time.monotonic() - max(gone, passes[-1]) > 3)
    whole = 4 if tab == "Robustness" else LABELLED * 7
    assert len(passes) < whole
    assert wait_until(lambda: left_behind(folder) == [])


@pytest.mark.browser
def test_own_clips_give_a_curve_and_stay_until_they_are_removed(visit_tab, folder, tmp_path):
    page = visit_tab("My data")
    assert page.inner_text("#own-files").split("\n")[-3:] == [
        "Drop clips or a ZIP here",
        "- or -",
        "click to choose them",
    ]
    upload(page, make_zip(tmp_path / "own.zip"))
    assert left_behind(folder)
    page.click("#own-run")
    page.wait_for_selector("#own-accuracy .js-plotly-plot .main-svg")
    assert f"of {LABELLED} clips right unpruned" in page.inner_text("#own-accuracy-title")
    assert page.locator("#own-table tbody tr").count() == 8
    left = page.inner_text("#own-left")
    assert "unheard of (1)" in left
    assert "notes.wav' could not be decoded" in left
    (table, answers) = page.locator("#own-left a").all()
    content = base64.b64decode(table.get_attribute("href").split("base64,")[1]).decode()
    assert len(list(csv.DictReader(io.StringIO(content)))) == 8
    content = base64.b64decode(answers.get_attribute("href").split("base64,")[1]).decode()
    assert len(list(csv.DictReader(io.StringIO(content)))) == LABELLED
    assert f"{LABELLED + 2} clips analysed" in page.inner_text("#own-status")
    assert "deleted when you remove them or leave this page" in page.inner_text("#own-status")
    assert [path.name for path in left_behind(folder)] == ["own.zip"]
    # The same clips again, with another score.
    page.locator("#own-scores label:has-text('intensity')").click()
    page.click("#own-run")
    page.wait_for_selector("#own-table thead th:has-text('intensity')")
    page.click("#own-files button[aria-label='Clear']")
    assert wait_until(lambda: left_behind(folder) == [])
    assert page.problems == []


@pytest.mark.browser
def test_own_data_stops_and_shows_what_was_done(visit_tab, folder, tmp_path, slow):
    page = visit_tab("My data")
    upload(page, make_zip(tmp_path / "own.zip", copies=10))
    page.click("#own-run")
    page.wait_for_function("/[1-9][0-9]* of 61 clips/.test(document.querySelector('#own-status').innerText)")
    page.click("#own-stop")
    page.wait_for_selector("#own-status >> text=Stopped after")
    assert_at_rest(slow)
    assert [path.name for path in left_behind(folder)] == ["own.zip"]
    done = int(re.search(r"after (\d+) of 61", page.inner_text("#own-status"))[1])
    assert 0 < done < 61
    page.wait_for_selector("#own-table tbody tr")
    assert page.is_enabled("#own-run")
    assert page.problems == []
    page.close()
    assert wait_until(lambda: left_behind(folder) == [])


@pytest.mark.browser
def test_a_long_run_lets_others_in(visit_tab, tmp_path, slow):
    long = visit_tab("My data")
    upload(long, make_zip(tmp_path / "own.zip", copies=10))
    long.click("#own-run")
    # Robustness, the first tab, has run by itself before.
    long.wait_for_selector("#own-status >> text=of 61 clips")
    other = visit_tab("Robustness")
    other.wait_for_selector("#stability-changes tbody tr")
    assert "of 61 clips" in long.inner_text("#own-status")  # still under way: 50 clips take 70 s
    assert long.locator("#own-table tbody tr").count() == 0
    long.click("#own-stop")
    long.wait_for_selector("#own-status >> text=Stopped after")


@pytest.mark.browser
def test_bad_archives_are_one_sentence(visit_tab, folder, tmp_path):
    page = visit_tab("My data")
    page.click("#own-run")
    assert "Choose labelled clips" in page.wait_for_selector("#own-status .message").inner_text()
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.wav", "x")
    upload(page, path)
    page.click("#own-run")
    page.wait_for_selector("#own-status >> text=expected names of files inside")
    assert "\n" not in page.inner_text("#own-status .message")
    assert page.get_attribute("#own-status .message", "role") == "alert"
    assert [path.name for path in left_behind(folder)] == ["evil.zip"]
    assert not list(folder.parent.rglob("evil.wav"))
    assert page.is_enabled("#own-run")


@pytest.mark.browser
def test_an_upload_that_has_been_removed(visit_tab, folder, tmp_path):
    page = visit_tab("My data")
    assert page.inner_text("#own-files").split("\n")[-3:] == [
        "Drop clips or a ZIP here",
        "- or -",
        "click to choose them",
    ]
    upload(page, make_zip(tmp_path / "own.zip"))
    assert left_behind(folder)
    for stored in left_behind(folder):
        stored.unlink()
    page.click("#own-run")
    page.wait_for_selector("#own-status >> text='own.zip' is no longer here")
    assert page.is_enabled("#own-run")
    assert page.locator("#own-files .file-preview").count() == 0
    assert page.problems == []


@pytest.mark.browser
def test_phone_needs_no_sideways_scroll(visit_tab, tmp_path):
    page = visit_tab("Robustness", width=390, height=844, has_touch=True, is_mobile=True)
    page.wait_for_selector("#stability .js-plotly-plot .main-svg")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    hidden = page.evaluate(
        """() => {
            for (const cell of document.querySelectorAll('#stability-changes td.words'))
                cell.textContent = 'Telephone bell ringing, 35 %';
            const table = document.querySelector('#stability-changes .scroll');
            return table.scrollWidth - table.clientWidth;
        }"""
    )
    assert hidden <= 0  # long names of classes take two lines, so that all columns are seen
    page.get_by_role("tab", name="My data").click()
    upload(page, make_zip(tmp_path / "own.zip"))
    page.click("#own-run")
    page.wait_for_selector("#own-accuracy .js-plotly-plot .main-svg")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_of_the_tabs_is_a_public_endpoint():
    with gr.Blocks() as demo:
        for module in (stability_tab, own_data_tab):
            module.build([])
    assert demo.get_api_info()["named_endpoints"] == {}


def test_the_labels_of_a_model_are_listed(choice):
    listed = labels_html(choice)
    assert "Tiny knows 5 labels" in listed
    assert "class 0, class 1" in listed
