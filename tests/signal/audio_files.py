"""Sounds, files of them in many formats, and measures, for the tests of reading."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE

TONE_HZ = 440.0
LEVEL = 0.5


def tone(rate: int, seconds: float, hz: float = TONE_HZ, level: float = LEVEL) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)


def sweep(rate: int, seconds: float) -> np.ndarray:
    """A tone that rises from 300 Hz by 80 Hz a second: every moment differs from every other."""
    t = np.arange(round(rate * seconds)) / rate
    return LEVEL * np.sin(2 * np.pi * (300 * t + 40 * t * t))


def stack(signal: np.ndarray, channels: int) -> np.ndarray:
    return np.repeat(signal[:, None], channels, axis=1)


def write_av(path: Path, frames: np.ndarray, rate: int, codec: str, container: str, **options: str) -> Path:
    """Encode (n, channels) with FFmpeg's libraries; options are the container's, except b, the bit rate."""
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[frames.shape[1]]
    bit_rate = {"b": options.pop("b")} if "b" in options else {}
    with av.open(str(path), "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=rate, options=bit_rate)
        context = stream.codec_context
        context.layout = layout
        formats = [entry.name for entry in context.codec.audio_formats]
        context.format = next((f for f in ("fltp", "s16p", "s16", "flt") if f in formats), formats[0])
        context.open()
        resampler = av.AudioResampler(context.format, layout, rate, frame_size=context.frame_size or 1024)
        packed = np.ascontiguousarray(frames, dtype=np.float32).reshape(1, -1)
        source = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        source.sample_rate = rate
        source.pts = 0
        for frame in [*resampler.resample(source), *resampler.resample(None), None]:
            output.mux(stream.encode(frame))
    return path


def list_edits(path: Path, edits: Sequence[tuple[int, int]]) -> None:
    """Put an edit list into an MP4 or QuickTime file: (milliseconds, first sample or −1 for silence) each."""
    content = bytearray(path.read_bytes())
    entries = b"".join(struct.pack(">IiI", *edit, 0x10000) for edit in edits)
    listed = struct.pack(">II", 0, len(edits)) + entries
    listed = struct.pack(">I4s", len(listed) + 8, b"elst") + listed
    listed = struct.pack(">I4s", len(listed) + 8, b"edts") + listed

    def find(start: int, end: int, kind: bytes) -> tuple[int, int]:
        """Where the atom of a kind between two places begins and ends."""
        while start < end:
            size, name = struct.unpack_from(">I4s", content, start)
            if name == kind:
                return start, start + size
            start += size
        raise ValueError(f"{path} has no {kind!r}.")

    movie, movie_end = find(0, len(content), b"moov")
    track, track_end = find(movie + 8, movie_end, b"trak")
    try:
        start, end = find(track + 8, track_end, b"edts")
    except ValueError:
        start = end = find(track + 8, track_end, b"mdia")[0]
    content[start:end] = listed
    for atom in (movie, track):
        (size,) = struct.unpack_from(">I", content, atom)
        struct.pack_into(">I", content, atom, size + len(listed) - (end - start))
    path.write_bytes(content)


def write_long_av(
    path: Path, short: Path, times: int, container: str, *, pause: float = 0.0, **options: str
) -> Path:
    """Repeat the packets of a short file, which takes far less time than encoding a long one.

    Before each repetition, ``pause`` seconds pass without a packet.
    """
    with av.open(str(short)) as source, av.open(str(path), "w", format=container, options=options) as output:
        stream = source.streams.audio[0]
        packets = [packet for packet in source.demux(stream) if packet.size]
        step, time_base = packets[2].duration, packets[2].time_base
        target = output.add_stream_from_template(stream)
        contents = [bytes(packet) for packet in packets] * times
        for position, content in enumerate(contents):
            packet = av.Packet(content)
            packet.stream, packet.time_base = target, time_base
            pauses = position // len(packets)
            packet.pts = packet.dts = position * step + round(pauses * pause / time_base)
            packet.duration = step
            output.mux(packet)
    return path


def wav_bytes(data: bytes, *, rate: int = 16_000, claimed: int | None = None) -> bytes:
    """A 16-bit mono WAV file; `claimed` is the size of the data that the header names."""
    size = len(data) if claimed is None else claimed
    riff = struct.pack("<4sI4s", b"RIFF", (36 + size) & 0xFFFFFFFF, b"WAVE")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, (2 * rate) & 0xFFFFFFFF, 2, 16)
    return riff + form + struct.pack("<4sI", b"data", size) + data


def pcm16(signal: np.ndarray) -> bytes:
    return np.round(signal * 32_767).astype("<i2").tobytes()


def dominant_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 18))
    return float(np.argmax(spectrum)) * SAMPLE_RATE / (1 << 18)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def snr_db(signal: np.ndarray, reference: np.ndarray) -> float:
    return 20 * np.log10(rms(reference) / max(rms(signal - reference), 1e-12))


def lag_of(samples: np.ndarray, reference: np.ndarray) -> int:
    """Number of samples by which `samples` lags behind `reference`."""
    size = 1 << (len(samples) + len(reference)).bit_length()  # a power of two, or it takes seconds
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(reference, size))
    peak = int(np.argmax(np.fft.irfft(product)))
    return peak if peak < size // 2 else peak - size


def refusal(call: Callable[..., object], *args: object, **kwargs: object) -> str:
    """The sentence of the InputError that the call must raise."""
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert "expected" in message
    assert message.endswith(".")
    assert "\n" not in message
    return message
