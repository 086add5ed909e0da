"""Example clips and the animation: failing programs and files end in a sentence."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from tpexplore.errors import InputError
from training import make_examples, make_slider
from training.data import examples

pytest_plugins = ["tests.browser_support"]


@pytest.fixture
def espeak(tmp_path, monkeypatch):
    """Replace espeak-ng by another program: ``espeak(script)``."""

    def replace(script: str) -> None:
        path = tmp_path / "programs" / "espeak-ng"
        path.parent.mkdir()
        path.write_text(script)
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent))

    return replace


def silence(path: Path) -> Path:
    soundfile.write(path, np.zeros(1_600), 16_000)
    return path


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("#!/bin/sh\necho No such voice >&2; exit 1", "espeak-ng failed: No such voice"),
        ("#!/bin/sh\nexit 1", "espeak-ng failed: it printed no message"),
        ("#!/no/such/program\n", "espeak-ng cannot be started: No such file or directory"),
        ("#!/bin/sh\necho no sound", r"what espeak-ng \(tr\) made of “one” cannot be read"),
        ("#!/bin/sh\n/bin/cat {silence}", r"what espeak-ng \(tr\) made of “one” is silent"),
    ],
)
def test_a_voice_that_fails_ends_in_a_sentence(tmp_path, espeak, script, sentence):
    espeak(script.replace("{silence}", str(silence(tmp_path / "silence.wav"))))
    with pytest.raises(InputError, match=sentence):
        examples.speak("one", "tr", 130)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (Path.unlink, "is missing"),
        (lambda path: path.write_bytes(b"no sound"), "cannot be read"),
        (silence, "is silent"),
    ],
)
def test_recordings_that_fail_end_in_a_sentence(tmp_path, monkeypatch, espeak, damage, sentence):
    espeak("#!/bin/sh\n")
    path = tmp_path / f"{examples.RECORDINGS[0].file}.flac"
    soundfile.write(path, np.ones(1_600), 16_000)
    damage(path)
    monkeypatch.setattr(examples, "EXAMPLES_FOLDER", tmp_path / "written")
    monkeypatch.setattr(sys, "argv", ["training.make_examples", str(tmp_path)])
    with pytest.raises(InputError, match=f"{path.name} {sentence}"):
        make_examples.main()
    assert not (tmp_path / "written").exists()


class Quiet(SimpleHTTPRequestHandler):
    """A page that is not the explorer."""

    def log_message(self, *arguments) -> None:
        """Print nothing into the tests' output."""


@pytest.mark.browser
def test_another_page_than_the_explorer_ends_in_a_sentence(monkeypatch, tmp_path, browser):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(make_slider, "PATIENCE", 300)
    threads = ThreadPoolExecutor(1)
    server = HTTPServer(("127.0.0.1", 0), Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        for address in (f"http://127.0.0.1:{server.server_port}", "http://127.0.0.1:1/", "no address"):
            with pytest.raises(InputError, match=f"{address} did not show the explorer"):
                # In a thread: two of Playwright's loops cannot run in one.
                threads.submit(list, make_slider.frames_of(address)).result()
    finally:
        server.shutdown()
        server.server_close()
