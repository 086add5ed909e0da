"""EfficientAT's AudioSet taggers [Schmid 2023, ICASSP]: published CNNs that teach transformers.

The network is torchvision's MobileNetV3-Large, with one input channel and a sigmoid in its
squeeze-and-excitation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torchaudio
from torch import Tensor, nn
from torchvision.models.mobilenetv3 import InvertedResidual, MobileNetV3, _mobilenet_v3_conf
from torchvision.ops import SqueezeExcitation

from tpexplore.checkpoints.files import read_torch_file, sha256_of
from tpexplore.errors import InputError

SAMPLE_RATE = 32_000
TAGS = 527
MEL_BINS = 128
FFT, WINDOW, HOP = 1024, 800, 320
LOWEST_HZ, HIGHEST_HZ = 0.0, 15_000.0
PRE_EMPHASIS = 0.97
LAST_CHANNELS = 1280
"""Channels of the classifier's hidden layer at width 1; a checkpoint's own number gives its width."""


class MelPicture(nn.Module):
    """Waveform at 32 kHz -> the tagger's log-mel picture."""

    def __init__(self):
        super().__init__()
        banks, _ = torchaudio.compliance.kaldi.get_mel_banks(
            MEL_BINS, FFT, SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ, 100.0, -500.0, 1.0
        )
        # Kaldi leaves out the bin at half the sampling rate.
        self.register_buffer("banks", nn.functional.pad(banks, (0, 1)), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW, periodic=False), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """(batch, samples) at 32 kHz -> (batch, 1, 128, frames of 10 ms)."""
        emphasised = wave[:, 1:] - PRE_EMPHASIS * wave[:, :-1]
        spectrum = torch.stft(
            emphasised, FFT, hop_length=HOP, win_length=WINDOW, window=self.window, return_complex=True
        )
        mel = self.banks @ spectrum.abs().square()
        return (((mel + 1e-5).log() + 4.5) / 5)[:, None]


@dataclass(frozen=True)
class Answer:
    """A tagger's answers to some clips.

    Attributes
    ----------
    logits : (batch, 527)
        Of AudioSet's classes, in AudioSet's order.
    embedding : (batch, channels)
        The pooled features that the logits are computed from.
    """

    logits: Tensor
    embedding: Tensor


class Tagger(nn.Module):
    """A published tagger of some width, with its front end.

    Parameters
    ----------
    width : float
        0.4 for mn04, 1.0 for mn10, …; channels are rounded to multiples of 8.
    sha256 : str
        Of the file that the weights come from.
    """

    def __init__(self, width: float, sha256: str = ""):
        super().__init__()
        settings, last = _mobilenet_v3_conf("mobilenet_v3_large", width_mult=width)
        squeeze = partial(SqueezeExcitation, scale_activation=nn.Sigmoid)
        self.net = MobileNetV3(settings, last, TAGS, block=partial(InvertedResidual, se_layer=squeeze))
        stem = self.net.features[0][0]
        self.net.features[0][0] = nn.Conv2d(1, stem.out_channels, 3, stride=2, padding=1, bias=False)
        self.mel = MelPicture()
        self.sha256 = sha256

    @property
    def embedding_width(self) -> int:
        return self.net.classifier[0].in_features

    def forward(self, wave: Tensor) -> Answer:
        """Waveforms (batch, samples) at 32 kHz -> their tags and embedding."""
        return self.answer(self.mel(wave))

    def answer(self, picture: Tensor) -> Answer:
        """Mel pictures (batch, 1, 128, frames) -> their tags and embedding."""
        embedding = self.net.features(picture).mean((2, 3))
        return Answer(self.net.classifier(embedding), embedding)


def load_tagger(path: Path) -> Tagger:
    """The tagger of a published checkpoint (mn04_as … mn40_as), frozen.

    Raises
    ------
    InputError
        If the file cannot be read or holds something else.
    """
    state = read_torch_file(path)
    if not isinstance(state, dict) or "classifier.2.weight" not in state:
        raise InputError(f"{path.name} is not an EfficientAT checkpoint; expected one of its mn series.")
    tagger = Tagger(state["classifier.2.weight"].shape[0] / LAST_CHANNELS, sha256_of(path))
    try:
        tagger.net.load_state_dict({_own_name(key): _own_shape(key, value) for key, value in state.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError(f"{path.name} does not fit EfficientAT's mn series: {reason}") from error
    return tagger.eval().requires_grad_(False)


def _own_name(key: str) -> str:
    """torchvision's name for a published key; the published classifier begins with pooling and flattening."""
    for published, own in (
        ("conc_se_layers.0.", ""),
        ("classifier.2.", "classifier.0."),
        ("classifier.5.", "classifier.3."),
    ):
        key = key.replace(published, own)
    return key


def _own_shape(key: str, value: Tensor) -> Tensor:
    """Squeeze-and-excitation is published with Linear layers; torchvision has 1×1 convolutions."""
    return value[:, :, None, None] if "conc_se_layers" in key and key.endswith("weight") else value
