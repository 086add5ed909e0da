"""What the app sends to the page, checked without a browser."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import soundfile
import torch
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from torchaudio.compliance import kaldi

from tests.conftest import tiny_config
from tpexplore import ui
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.model.vit import AudioViT
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.signal.spectrogram import fit_frames, log_mel
from tpexplore.study.sweep import explore
from tpexplore.ui import choices, payload
from tpexplore.ui.choices import NO_MODEL, ModelChoice, fitting_source, model_choices
from tpexplore.ui.clips import clip_name, excerpt_of
from tpexplore.ui.controls import UPLOAD_HINT


def decode(text: str, dtype=np.uint8) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """0.6 s: silence, then a tone with an onset."""
    at = np.arange(9600) / 16_000
    return np.where(at > 0.2, 0.3 * np.sin(2 * np.pi * 880 * at), 0).astype(np.float32)


@pytest.fixture(scope="module", params=["audiomae", "ast"])
def model(request) -> AudioViT:
    """A random tiny model of each family, with attention that is not nearly uniform."""
    torch.manual_seed(0)
    model = AudioViT(tiny_config(request.param, classes=12)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


@pytest.fixture(scope="module")
def exploration(model, clip):
    return explore(model, clip)


@pytest.fixture(scope="module")
def message(exploration, clip):
    return payload.build_payload(exploration, samples=clip, name="tone", start=2.5, sentences=["A note."])


def results_for(sha256: str) -> dict:
    rates = {
        f"{rate:.2f}": {"value": rate / 2, "ci95": [rate / 2 - 0.1, rate / 2 + 0.1]} for rate in KEEP_RATES
    }
    return {
        "model": "tiny",
        "task": "tones",
        "split": "test",
        "metric": "top-1 accuracy",
        "n": 100,
        "weights_sha256": sha256,
        "commit": "abc",
        "made_by": "hand",
        "date": "2026-01-01",
        "keep_rate": {"attention": rates, "intensity": {}, "variation": rates},
    }


def test_message_is_plain_json_and_small(message):
    text = json.dumps(message, allow_nan=False)
    assert len(text) < 100_000
    assert message["rates"] == list(KEEP_RATES)
    assert message["clip"]["sentences"] == ["A note."]


def test_drop_maps_are_the_exploration_s(message, exploration):
    for score in SCORES:
        sent = decode(message["scores"][score]["drop"]).reshape(len(KEEP_RATES), -1)
        assert np.array_equal(sent, exploration.drop_stages(score))
        for row, point in zip(sent, message["scores"][score]["points"], strict=True):
            assert point["kept"] == [int(((row == 0) | (row > block)).sum()) for block in (4, 7, 10)]


def test_grey_and_patch_levels_are_decibels_of_the_front_end(message, exploration, clip):
    frames = exploration.config.frames
    power = 10 / math.log(10) * fit_frames(log_mel(clip), frames).numpy()
    low, high = message["picture"]["decibels"]
    grey = decode(message["picture"]["grey"]).reshape(frames, 128)
    shown = low + (high - low) * grey / 255
    assert np.allclose(shown, np.clip(power, low, high), atol=0.3)
    assert high == pytest.approx(power[: exploration.real_frames].max(), abs=0.06)
    means = power.reshape(frames // 16, 16, 8, 16).mean((1, 3)).reshape(-1)
    assert np.allclose(message["picture"]["patch_decibels"], means, atol=0.06)


def test_rows_hold_the_five_best_before_and_after(message, exploration):
    labels = exploration.config.labels
    for score in SCORES:
        for sent, point in zip(message["scores"][score]["points"], exploration.points[score], strict=True):
            expected = {labels[i] for i in [*exploration.unpruned.top(5), *point.top(5)]}
            assert {label for label, _, _ in sent["rows"]} == expected
            assert [before for _, before, _ in sent["rows"]] == sorted(
                (b for _, b, _ in sent["rows"]), reverse=True
            )
            after = {label: value for label, _, value in sent["rows"]}
            assert after[sent["answer"]] == sent["probability"] == max(after.values())


def test_parts_make_up_the_whole(message, exploration, clip):
    odd, even = slice(1, None, 2), slice(0, None, 2)
    parts = [
        replace(exploration, points={score: points[some] for score, points in exploration.points.items()})
        for some in (odd, even)
    ]
    first = payload.build_payload(parts[0], samples=clip, name="tone", rates=KEEP_RATES)
    assert first["rates"] == message["rates"] == list(KEEP_RATES)
    for score, whole in message["scores"].items():
        for sent, some in zip((first, payload.build_part(parts[1])), (odd, even), strict=True):
            part = sent["scores"][score]
            assert part["rates"] == list(KEEP_RATES)[some]
            assert part["points"] == whole["points"][some]
            drops = decode(whole["drop"], np.uint8).reshape(len(KEEP_RATES), -1)
            np.testing.assert_array_equal(decode(part["drop"], np.uint8), drops[some].reshape(-1))


def test_sound_is_what_was_analysed(message, clip):
    pcm = decode(message["clip"]["pcm"], "<i2") / 32767
    assert np.allclose(pcm, clip, atol=1e-4)
    assert message["clip"]["seconds"] == pytest.approx(len(clip) / 16_000)


def test_results_only_of_these_weights(exploration, clip):
    sha256 = exploration.config.sha256
    for measured_on, expected in ((sha256, True), ("0" * 64, False)):
        sent = payload.build_payload(exploration, samples=clip, name="tone", results=results_for(measured_on))
        assert (sent["measured"] is not None) is expected
        if expected:
            row = sent["measured"]["accuracy"]["attention"]
            assert [at["rate"] for at in row] == list(KEEP_RATES)
            assert [at["macs"] for at in row] == [exploration.config.macs(rate) for rate in KEEP_RATES]
            assert row[2]["value"] == KEEP_RATES[2] / 2
            assert sent["measured"]["accuracy"]["intensity"] == []


def test_silence_has_a_picture(model):
    silence = np.zeros(16_000, np.float32)
    exploration = explore(model, silence, keep_rates=(0.5, 1.0))
    sent = payload.build_payload(exploration, samples=silence, name="silence")
    json.dumps(sent, allow_nan=False)
    low, high = sent["picture"]["decibels"]
    assert low < high


def test_frequencies_are_those_of_the_kaldi_filters():
    banks, _ = kaldi.get_mel_banks(128, 512, 16_000.0, 20.0, 0.0, 100.0, -500.0, 1.0)
    total = banks.sum(1).clamp(min=1e-9)  # the narrowest filters fall between two FFT bins and hold none
    centres = (banks * torch.arange(256)).sum(1) / total * (16_000 / 512)
    rows = payload.row_hertz()
    edges = [rows[0][0], *(high for _, high in rows)]
    assert len(edges) == 9 and [low for low, _ in rows] == edges[:-1]
    for row in range(8):
        for place in (0, 15):  # narrow filters hold one FFT bin, so their centre is known to half of one
            assert edges[row] - 16 < centres[row * 16 + place] < edges[row + 1] + 16
    ticks = {tick["label"]: tick["at"] for tick in payload.hertz_ticks()}
    for label in ("500", "1k", "2k", "4k"):  # below, several filters share one FFT bin
        nearest = int((centres - float(label.replace("k", "000"))).abs().argmin())
        assert ticks[label] * 128 == pytest.approx(nearest + 0.5, abs=1)


def write_burst(path, seconds: float, at: float):
    """Silence with half a second of noise in it."""
    samples = np.zeros(int(16_000 * seconds))
    begin = int(16_000 * at)
    samples[begin : begin + 8000] = np.random.default_rng(0).normal(0, 0.2, 8000)
    soundfile.write(path, samples, 16_000)
    return path


def test_long_clips_are_cut_at_their_loudest_part(tmp_path):
    excerpt = read_excerpt(write_burst(tmp_path / "burst.wav", 6, at=4), seconds=1.0)
    assert len(excerpt.samples) == 16_000
    assert 3.5 <= excerpt.start <= 4.0
    assert excerpt.longer
    assert any("loudest" in sentence for sentence in excerpt.sentences)


def test_start_is_the_person_s_choice(tmp_path):
    path = write_burst(tmp_path / "burst.wav", 6, at=4)
    excerpt = read_excerpt(path, seconds=1.0, start=2.0)
    assert excerpt.start == 2.0
    assert not excerpt.samples.any()
    with pytest.raises(InputError, match=r"burst\.wav"):
        read_excerpt(path, seconds=1.0, start=9.0)


@pytest.mark.parametrize("start", [-5, -0.1, math.nan, math.inf, "soon", [1], 1e300])
def test_a_start_that_is_no_place_is_one_sentence(tmp_path, start):
    path = write_burst(tmp_path / "burst.wav", 6, at=4)
    with pytest.raises(InputError, match=r"^The start is .*; expected a number of seconds"):
        excerpt_of(path, model_choices()[0], start)
    with pytest.raises(InputError, match=r"^The start is .*; expected a number of seconds"):
        read_excerpt(path, seconds=1.0, start=start)


def test_the_page_itself_checks_the_start_and_says_how_large_a_file_may_be(monkeypatch):
    """Gradio's own check of a number ends in two toasts and a traceback; it counts 2^20 bytes as a MB."""
    demo, options = ui.build(), {}
    (field,) = (block for block in demo.blocks.values() if getattr(block, "label", None) == "Start at (s)")
    assert [field.preprocess(text) for text in ("1.5", "", None, "soon")] == [1.5, None, None, "soon"]
    monkeypatch.setattr(demo, "launch", lambda **arguments: options.update(arguments))
    ui.launch(demo)
    assert options["max_file_size"] == 120 * 2**20
    assert "up to 120 MB" in UPLOAD_HINT


