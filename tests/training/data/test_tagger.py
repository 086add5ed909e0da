"""The AudioSet tagger: against the published code's recorded answers, and on files of its published form."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch

from tpexplore.errors import InputError
from training.data.tagger import TAGS, MelPicture, Tagger, load_tagger

SHARED = Path(__file__).parents[4] / "shared"
TEACHER = SHARED / "teacher"
PUBLISHED = TEACHER / "mn04_as_mAP_432.pt"


def published_names(tagger: Tagger) -> dict[str, torch.Tensor]:
    """A tagger's weights as EfficientAT's files have them, written down from their list of keys."""
    renamed = {}
    for key, value in tagger.net.state_dict().items():
        if ".fc1." in key or ".fc2." in key:
            key = key.replace(".fc1.", ".conc_se_layers.0.fc1.").replace(".fc2.", ".conc_se_layers.0.fc2.")
            value = value.flatten(1) if key.endswith("weight") else value
        key = key.replace("classifier.0.", "classifier.2.").replace("classifier.3.", "classifier.5.")
        renamed[key] = value
    return renamed


@pytest.mark.shared_data
@pytest.mark.skipif(not PUBLISHED.exists(), reason="the shared tagger is not here")
def test_answers_are_those_of_the_published_code():
    tagger, recorded = load_tagger(PUBLISHED), np.load(TEACHER / "recorded_outputs.npz")
    noise = np.random.default_rng(int(recorded["noise_seed"])).standard_normal((2, 1, 128, 500))
    answer = tagger.answer(torch.tensor(noise, dtype=torch.float32))
    np.testing.assert_allclose(answer.logits, recorded["noise_logits"], atol=1e-3)
    np.testing.assert_allclose(answer.embedding, recorded["noise_embeddings"], atol=1e-3)
    picture = tagger.mel(torch.from_numpy(recorded["wave32k"])[None])
    np.testing.assert_allclose(picture[0, 0], recorded["mel"], atol=1e-4)
    for row, name in enumerate(recorded["files"][:6]):
        samples, rate = soundfile.read(SHARED / "data/esc50/audio" / f"{name}.opus", dtype="float32")
        answer = tagger(torch.from_numpy(soxr.resample(samples, rate, 32_000))[None])
        np.testing.assert_allclose(answer.logits[0], recorded["logits"][row], atol=1e-3)
        np.testing.assert_allclose(answer.embedding[0], recorded["embeddings"][row], atol=1e-3)


@pytest.mark.parametrize(("width", "embedding"), [(0.4, 384), (0.5, 480), (1.0, 960), (2.0, 1920)])
def test_every_width_is_read_from_its_file(tmp_path, width, embedding):
    torch.manual_seed(0)
    tagger = Tagger(width).eval()
    torch.save(published_names(tagger), tmp_path / "mn.pt")
    loaded = load_tagger(tmp_path / "mn.pt")
    wave = torch.randn(1, 32_000)
    assert loaded.embedding_width == embedding
    assert loaded(wave).logits.shape == (1, TAGS)
    torch.testing.assert_close(loaded(wave).logits, tagger(wave).logits)
    assert len(loaded.sha256) == 64


def test_a_tone_lights_the_mel_row_of_its_pitch():
    """Rows lie evenly on Kaldi's mel scale, 1127 ln(1 + f / 700), from 0 to 15 kHz."""
    for hz in (300, 2000, 9000):
        tone = torch.sin(2 * torch.pi * hz * torch.arange(32_000) / 32_000)
        row = MelPicture()(tone[None])[0, 0].mean(1).argmax().item()
        mel = 1127 * np.log1p(hz / 700)
        assert abs(row - (mel / (1127 * np.log1p(15_000 / 700)) * 129 - 1)) < 1.01


def test_other_files_are_refused(tmp_path):
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match=r"other\.pt is not an EfficientAT checkpoint"):
        load_tagger(tmp_path / "other.pt")
    state = published_names(Tagger(0.4))
    del state["features.3.block.1.0.weight"]
    torch.save(state, tmp_path / "cut.pt")
    with pytest.raises(InputError, match=r"cut\.pt does not fit EfficientAT"):
        load_tagger(tmp_path / "cut.pt")
