"""Reading with FFmpeg's libraries (PyAV): M4A, WebM, WMA, MP3, Ogg and everything else.

A sample's position is counted from the first decoded sample. Time stamps are not exact enough: they may be
rounded (to 1 ms in WebM), belong to packets that do not begin with a frame (WMA), be guessed from a bit
rate (MP3), or restart in the middle (chained Ogg). So a file is decoded from its beginning, unless it has
an index that lists every packet with the same length (M4A and its relatives), or holds uncompressed
samples.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.checks import SECONDS_LIMIT, check_format
from tpexplore.signal.front_tags import LARGEST_PROBED, bytes_of_front_tags
from tpexplore.signal.mended_head import mended_head
from tpexplore.signal.source import SEEK_AHEAD_SECONDS, FileSummary, SoundSource, first_frame, to_float
from tpexplore.signal.spliced import Spliced
from tpexplore.signal.unmeasured import start_of_unmeasured_sound

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer
    from av.index import IndexEntries

# FFmpeg would also open playlists, which read other files and hosts; an upload must not do that.
_CONTAINERS = (
    "mov,matroska,webm,asf,asf_o,aac,ac3,eac3,amr,amrnb,amrwb,wv,tta,ape,mpc,mpc8,dsf,flv,mpegts,mpeg,"
    "avi,ogg,mp3,wav,w64,flac,caf,aiff,au,voc,tak,shn,spdif,dts,dtshd,truehd,mlp,loas,rm,gsm,oma,"
    "sox,nut,mxf,iff,qcp,g722,sbc,ilbc,dss,adx,hca,brstm,xwma,aea,vqf,mmf,rso,wtv,dv,gxf,"
    "swf,qoa,osq,bonk,rka,wavarc,act,wsd,nsv,ast"
)
_INDEXED_CONTAINER = "mov,mp4,m4a,3gp,3g2,mj2"
_PLAIN_CONTAINERS = ("wav", "w64", "aiff", "au", "caf")
# Numbers its frames by samples: what damage took is silence, and the rest stays in its place, where
# libsndfile finds it, too.
_NUMBERED_CONTAINER = "flac"
_LONGEST_GAP_SECONDS = 10.0
# A header's promise of a length is checked by going through the rest of the file, if that is not too much.
_MOST_BYTES_COUNTED = 64_000_000
_LENGTH_TOLERANCE_SECONDS = 0.1
# FFmpeg stretches the last packet of an Ogg file to the end that is promised.
_LONGEST_PACKET_SECONDS = 1.0
_DTYPES = {
    "u8": np.uint8,
    "s16": np.int16,
    "s32": np.int32,
    "s64": np.int64,
    "flt": np.float32,
    "dbl": np.float64,
}


@contextmanager
def open_with_pyav(path: Path, name: str, start: float) -> Iterator[SoundSource]:
    """Open a file to read it from ``start`` seconds on.

    Raises
    ------
    InputError
        Here or while reading, if the file has no sound, is damaged, changes its format, or is out of range.
    """
    with ExitStack() as stack:
        track = _Track(stack.enter_context(_container(path)), name)
        frames = track.frames()
        heads = list(itertools.islice(frames, 2))
        if not heads:
            raise InputError(f"{name} contains no audio; expected at least one sample.")
        head = heads[0]
        rate, channels = head.sample_rate, head.layout.nb_channels
        check_format(rate, channels, name)
        first = first_frame(start, rate)
        place, frames = 0, itertools.chain(heads, frames)
        if track.is_seekable(heads, first):
            other = _Track(stack.enter_context(_container(path)), name)
            entered = other.enter(head, first - round(SEEK_AHEAD_SECONDS * rate))
            if entered is not None and entered[0] <= first:
                track, (place, frames) = other, entered
        yield SoundSource(rate, channels, track.blocks(frames, place, first), track.summary)


@contextmanager
def _container(path: Path) -> Iterator[InputContainer]:
    import av

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    with ExitStack() as stack:
        source = os.fspath(path.absolute())
        if head := mended_head(path):
            source = Spliced(stack.enter_context(path.open("rb")), *head)
        elif (begin := bytes_of_front_tags(path)) > LARGEST_PROBED:
            source = Spliced(stack.enter_context(path.open("rb")), b"", begin)
        elif start_of_unmeasured_sound(path) is not None:
            options["ignore_length"] = "1"
        yield stack.enter_context(av.open(source, metadata_errors="ignore", options=options))


class _Track:
    """The sound in a container, and what happened to its packets so far."""

    def __init__(self, container: InputContainer, name: str):
        stream = container.streams.best("audio")
        if stream is None:
            raise InputError(f"{name} has no sound track; expected an audio file.")
        _forget_order_of_channels(stream)
        self.container, self.stream, self.name = container, stream, name
        self.decoded = self.damaged = self.longest_frame = 0

    def frames(self) -> Iterator[AudioFrame]:
        """The frames of all packets that can be decoded."""
        import av

        packets = self.container.demux(self.stream)
        while True:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except av.FFmpegError:
                self.damaged += 1
            else:
                self.decoded += bool(frames)  # the last packet only flushes the decoder
                yield from frames

    def is_seekable(self, heads: Sequence[AudioFrame], first: int) -> bool:
        """Whether time stamps tell the place of a frame near ``first`` as counting would.

        ``heads`` are the first two pieces that were decoded.
        """
        head, rate, kind = heads[0], heads[0].sample_rate, self.container.format.name
        if head.pts is None or len(heads) < 2 or first < 2 * SEEK_AHEAD_SECONDS * rate:
            return False
        is_pcm = self.stream.codec_context.name.startswith("pcm_")
        if is_pcm and kind in _PLAIN_CONTAINERS:
            return True
        ticks = self.stream.time_base * rate  # samples in one tick
        index = self._index()
        if kind != _INDEXED_CONTAINER or ticks.denominator != 1 or len(index) < 3:
            return False
        stamp = head.pts + first // int(ticks)
        entry = index.search_timestamp(stamp)
        if is_pcm:
            return entry >= 0 and _lie_side_by_side(index, entry)
        step = heads[1].samples // int(ticks)
        regular = index[0].timestamp + entry * step
        return entry >= 0 and index[entry].timestamp == regular and stamp < regular + step

    def _index(self) -> IndexEntries | tuple[()]:
        return getattr(self.stream, "index_entries", ())  # since PyAV 15

    def enter(self, head: AudioFrame, place: int) -> tuple[int, Iterator[AudioFrame]] | None:
        """Seek to a frame; returns the place really reached and the frames from there on."""
        import av

        stamp = head.pts + int(place / (self.stream.time_base * head.sample_rate))
        try:
            self.container.seek(stamp, stream=self.stream)
        except av.FFmpegError:
            return None
        frames = self.frames()
        entered = next(frames, None)
        if entered is None or entered.pts is None:
            return None
        reached = round((entered.pts - head.pts) * entered.time_base * entered.sample_rate)
        return reached, itertools.chain([entered], frames)

    def blocks(
        self, frames: Iterator[AudioFrame], place: int, first: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Frames as arrays with their places, see `SoundSource`; ``place`` is that of the first one."""
        form = origin = None
        for frame in frames:
            rate, channels = frame.sample_rate, frame.layout.nb_channels
            self.longest_frame = max(self.longest_frame, frame.samples)
            form = form or (rate, channels)
            if form != (rate, channels):
                raise InputError(
                    f"{self.name} changes its sample rate or channels midway; expected one format."
                )
            if self.container.format.name == _NUMBERED_CONTAINER and frame.pts is not None:
                origin = frame.pts - place if origin is None else origin
                gap = frame.pts - origin - place
                if 0 < gap < _LONGEST_GAP_SECONDS * rate:
                    self.damaged += 1
                    yield place, np.zeros((gap, channels), np.float32)
                    place += gap
            if place + frame.samples > first:
                yield place, _samples_of(frame)
            place += frame.samples
        yield place, np.empty((0, form[1]), np.float32)

    def summary(self, reached: int, is_end: bool) -> FileSummary:
        if self.damaged > self.decoded:
            raise InputError(f"{self.name} is damaged, or no audio at all; expected an intact audio file.")
        total = reached if is_end else self._checked_total(reached)
        return FileSummary(total, ("Part of the file is damaged and was left out.",) if self.damaged else ())

    def _checked_total(self, reached: int) -> int | None:
        """Frames in the whole file by its header, or None if the rest of the file does not confirm them."""
        rate = self.stream.codec_context.sample_rate
        seconds = self._announced_seconds()
        if seconds is None or seconds > SECONDS_LIMIT:
            return None
        index = self._index()
        if self.container.format.name == _INDEXED_CONTAINER and len(index):
            if self._has_pauses(index):
                return None
            last = index[len(index) - 1]
            # The sound may begin late, after an empty edit, which some writers count as part of the length.
            late = max(0, self.stream.start_time or 0) * self.stream.time_base
            sound = last.timestamp * self.stream.time_base - late
            for length in (seconds, seconds - float(late)):
                if abs(sound - length) < _LENGTH_TOLERANCE_SECONDS:
                    is_there = last.pos + last.size <= self.container.size
                    return round(length * rate) if is_there else None
        left = self._seconds_left()
        if left is None or abs(reached / rate + left - seconds) > _LENGTH_TOLERANCE_SECONDS:
            return None
        return round(seconds * rate)

    def _has_pauses(self, index: IndexEntries) -> bool:
        """Whether packets lie further apart than they are long: then the file lasts longer than its sound."""
        if self.stream.codec_context.name.startswith("pcm_"):
            return False
        span = (index[len(index) - 1].timestamp - index[0].timestamp) * self.stream.time_base
        sound = (len(index) - 1) * self.longest_frame / self.stream.codec_context.sample_rate
        return span > sound + _LENGTH_TOLERANCE_SECONDS

    def _announced_seconds(self) -> float | None:
        if self.stream.duration is not None:
            return float(self.stream.duration * self.stream.time_base)
        return None if self.container.duration is None else self.container.duration / 1_000_000

    def _seconds_left(self) -> float | None:
        """Length of all unread packets; None if one has no duration, or the file is too large."""
        import av

        if self.container.size > _MOST_BYTES_COUNTED:
            return None
        ticks = 0
        longest = _LONGEST_PACKET_SECONDS / self.stream.time_base
        try:
            for packet in self.container.demux(self.stream):
                duration = packet.duration or 0
                if packet.size and not 0 < duration <= longest:
                    return None
                ticks += duration
        except av.FFmpegError:
            return None
        return float(ticks * self.stream.time_base)


