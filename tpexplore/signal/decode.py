"""A file or recording -> checked mono 16 kHz waveform.

libsndfile (soundfile) reads what it can, FFmpeg's libraries (PyAV) the rest: M4A, WebM, WMA, ....
Both are only asked for the window that is analysed, so a two-hour file costs no more than a short
one. Whatever is wrong with a file ends in one `InputError`; whatever a person should know about a
file that does work is in `Clip.notes`.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tpexplore.errors import InputError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

SAMPLE_RATE = 16_000
"""Samples per second of every clip."""

ANALYSIS_WINDOW = 400
"""Samples in one 25 ms window of the front end: the shortest clip that gives a frame."""

HOP = 160
"""Samples between two windows: 10 ms."""

MAX_SECONDS = (ANALYSIS_WINDOW + 1023 * HOP) / SAMPLE_RATE
"""The longest window that a supported model reads: 1024 frames, 10.255 s."""

MAX_FILE_BYTES = 25_000_000
"""Largest upload the app takes. Nothing here enforces it: only a window of a file is ever read."""

MIN_RATE, MAX_RATE = 4_000, 384_000
"""Sample rates accepted, in Hz. Anything else is a broken header rather than a recording."""

MAX_CHANNELS = 8
"""Most channels accepted: 7.1 surround."""

# Unscaled 32-bit integers stored as floats (2.1e9) still pass; well above that the power spectrum
# overflows float32 and every score would become NaN.
_LARGEST_VALUE = 1e12
_SILENT_PEAK = 1e-5
_CANCELLED = 0.01

# Read on either side of the window, so that the resampling filter sees the real neighbours.
_MARGIN_SECONDS = 0.1
# Files are entered this much before what is wanted: decoders need some packets until their output is
# right (MP3 up to 0.5 s, with garbage until then), and FFmpeg's seeking is exact to about 0.1 s only.
_SEEK_AHEAD_SECONDS = 1.0
# Keeps every position, in any file's time base, far inside 64 bits; no source is that long.
_SECONDS_LIMIT = 1e9

# FFmpeg would also open playlists, which read other files and hosts; an upload must not do that.
_CONTAINERS = (
    "mov,matroska,webm,asf,asf_o,aac,ac3,eac3,amr,amrnb,amrwb,wv,tta,ape,mpc,mpc8,dsf,flv,mpegts,mpeg,"
    "avi,ogg,mp3,wav,w64,flac,caf,aiff,au,voc,tak,shn,spdif,dts,truehd,loas,rm,gsm,oma"
)


@dataclass(frozen=True, eq=False)
class Clip:
    """A checked piece of audio, ready for the front end.

    Attributes
    ----------
    samples : np.ndarray
        float32, shape (n,), mono, 16 kHz; finite, n >= 400. Usually within ±1, but values beyond in
        a file of floats are left as they are.
    file_seconds : float or None
        Duration of the whole source in seconds; None where the file does not tell.
    source_rate : int
        Sample rate of the source in Hz.
    source_channels : int
        Channels of the source.
    offset : float
        Where in the source the clip begins, in seconds.
    notes : tuple of str
        Plain sentences about anything a person should know; empty when all is well.
    """

    samples: np.ndarray
    file_seconds: float | None
    source_rate: int
    source_channels: int
    offset: float
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of `samples` in seconds."""
        return len(self.samples) / SAMPLE_RATE


def load_audio(
    path: str | os.PathLike[str], *, offset: float = 0.0, duration: float = MAX_SECONDS
) -> np.ndarray:
    """Read a window of an audio file as a waveform.

    Parameters
    ----------
    path : str or os.PathLike
        An audio file in any common format, also the sound of a video.
    offset : float
        Where to begin, in seconds.
    duration : float
        How much to read at most, in seconds. The default is the longest window a model reads.

    Returns
    -------
    np.ndarray
        float32, shape (n,), mono, 16 kHz.

    Raises
    ------
    InputError
        As `read_clip`, which also tells what was found in the file.

    Examples
    --------
    >>> import numpy as np, soundfile, tempfile
    >>> path = tempfile.mkdtemp() + "/tone.wav"
    >>> soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100), 44_100)
    >>> samples = load_audio(path)
    >>> samples.shape, samples.dtype
    ((16000,), dtype('float32'))
    """
    return read_clip(path, offset=offset, duration=duration).samples


