"""WAV, W64, AIFF and CAF whose head leads decoders astray: all of the sound is read, at every place."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.signal.audio_files import pcm16, wav_bytes
from tpexplore.signal.decode import clip_from_array, read_clip
from tpexplore.signal.mended_head import mended_head

RATE = 16_000
SIGNAL = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * RATE)
SOUND = pcm16(SIGNAL)
FORM = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
ODD = b"LIST" + struct.pack("<I", 27) + b"INFOISFT" + struct.pack("<I", 15) + b"tpexplore v1.0\0"
"""A chunk of odd length without the byte that belongs behind it."""


def check_all_is_there(path: Path, tolerance: float = 1e-4) -> None:
    for offset in (0.0, 2.95, 4.7):
        clip = read_clip(path, offset=offset, duration=1.0)
        start = round(offset * RATE)
        assert np.allclose(clip.samples, SIGNAL[start : start + RATE], atol=tolerance)
        assert clip.file_seconds == 6.0


def wav(*chunks: bytes, size: int = len(SOUND), sound: bytes = SOUND) -> bytes:
    body = b"WAVE" + b"".join(chunks) + struct.pack("<4sI", b"data", size) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("in_chunk", [0xFFFFFFFF, 0, len(SOUND)])
@pytest.mark.parametrize("in_ds64", [-1, 0, 2**62, 2 * len(SOUND), None])
def test_64_bit_sizes_that_were_never_filled_in(
    tmp_path: Path, magic: bytes, in_chunk: int, in_ds64: int | None
) -> None:
    sizes = b"" if in_ds64 is None else struct.pack("<4sIqqqI", b"ds64", 28, in_ds64, in_ds64, in_ds64, 0)
    content = wav(sizes, FORM, size=in_chunk)
    path = tmp_path / "a.wav"
    path.write_bytes(magic + b"\xff\xff\xff\xff" + content[8:])
    check_all_is_there(path)


@pytest.mark.parametrize("size", [len(SOUND), 0, 0xFFFFFFFF])
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_chunk_of_odd_length_without_a_byte_behind_it(tmp_path: Path, order: str, size: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(*((ODD, FORM) if order == "before" else (FORM, ODD)), size=size))
    check_all_is_there(path)


def test_what_follows_the_sound_is_still_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(FORM, ODD) + b"LIST" + struct.pack("<I", 5_000) + bytes(5_000))
    check_all_is_there(path)


def test_a_description_of_odd_length(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(b"fmt \x11\0\0\0" + FORM[8:] + b"\0"))
    check_all_is_there(path)


def test_an_aiff_with_a_chunk_of_odd_length(tmp_path: Path) -> None:
    path = tmp_path / "a.aiff"
    soundfile.write(path, SIGNAL, RATE, subtype="PCM_16")
    content = path.read_bytes()
    begin = content.index(b"SSND")
    path.write_bytes(content[:begin] + b"NAME" + struct.pack(">I", 5) + b"hello" + content[begin:])
    check_all_is_there(path)


def test_compressed_sound_behind_a_chunk_of_odd_length(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, SIGNAL, RATE, subtype="IMA_ADPCM")
    expected = {offset: read_clip(path, offset=offset).samples for offset in (0.0, 2.95, 4.7)}
    content = path.read_bytes()
    begin = content.index(b"data")
    path.write_bytes(content[:begin] + ODD + content[begin:])
    for offset, samples in expected.items():
        mended = read_clip(path, offset=offset).samples
        size = min(len(samples), len(mended))
        assert abs(len(mended) - len(samples)) < 0.05 * RATE
        assert np.allclose(mended[: size - 100], samples[: size - 100], atol=1e-3)


def in_wide_samples(bits: int, width: int, order: str) -> bytes:
    """The signal as integers of so many bits, in the upper ones of so many bytes."""
    scaled = np.round(SIGNAL * 2 ** (bits - 1)).astype(np.int64) << (8 * width - bits)
    return b"".join(int(value).to_bytes(width, order, signed=True) for value in scaled)


@pytest.mark.parametrize(("bits", "width"), [(12, 4), (20, 4), (24, 4), (16, 3)])
def test_samples_with_more_bytes_than_their_bits_need(tmp_path: Path, bits: int, width: int) -> None:
    """libsndfile takes 20 bits in 4 bytes for 20 bits in 3: noise, and a third too much of it."""
    sound = in_wide_samples(bits, width, "little")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, width * RATE, width, bits)
    path = tmp_path / "a.wav"
    path.write_bytes(wav(form, size=len(sound), sound=sound))
    check_all_is_there(path, tolerance=2.0 ** (1 - bits))


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("size", [None, -1, 2**62], ids=["right", "open", "lying"])
@pytest.mark.parametrize(("bits", "width"), [(12, 4), (16, 4), (20, 4), (24, 4), (16, 3)])
def test_samples_of_a_caf_with_more_bytes_than_their_bits_need(
    tmp_path: Path, bits: int, width: int, size: int | None, order: str
) -> None:
    sound = in_wide_samples(bits, width, order)
    flags = 2 if order == "little" else 0
    form = struct.pack(">4sqd4s5I", b"desc", 32, RATE, b"lpcm", flags, width, 1, 1, bits)
    size = len(sound) + 4 if size is None else size
    path = tmp_path / "a.caf"
    path.write_bytes(b"caff\0\1\0\0" + form + struct.pack(">4sq4x", b"data", size) + sound)
    check_all_is_there(path, tolerance=2.0 ** (1 - bits))


@pytest.mark.parametrize(("bits", "width"), [(12, 4), (20, 4), (24, 4), (16, 3)])
def test_samples_of_a_w64_with_more_bytes_than_their_bits_need(tmp_path: Path, bits: int, width: int) -> None:
    path = tmp_path / "a.w64"
    soundfile.write(path, SIGNAL, RATE, subtype=f"PCM_{8 * width}")
    content = path.read_bytes()
    size = len(SIGNAL) * width
    begin = content.rindex(b"data") + 24
    described = bytearray(content[:begin])
    described[78:80] = struct.pack("<H", bits)
    path.write_bytes(described + in_wide_samples(bits, width, "little") + content[begin + size :])
    check_all_is_there(path, tolerance=2.0 ** (1 - bits))


def test_integers_of_64_bits(tmp_path: Path) -> None:
    sound = (SIGNAL * 2**63).astype("<i8").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 8 * RATE, 8, 64)
    path = tmp_path / "a.wav"
    path.write_bytes(wav(form, size=len(sound), sound=sound))
    check_all_is_there(path)


def test_an_unset_size_of_more_than_4_gib(tmp_path: Path) -> None:
    rate, seconds, place = 384_000, 6_000, 5_900
    signal = np.random.default_rng(6).uniform(-0.5, 0.5, rate)
    sizes = struct.pack("<4sIqqqI", b"ds64", 28, -1, -1, -1, 0)
    path = tmp_path / "large.wav"
    with path.open("wb") as file:  # sparse
        head = wav_bytes(b"", rate=rate, claimed=0xFFFFFFFF)
        file.write(b"RF64" + head[4:12] + sizes + head[12:])
        begin = file.tell()
        file.truncate(begin + 2 * rate * seconds)
        file.seek(begin + 2 * rate * place)
        file.write(pcm16(signal))
    clip = read_clip(path, offset=place, duration=1.0)
    expected = clip_from_array(signal, rate).samples
    assert np.allclose(clip.samples[200:-200], expected[200:-200], atol=1e-3)
    assert clip.file_seconds == seconds


@pytest.mark.parametrize(
    "chunk", [b"", ODD + b"\0", ODD + b"x", b"JUNK" + struct.pack("<I", 1) + b"\0\0"], ids=repr
)
def test_a_right_head_is_left_alone(tmp_path: Path, chunk: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(chunk, FORM) if chunk else wav(FORM))
    assert mended_head(path) is None
    check_all_is_there(path)