def test_the_app_starts_where_its_first_answer_is_slow(monkeypatch):
    """Gradio ends a start whose page it cannot read within 3 s: on a busy machine, or behind a proxy."""
    monkeypatch.setattr(gr.networking, "url_ok", lambda url: False)
    monkeypatch.setattr(gr.Blocks, "block_thread", lambda self: None)
    demo = ui.build()
    try:
        ui.launch(demo, "127.0.0.1")
        assert demo.local_url.startswith("http://127.0.0.1:")
    finally:
        demo.close()


def test_a_clip_that_has_been_removed_is_one_sentence(tmp_path):
    path = write_burst(tmp_path / "burst.wav", 2, at=1)
    choice = model_choices()[0]
    assert len(excerpt_of(path, choice).samples)
    path.unlink()  # as the hourly sweep does
    with pytest.raises(InputError, match=r"^'burst\.wav' is no longer here.*Choose it again") as raised:
        excerpt_of(path, choice)
    assert str(tmp_path) not in str(raised.value)


def test_short_clips_stay_whole(tmp_path):
    excerpt = read_excerpt(write_burst(tmp_path / "burst.wav", 0.8, at=0.1), seconds=1.0)
    assert len(excerpt.samples) == 12_800
    assert excerpt.start == 0
    assert not excerpt.longer
    assert excerpt.sentences == ()


