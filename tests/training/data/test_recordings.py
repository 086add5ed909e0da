"""Any folder of sounds as windows without labels."""

import os
from collections import Counter

import numpy as np
import soundfile

from tests.signal.audio_files import write_av
from training.data.cache import cache_features
from training.data.datasets import load_dataset
from training.data.features import read_features

RATE = 16_000


def test_all_windows_of_a_recording_are_there_whatever_its_header_says(tmp_path):
    """Also in formats that libsndfile cannot open; a header's length is not trusted."""
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * 44_100).astype(np.float32)
    pack = tmp_path / "pack"
    pack.mkdir()
    soundfile.write(pack / "plain.wav", wave, 44_100, subtype="PCM_16")
    for name, claimed in (("short.wav", 4 * 88_200), ("stream.wav", 0xFFFFFFFF), ("none.wav", 0)):
        content = bytearray((pack / "plain.wav").read_bytes())
        content[40:44] = claimed.to_bytes(4, "little")
        (pack / name).write_bytes(content)
    write_av(pack / "aac.m4a", wave[:, None], 44_100, "aac", "ipod")
    write_av(pack / "plain.mp3", wave[:, None], 44_100, "libmp3lame", "mp3", write_xing="0")
    (pack / "broken.wav").write_bytes(b"RIFF")
    items = load_dataset("recordings", tmp_path, frames=128).items
    counts = Counter(item.paths[0].name for item in items)
    assert counts.pop("broken.wav") == 1
    expected = int((12 - 1.5) // 1.295) + 1
    assert len(counts) == 6 and set(counts.values()) == {expected}, counts


def test_pipes_devices_and_circles_of_links_are_unreadable_clips(tmp_path):
    pack = tmp_path / "sounds" / "pack"
    pack.mkdir(parents=True)
    soundfile.write(pack / "tone.wav", np.full(RATE, 0.1), RATE)
    os.mkfifo(pack / "pipe.wav")
    (pack / "zero.wav").symlink_to("/dev/zero")
    (pack / "circle.wav").symlink_to(pack / "circle.wav")
    dataset = load_dataset("recordings", tmp_path / "sounds", frames=128)
    assert len(dataset.items) == 4
    features = read_features(cache_features(dataset, tmp_path / "features", 1))
    assert features.files == ["pack/tone.wav"]
