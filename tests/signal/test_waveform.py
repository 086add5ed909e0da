"""Forms of a clip: all that make sense give the same answer, all others one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from tests.signal.audio_files import refusal
from tests.signal.listening import listen_tracks, resynthesise
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.signal.decode import clip_from_array, load_audio
from tpexplore.signal.waveform import as_waveform
from tpexplore.study.stability import stability
from tpexplore.study.sweep import explore, explore_steps

WAVE = np.random.default_rng(0).integers(-8_000, 8_000, 16_000).astype(np.float32) / 32_768
REVERSED = np.ascontiguousarray(WAVE[::-1])[::-1]
STRIDED = np.repeat(WAVE, 2)[::2]

MEANT = {
    "float64": WAVE.astype(np.float64),
    "big-endian": WAVE.astype(">f4"),
    "big-endian double": WAVE.astype(">f8"),
    "reversed view": REVERSED,
    "strided view": STRIDED,
    "list": WAVE.tolist(),
    "masked nowhere": np.ma.masked_array(WAVE),
    "int16": (WAVE * 32_768).astype(np.int16),
    "big-endian int16": (WAVE * 32_768).astype(">i2"),
    "int32": (WAVE * 2.0**31).astype(np.int32),
    "tensor": torch.from_numpy(WAVE.copy()),
    "tensor with grad": torch.tensor(WAVE, requires_grad=True),
    "result with grad": torch.tensor(WAVE, requires_grad=True) * 1,
    "double tensor": torch.tensor(WAVE, dtype=torch.float64),
    "int16 tensor": torch.tensor((WAVE * 32_768).astype(np.int16)),
    "Clip": clip_from_array(WAVE, 16_000),
}

REFUSED = {
    "text": ("clip.wav", "is the path 'clip.wav'"),
    "path": (Path("clip.wav"), "clip.wav"),
    "nothing": (None, "dtype object"),
    "channels": (WAVE[None], "shape (1, 16000)"),
    "number": (np.float32(1), "shape ()"),
    "empty": (WAVE[:0], "shape (0,)"),
    "int64": (WAVE.astype(np.int64), "dtype int64"),
    "complex": (WAVE.astype(complex), "dtype complex128"),
    "flags": (WAVE > 0, "dtype bool"),
    "ragged": ([[0.0], [0.0, 1.0]], "not an array"),
    "meta tensor": (torch.empty(16_000, device="meta"), "not an array"),
    "sparse tensor": (torch.tensor(WAVE).to_sparse(), "not an array"),
    "masked": (np.ma.masked_greater(WAVE, 0.1), "has masked samples"),
    "bytes of a view": (memoryview(WAVE.tobytes()), "memoryview"),
    "NaN": (np.where(np.arange(16_000) == 99, np.nan, WAVE), "NaN"),
    "infinite": (np.where(np.arange(16_000) == 99, np.inf, WAVE), "NaN, infinite"),
    "huge": (WAVE.astype(np.float64) * 1e300, "absurdly large"),
}


@pytest.fixture(scope="module")
def model() -> AudioViT:
    torch.manual_seed(0)
    return AudioViT(tiny_config("ast")).eval()


def calls(model: AudioViT) -> dict[str, Callable[[object], object]]:
    kept = np.ones(model.config.patches, bool)
    return {
        "spectrogram": lambda clip: model.spectrogram(clip).numpy(),
        "explore": lambda clip: explore(model, clip, keep_rates=[0.5]).points["attention"][0].logits,
        "explore_steps": lambda clip: next(explore_steps(model, clip)).unpruned.logits,
        "stability": lambda clip: stability(model, clip).kept[10],
        "resynthesise": lambda clip: resynthesise(clip, kept, model.config.frames)[0],
        "listen_tracks": lambda clip: listen_tracks(clip, {4: kept}, model.config.frames)["kept 4"],
    }


@pytest.mark.parametrize("kind", MEANT)
def test_samples_in_any_form_are_the_same_samples(kind: str) -> None:
    wave = as_waveform(MEANT[kind])
    assert wave.dtype == np.float32
    assert wave.dtype.isnative
    assert wave.flags.c_contiguous
    assert np.array_equal(wave, WAVE)
    wave[:] = 7  # a copy
    assert np.array_equal(as_waveform(MEANT[kind]), WAVE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_taken_as_far_as_it_goes(dtype: torch.dtype) -> None:
    assert np.allclose(as_waveform(torch.tensor(WAVE).to(dtype)), WAVE, atol=1e-3)


@pytest.mark.parametrize("kind", [kind for kind in MEANT if "int" not in kind])
def test_every_call_answers(model: AudioViT, kind: str) -> None:
    for name, call in calls(model).items():
        assert np.array_equal(call(MEANT[kind]), call(WAVE)), name


@pytest.mark.filterwarnings("error")  # the sentence is all that a person sees
@pytest.mark.parametrize("kind", REFUSED)
def test_every_call_refuses_in_one_sentence(model: AudioViT, kind: str) -> None:
    value, words = REFUSED[kind]
    assert words in refusal(as_waveform, value)
    for name, call in calls(model).items():
        with pytest.raises(InputError) as caught:
            call(value)
        assert "\n" not in str(caught.value), name


@pytest.mark.parametrize("kind", [kind for kind in MEANT if kind != "Clip"])
def test_a_clip_is_made_of_samples_in_any_form(kind: str) -> None:
    assert np.array_equal(clip_from_array(MEANT[kind], 16_000).samples, WAVE)


ODD = [WAVE, torch.tensor(WAVE), clip_from_array(WAVE, 16_000), 10**400]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_what_is_no_path_and_no_number_is_named_on_one_line(value: object) -> None:
    assert len(refusal(load_audio, value)) < 200
    assert len(refusal(clip_from_array, WAVE, value)) < 200
    assert len(refusal(clip_from_array, WAVE, 16_000, offset=value)) < 200