def _lie_side_by_side(index: IndexEntries, entry: int) -> bool:
    """Whether all packets up to an entry begin where the one before ends, as their bytes tell.

    Edit lists leave packets out, or play them twice.
    """
    stamps, sizes = zip(*((index[i].timestamp, index[i].size) for i in range(entry + 1)), strict=True)
    steps = np.diff(stamps)
    return bool((steps * sizes[0] == steps[:1] * sizes[:-1]).all())


def _forget_order_of_channels(stream: AudioStream) -> None:
    """Give the decoder only the number of channels, without their order, which is not used here.

    Some versions of PyAV free a list of channels, as QuickTime files have it, with every frame once more,
    which ends the process.
    """
    layout = stream.codec_context.layout
    if "(" in layout.name:  # such a list
        stream.codec_context.layout = f"{layout.nb_channels} channels"


def _samples_of(frame: AudioFrame) -> np.ndarray:
    """A frame as (n, channels) float32.

    Without PyAV's `to_ndarray`, which reads beyond the eighth channel as if there were a ninth.
    """
    channels, is_planar = frame.layout.nb_channels, frame.format.is_planar
    count = frame.samples * (1 if is_planar else channels)
    dtype = _DTYPES[frame.format.name.removesuffix("p")]
    planes = frame.planes[: channels if is_planar else 1]
    values = np.stack([np.frombuffer(plane, dtype, count) for plane in planes], axis=1)
    return to_float(values if is_planar else values.reshape(-1, channels))