def test_without_a_model_the_app_builds_and_says_so(monkeypatch):
    monkeypatch.setattr(choices, "bundled_models", list)
    demo = ui.build()
    values = [block.value for block in demo.blocks.values() if getattr(block, "elem_id", None) == "status"]
    assert values == [NO_MODEL]


def test_a_checkpoint_that_does_not_exist_is_one_sentence():
    with pytest.raises(InputError, match=r"nowhere\.pth"):
        ui.build("nowhere.pth")


def test_only_endpoints_for_programs_are_public(monkeypatch):
    monkeypatch.setattr(choices, "bundled_models", list)
    public = ["/explore", "/explore_at", "/models", "/results"]
    assert list(ui.build().get_api_info()["named_endpoints"]) == public


def test_an_example_brings_a_model_that_knows_it():
    choices = [ModelChoice("own", "own.pth"), *model_choices()]
    examples = {example.path.stem: example for example in example_clips()}

    def heard_with(source: str, stem: str) -> str:
        return fitting_source(source, examples[stem], choices)

    assert heard_with("ast-spc12", "thunder") == "ast-audioset"
    assert heard_with("audiomae-spc12", "thunder") == "audiomae-audioset"
    assert heard_with("audiomae-speaker34", "happy") == "audiomae-spc12"
    assert heard_with("ast-esc50", "thunder") == "ast-esc50"
    assert heard_with("ast-esc50", "cat") == "ast-spc12"  # the word, not the animal
    assert heard_with("audiomae-spc12", "one-five-zero") == "audiomae-spc12"
    assert heard_with("own.pth", "thunder") == "own.pth"


def test_a_posted_link_names_the_app():
    client = TestClient(demo_app())
    page = client.get("/").text
    assert page.count("og:title") == 1
    assert f'<meta property="og:title" content="{ui.TITLE}">' in page
    assert f'<meta property="og:description" content="{ui.PROMISE}">' in page
    assert "githubusercontent" not in page


def demo_app():
    """A page with nothing on it, served with the app's options."""

    async def page(_request) -> HTMLResponse:
        image = "https://raw.githubusercontent.com/x.jpg"
        head = (
            f'<meta property="og:title" content="Gradio" /><meta\n name="twitter:image" content="{image}" />'
        )
        return HTMLResponse(f"<html><head>{head}</head></html>")

    options = ui.page_options()["app_kwargs"]
    return Starlette(routes=[*options["routes"], Route("/", page)], middleware=options["middleware"])


def test_a_recording_of_the_page_is_called_that(tmp_path):
    assert clip_name(tmp_path / "Your recording.wav") == "Your recording"
    assert clip_name(tmp_path / "dog.wav") == "dog.wav"