def read_clip(path: str | os.PathLike[str], *, offset: float = 0.0, duration: float = MAX_SECONDS) -> Clip:
    """Read a window of an audio file, with what is worth knowing about it.

    Only the window is read and checked, so the length of the file does not matter.

    Parameters
    ----------
    path : str or os.PathLike
        An audio file in any common format, also the sound of a video.
    offset : float
        Where to begin, in seconds.
    duration : float
        How much to read at most, in seconds. The default is the longest window a model reads.

    Returns
    -------
    Clip
        The channels' mean, resampled to 16 kHz. A damaged or truncated file gives what can be read.

    Raises
    ------
    InputError
        If the file is missing, empty or not decodable, holds no audio at `offset`, has a sample rate
        outside 4-384 kHz, more than 8 channels, or values that are not finite; or if `offset` or
        `duration` is not a sensible number of seconds.

    Examples
    --------
    >>> import numpy as np, soundfile, tempfile
    >>> path = tempfile.mkdtemp() + "/long.flac"
    >>> soundfile.write(path, np.full((8_000 * 20, 2), 0.25), 8_000)
    >>> clip = read_clip(path, offset=4.0, duration=1.0)
    >>> clip.seconds, clip.file_seconds, clip.source_channels
    (1.0, 20.0, 2)
    >>> clip.notes[0]
    'Only 1.00 s from 4.00 s on were read of 20.00 s.'
    """
    window = _Window.checked(offset, duration)
    path = _checked_path(path)
    name = repr(path.name)
    try:
        excerpt = _read(path, window, name)
    except InputError:
        raise
    except Exception as error:  # decoders raise many kinds, and a person needs none of them
        raise InputError(
            f"{name} could not be decoded; expected audio such as WAV, FLAC, OGG, MP3, M4A or WebM."
        ) from error
    return _finish(excerpt, window, name)


def clip_from_array(
    samples: np.ndarray, sample_rate: int, *, offset: float = 0.0, duration: float = MAX_SECONDS
) -> Clip:
    """Make a clip of samples that are already in memory, such as a recording.

    Parameters
    ----------
    samples : np.ndarray
        Shape (n,) or (n, channels). Floats are taken as they are; int8, int16, int32 and uint8
        (centred on 128) are scaled to ±1.
    sample_rate : int
        In Hz, 4 to 384 kHz.
    offset, duration : float
        The window to use, in seconds.

    Returns
    -------
    Clip
        A copy; `samples` is not changed or kept.

    Raises
    ------
    InputError
        As for a file.

    Examples
    --------
    >>> import numpy as np
    >>> clip = clip_from_array(np.full((24_000, 2), 16_384, dtype=np.int16), 48_000)
    >>> clip.samples.shape, clip.source_channels
    ((8000,), 2)
    """
    window = _Window.checked(offset, duration)
    name = "The recording"
    frames = _checked_array(samples)
    rate = _checked_rate(sample_rate)
    _check_format(rate, frames.shape[1], name)
    first, _, stop = window.span(rate)
    return _finish(_Excerpt(_to_float(frames[first:stop]), rate, len(frames)), window, name)


def loudest_start(samples: np.ndarray, window: int) -> int:
    """Find where the window with the highest energy begins.

    A word or a bark shorter than the window has its full energy in a whole range of windows. The
    middle of that range is chosen (all neighbours within 1 % of the highest energy count), which
    puts the sound in the middle of the window instead of at its edge.

    Parameters
    ----------
    samples : np.ndarray
        Shape (n,).
    window : int
        Length of the window in samples, at least 1.

    Returns
    -------
    int
        Index of the window's first sample; 0 when `samples` is not longer than `window`.

    Raises
    ------
    InputError
        If `window` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> samples = np.zeros(1000)
    >>> samples[700:800] = [1, -1] * 50
    >>> loudest_start(samples, 200)
    650
    """
    if window < 1:
        raise InputError(f"window is {window}; expected at least 1 sample.")
    if len(samples) <= window:
        return 0
    # A constant offset is not sound: the front end removes it, too.
    centred = samples - np.mean(samples, dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(centred**2)])
    energy = total[window:] - total[:-window]  # of the window starting at each index
    best = int(np.argmax(energy))
    breaks = np.flatnonzero(energy < 0.99 * energy[best])
    after = int(np.searchsorted(breaks, best))
    left = int(breaks[after - 1]) + 1 if after > 0 else 0
    right = int(breaks[after]) - 1 if after < len(breaks) else len(energy) - 1
    return (left + right) // 2


