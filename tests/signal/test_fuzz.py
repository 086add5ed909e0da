"""500 damaged files: each ends in samples or in one sentence, and the process lives on.

Decoders are C code: they run in a process of their own, so that a crash is a failed test and not the end
of the test run.
"""

import json
import subprocess
import sys

import numpy as np
import soundfile

from tests import ROOT

DECODE = """
import json, sys
from pathlib import Path
import numpy as np
from tpexplore.signal.decode import read_clip
from tpexplore.errors import InputError

for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        samples = read_clip(path, duration=10.3).samples
        fine = samples.ndim == 1 and len(samples) <= 165_000 and bool(np.isfinite(samples).all())
        line = [path.name, "ok" if fine else f"bad samples: {samples.shape}"]
    except InputError as error:
        sentence = str(error)
        line = [path.name, "ok" if "\\n" not in sentence and len(sentence) < 300 else sentence]
    except Exception as error:
        line = [path.name, f"{type(error).__name__}: {error}"]
    print(json.dumps(line), flush=True)
"""

FORMATS = {
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "float.wav": {"format": "WAV", "subtype": "FLOAT"},
    "flac": {"format": "FLAC"},
    "ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3"},
    "aiff": {"format": "AIFF"},
}


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """One of the things that happen to files."""
    data = bytearray(whole)
    kind = rng.integers(5)
    if kind == 0:  # a few flipped bits anywhere
        for at in rng.integers(len(data), size=rng.integers(1, 40)):
            data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:  # cut short
        del data[int(rng.integers(len(data))) :]
    elif kind == 2:  # a header that lies: sizes, rates, channels
        for at in rng.integers(min(64, len(data)), size=rng.integers(1, 6)):
            data[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
    elif kind == 3:  # a hole
        start = int(rng.integers(len(data)))
        del data[start : start + int(rng.integers(1, 2000))]
    else:  # two files stuck together at a random place
        data = data[: int(rng.integers(len(data)))] + data
    return bytes(data)


def test_500_damaged_files_end_in_samples_or_a_sentence(tmp_path):
    rng = np.random.default_rng(7)
    time = np.arange(8000) / 16_000
    wave = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.01 * rng.standard_normal(8000)
    wholes = {}
    for suffix, options in FORMATS.items():
        path = tmp_path / f"whole.{suffix}"
        soundfile.write(path, wave, 16_000, **options)
        wholes[suffix] = path.read_bytes()
    zoo = tmp_path / "zoo"
    zoo.mkdir()
    for number in range(500):
        suffix = list(FORMATS)[number % len(FORMATS)]
        (zoo / f"{number:03d}.{suffix}").write_bytes(damaged(wholes[suffix], rng))
    done = subprocess.run(
        [sys.executable, "-c", DECODE, str(zoo)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
    )
    outcomes = dict(json.loads(line) for line in done.stdout.splitlines())
    last = list(outcomes)[-1] if outcomes else "none"
    assert done.returncode == 0, f"the process died after {last}: {done.stderr[-500:]}"
    assert len(outcomes) == 500
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "ok"} == {}
