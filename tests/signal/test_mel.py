"""The mel axis against librosa's HTK scale and against where Kaldi's own filters lie."""

import librosa
import numpy as np
from torchaudio.compliance.kaldi import get_mel_banks

from tpexplore.signal.mel import HIGHEST_HERTZ, LOWEST_HERTZ, MEL_BINS, hertz_at, place_of


def test_bin_centres_are_evenly_spaced_on_librosas_htk_scale():
    ends = librosa.hz_to_mel([LOWEST_HERTZ, HIGHEST_HERTZ], htk=True)
    centres = librosa.mel_to_hz(np.linspace(*ends, MEL_BINS + 2)[1:-1], htk=True)
    np.testing.assert_allclose(hertz_at(np.arange(MEL_BINS) + 0.5), centres, rtol=1e-4)
    np.testing.assert_allclose(place_of(centres), np.arange(MEL_BINS) + 0.5, atol=0.01)


def test_bin_centres_are_the_peaks_of_kaldis_filters():
    banks, _ = get_mel_banks(MEL_BINS, 16_384, 16_000, LOWEST_HERTZ, HIGHEST_HERTZ, 100.0, -500.0, 1.0)
    peaks = banks.argmax(1).numpy() * 16_000 / 16_384
    np.testing.assert_allclose(hertz_at(np.arange(MEL_BINS) + 0.5), peaks, atol=1.0)