@dataclass(frozen=True)
class _Window:
    """The part of a source that is wanted, in seconds."""

    offset: float
    duration: float

    @classmethod
    def checked(cls, offset: float, duration: float) -> _Window:
        window = cls(_seconds(offset, "offset"), _seconds(duration, "duration"))
        if window.duration == 0:
            raise InputError(f"duration is {duration!r}; expected more than 0 seconds.")
        return window

    def span(self, rate: int) -> tuple[int, int, int]:
        """Frames at `rate`: first to read, first of the window itself, end of what to read."""
        margin = math.ceil(_MARGIN_SECONDS * rate)
        start = round(self.offset * rate)
        return max(0, start - margin), start, start + math.ceil(self.duration * rate) + margin


@dataclass(frozen=True)
class _Excerpt:
    """What was read for a window: frames from the window's `span` on, fewer where the source ends."""

    frames: np.ndarray  # (n, channels) float32
    rate: int
    total: int | None  # frames in the whole source, where known
    notes: tuple[str, ...] = ()


def _seconds(value: Any, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < _SECONDS_LIMIT:
        raise InputError(f"{what} is {value!r}; expected a number of seconds, not negative and below 1e9.")
    return number


def _checked_path(value: Any) -> Path:
    try:
        path = Path(value)
        size = path.stat().st_size
    except TypeError as error:
        raise InputError(f"Got {value!r} as an audio file; expected a path.") from error
    except FileNotFoundError as error:
        raise InputError(f"{str(value)!r} does not exist; expected an audio file.") from error
    except (OSError, ValueError) as error:  # no permission, name too long, null character, ...
        raise InputError(f"{str(value)!r} cannot be opened; expected an audio file.") from error
    if not path.is_file():
        raise InputError(f"{str(value)!r} is not a file; expected an audio file.")
    if size == 0:
        raise InputError(f"{path.name!r} is empty; expected an audio file.")
    return path


def _checked_rate(value: Any) -> int:
    try:
        rate = int(value)
    except (TypeError, ValueError, OverflowError):
        rate = None
    if rate is None or rate != value:
        raise InputError(f"The sample rate is {value!r}; expected a whole number of Hz.")
    return rate


def _checked_array(samples: Any) -> np.ndarray:
    """Return (n, channels) in a dtype that `_to_float` knows."""
    try:
        array = np.asarray(samples)
    except (TypeError, ValueError) as error:
        raise InputError("The recording is not an array; expected numbers of shape (n,).") from error
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"  # whatever the byte order
    if array.dtype.kind != "f" and kind not in ("i1", "i2", "i4", "u1"):
        raise InputError(
            f"The recording has dtype {array.dtype}; expected floats, int8, int16, int32 or uint8."
        )
    if array.ndim not in (1, 2):
        raise InputError(f"The recording has shape {array.shape}; expected (n,) or (n, channels).")
    return array if array.ndim == 2 else array[:, None]


def _check_format(rate: int, channels: int, name: str) -> None:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise InputError(f"{name} has a sample rate of {rate} Hz; expected {MIN_RATE} to {MAX_RATE} Hz.")
    if not 1 <= channels <= MAX_CHANNELS:
        raise InputError(f"{name} has {channels} channels; expected 1 to {MAX_CHANNELS}.")


def _to_float(samples: np.ndarray) -> np.ndarray:
    """Return float32, integers scaled to ±1."""
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, which is refused later
        floats = samples.astype(np.float32)
    if samples.dtype.kind == "f":
        return floats
    if samples.dtype == np.uint8:
        return (floats - 128) / 128
    return floats / 2 ** (8 * samples.dtype.itemsize - 1)


def _read(path: Path, window: _Window, name: str) -> _Excerpt:
    try:
        excerpt = _read_with_soundfile(path, window, name)
    except InputError:
        raise
    except Exception:  # not its format, damaged, or named so that soundfile will not open it
        excerpt = None
    return excerpt or _read_with_av(path, window, name)


def _read_with_soundfile(path: Path, window: _Window, name: str) -> _Excerpt | None:
    """Read the window, or return None where there are fewer frames than the header promises.

    libsndfile stops at the first damage and takes an unfilled header at its word; FFmpeg does not.
    """
    import soundfile

    with soundfile.SoundFile(os.fspath(path)) as file:
        _check_format(file.samplerate, file.channels, name)
        first, _, stop = window.span(file.samplerate)
        stop = min(stop, file.frames)
        first = min(first, stop)
        entry = max(0, first - round(_SEEK_AHEAD_SECONDS * file.samplerate)) if file.seekable() else 0
        if entry > 0:
            file.seek(entry)
        frames = file.read(stop - entry, dtype="float32", always_2d=True)
        if file.frames == 0 or len(frames) < stop - entry:
            return None
        is_known = file.frames < _SECONDS_LIMIT * file.samplerate  # FLAC may leave its length open
        return _Excerpt(frames[first - entry :], file.samplerate, file.frames if is_known else None)


def _read_with_av(path: Path, window: _Window, name: str) -> _Excerpt:
    excerpt = None
    if window.offset > _SEEK_AHEAD_SECONDS:
        excerpt = _decode(path, window, name, window.offset - _SEEK_AHEAD_SECONDS)
    # Where seeking misses its place, everything before the window has to be decoded.
    return excerpt or _decode(path, window, name, None)


def _decode(path: Path, window: _Window, name: str, seek_to: float | None) -> _Excerpt | None:
    """Decode the window, entering the file at `seek_to` seconds, or at its beginning where None.

    Returns None where seeking did not end before the window.
    """
    import av

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    with av.open(os.fspath(path.absolute()), metadata_errors="ignore", options=options) as container:
        stream = container.streams.best("audio")
        if stream is None:
            raise InputError(f"{name} has no sound track; expected an audio file.")
        origin = (stream.start_time or 0) * stream.time_base
        if seek_to is not None:
            try:
                container.seek(int((seek_to + origin) / stream.time_base), stream=stream)
            except av.FFmpegError:
                return None
        packets = Counter()
        frames = _decoded(container, stream, packets)
        head = next(frames, None)
        if head is None and seek_to is None:
            raise InputError(f"{name} contains no audio; expected at least one sample.")
        if head is None or (seek_to is not None and head.pts is None):
            return None
        # Time stamps may be rounded (to 1 ms in WebM), so they serve to find the place after seeking;
        # from there on samples are counted.
        rate = head.sample_rate
        begin = 0 if seek_to is None else round((head.pts * head.time_base - origin) * rate)
        _check_format(rate, head.layout.nb_channels, name)
        first, _, stop = window.span(rate)
        if begin > first:
            return None
        samples, end, exhausted = _collect(itertools.chain([head], frames), begin, first, stop, name)
        if packets["damaged"] > packets["decoded"]:
            raise InputError(f"{name} is damaged, or no audio at all; expected an intact audio file.")
        total = end if exhausted else _announced_frames(container, stream, rate)
        if total is not None and total < end:  # estimated from a bit rate that varies
            total = None
        notes = ("Part of the file is damaged and was left out.",) if packets["damaged"] else ()
        return _Excerpt(samples, rate, total, notes)


def _decoded(container: InputContainer, stream: AudioStream, packets: Counter) -> Iterator[AudioFrame]:
    """Yield the frames of all packets that can be decoded; count "decoded" and "damaged" packets."""
    import av

    demuxed = container.demux(stream)
    while True:
        try:
            frames = next(demuxed).decode()
        except StopIteration:
            return
        except av.FFmpegError:
            packets["damaged"] += 1
        else:
            packets["decoded"] += bool(frames)  # the last packet only flushes the decoder
            yield from frames


def _collect(
    frames: Iterable[AudioFrame], begin: int, first: int, stop: int, name: str
) -> tuple[np.ndarray, int, bool]:
    """Join decoded frames, which begin at position `begin`, to the samples `first` to `stop`.

    Returns the samples (n, channels), the position reached, and whether the source ends there.
    """
    pieces: list[np.ndarray] = []
    formats = set()
    end = begin
    for frame in frames:
        formats.add((frame.sample_rate, frame.layout.nb_channels))
        if len(formats) > 1:
            raise InputError(f"{name} changes its sample rate or channels midway; expected one format.")
        array = frame.to_ndarray()  # planar: (channels, n); packed: (1, n * channels)
        samples = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
        # A copy, or the samples before the window would stay in memory.
        pieces.append(_to_float(samples[max(0, first - end) :]))
        end += len(samples)
        if end >= stop:
            break
    return np.concatenate(pieces)[: stop - first], end, end < stop


def _announced_frames(container: InputContainer, stream: AudioStream, rate: int) -> int | None:
    """Return the frames that the file says it has, if it does."""
    if stream.duration is not None:
        return round(stream.duration * stream.time_base * rate)
    if container.duration is not None:
        return round(container.duration * rate / 1_000_000)
    return None


def _finish(excerpt: _Excerpt, window: _Window, name: str) -> Clip:
    """Check what was read and turn it into a clip: the one way for files and arrays."""
    rate, channels = excerpt.rate, excerpt.frames.shape[1]
    file_seconds = None if excerpt.total is None else excerpt.total / rate
    first, start, _ = window.span(rate)
    _check_frames(excerpt, start - first, window, name)
    mono, mixing_note = _mix(excerpt.frames)
    # To the nearest sample of the result: at 44.1 kHz, say, a window may begin between two.
    skip = round((start - first) * SAMPLE_RATE / rate)
    length = max(1, round(window.duration * SAMPLE_RATE))
    resampled = _resample(mono, rate)[skip:]
    samples = resampled[:length]
    notes = list(excerpt.notes)
    if window.offset > 0 or len(resampled) - length >= HOP:
        whole = "; the file goes on." if file_seconds is None else f" of {file_seconds:.2f} s."
        seconds = len(samples) / SAMPLE_RATE
        notes.append(f"Only {seconds:.2f} s from {window.offset:.2f} s on were read{whole}")
    notes += mixing_note
    if len(samples) < ANALYSIS_WINDOW:
        samples = np.pad(samples, (0, ANALYSIS_WINDOW - len(samples)))
        notes.append("Shorter than one 25 ms analysis window: padded with zeros.")
    if np.abs(samples - samples.mean()).max() < _SILENT_PEAK:
        notes.append("The clip is silent (peak around its mean below 1e-5).")
    return Clip(samples, file_seconds, rate, channels, window.offset, tuple(notes))


def _check_frames(excerpt: _Excerpt, lead: int, window: _Window, name: str) -> None:
    """Refuse an excerpt with nothing in the window (after `lead` frames), or without finite values."""
    if excerpt.total == 0:
        raise InputError(f"{name} contains no audio; expected at least one sample.")
    if len(excerpt.frames) <= lead:
        end = excerpt.total / excerpt.rate
        raise InputError(f"offset is {window.offset:g} s; expected less than the {end:.6g} s of {name}.")
    if not np.abs(excerpt.frames).max() <= _LARGEST_VALUE:  # NaN compares false, too
        raise InputError(f"{name} holds NaN, infinite or absurdly large values; expected about ±1.")


def _mix(frames: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the mean of (n, channels), or one channel where they cancel out; and a note if so."""
    mono = frames.mean(axis=1)
    peaks = np.abs(frames).max(axis=0)
    if np.abs(mono).max() >= _CANCELLED * peaks.max():
        return mono, []
    channel = int(np.argmax(peaks > peaks.max() / 2))  # the first that is not faint itself
    return frames[:, channel], [f"Channels cancel out when mixed; channel {channel + 1} is used."]


def _resample(mono: np.ndarray, rate: int) -> np.ndarray:
    import soxr

    return soxr.resample(np.ascontiguousarray(mono), rate, SAMPLE_RATE, quality="HQ")
