"""A window is the same piece of sound as in the whole file, in every format, at every place.

Formats, rates, channels, lengths and offsets are drawn by a seeded generator. Sounds are noise, so that a
shift by one sample shows. The tolerance is 1 ms.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.signal.audio_files import lag_of, list_edits, pcm16, stack, wav_bytes, write_av, write_long_av
from tpexplore.signal.decode import SAMPLE_RATE, clip_from_array, load_audio, read_clip

MS = SAMPLE_RATE // 1000

FORMATS = {
    # name: (codec or subtype, container, rates, options, the codec's own delay in ms where it stays in the
    # file: nothing in these containers says how much of the beginning is not sound)
    "a.wav": ("PCM_16", None, (8_000, 44_100), {}, 0),
    "b.wav": ("PCM_24", None, (48_000, 96_000), {}, 0),
    "c.wav": ("PCM_U8", None, (11_025, 22_050), {}, 0),
    "d.wav": ("ULAW", None, (8_000,), {}, 0),
    "e.wav": ("IMA_ADPCM", None, (22_050,), {}, 0),
    "f.wav": ("MS_ADPCM", None, (22_050,), {}, 0),
    "g.wav": ("GSM610", None, (8_000,), {}, 0),
    "h.rf64": ("PCM_16", None, (44_100,), {}, 0),
    "i.w64": ("FLOAT", None, (44_100,), {}, 0),
    "j.aiff": ("PCM_24", None, (44_100,), {}, 0),
    "dwvw.aiff": ("DWVW_16", None, (44_100,), {}, 0),
    "k.caf": ("PCM_16", None, (44_100,), {}, 0),
    "l.caf": ("ALAC_16", None, (44_100,), {}, 0),
    "m.au": ("PCM_16", None, (16_000,), {}, 0),
    "n.flac": ("PCM_16", None, (16_000, 44_100, 96_000), {}, 0),
    "vorbis.ogg": ("VORBIS", None, (16_000, 44_100), {}, 0),
    "flac.oga": ("flac", "ogg", (44_100, 48_000), {}, 0),
    "opus.opus": ("libopus", "ogg", (48_000,), {}, 0),
    "narrow.opus": ("libopus", "ogg", (16_000,), {}, 0),
    "xing.mp3": ("libmp3lame", "mp3", (16_000, 44_100), {}, 0),
    "bare.mp3": ("libmp3lame", "mp3", (44_100,), {"write_xing": "0"}, 25),
    "mp2.mp2": ("mp2", "mp2", (44_100,), {}, 11),
    "aac.m4a": ("aac", "ipod", (16_000, 44_100, 48_000), {}, 0),
    "adts.aac": ("aac", "adts", (44_100,), {}, 24),
    "fragments.mp4": ("aac", "mp4", (44_100,), {"movflags": "empty_moov", "frag_duration": "500000"}, 24),
    "alac.m4a": ("alac", "ipod", (44_100,), {}, 0),
    "pcm.mov": ("pcm_s24be", "mov", (48_000,), {}, 0),
    "opus.webm": ("libopus", "webm", (48_000,), {}, 0),
    "live.webm": ("libopus", "webm", (48_000,), {"live": "1"}, 0),
    "flac.mka": ("flac", "matroska", (44_100,), {}, 0),
    "mp3.mka": ("libmp3lame", "matroska", (44_100,), {}, 0),
    # FFmpeg drops the first frame of WMA, because it has only half of it.
    "slow.wma": ("wmav2", "asf", (8_000,), {"b": "128k"}, -64),
    "wma2.wma": ("wmav2", "asf", (44_100,), {"b": "64k"}, -46),
    "wma1.wma": ("wmav1", "asf", (22_050,), {"b": "32k"}, -47),
    "ac3.ac3": ("ac3", "ac3", (48_000,), {}, 6),
    "eac3.eac3": ("eac3", "eac3", (48_000,), {}, 6),
    "amr.amr": ("libopencore_amrnb", "amr", (8_000,), {}, 6),
    "wavpack.wv": ("wavpack", "wv", (44_100,), {}, 0),
    "tta.tta": ("tta", "tta", (44_100,), {}, 0),
    "aac.ts": ("aac", "mpegts", (44_100,), {}, 24),
    "aac.flv": ("aac", "flv", (44_100,), {}, 24),
    "mp3.avi": ("libmp3lame", "avi", (44_100,), {}, 26),
    "g726.wav": ("g726", "wav", (8_000,), {}, 0),
    "mp3.wav": ("libmp3lame", "wav", (44_100,), {}, 26),
    "pcm.sox": ("pcm_s32le", "sox", (44_100,), {}, 0),
    "flac.nut": ("flac", "nut", (44_100,), {}, 0),
    "call.g722": ("g722", "g722", (16_000,), {}, 1),
    "brick.rso": ("pcm_u8", "rso", (8_000,), {}, 0),
    "game.adx": ("adpcm_adx", "adx", (44_100,), {}, 0),
    "flash.swf": ("libmp3lame", "swf", (44_100,), {}, 26),
    "console.ast": ("pcm_s16be_planar", "ast", (44_100,), {}, 0),
    "television.wtv": ("mp2", "wtv", (44_100,), {}, 11),
}


def write(folder: Path, name: str, frames: np.ndarray, rate: int) -> Path:
    codec, container, _, options, _ = FORMATS[name]
    path = folder / name
    if container:
        return write_av(path, frames, rate, codec, container, **options)
    with soundfile.SoundFile(path, "w", rate, frames.shape[1], subtype=codec) as file:
        for start in range(0, len(frames), 4_096):  # with more at once, libvorbis overruns its stack
            file.write(frames[start : start + 4_096])
    return path


def noise(random: np.random.Generator, rate: int, seconds: float) -> np.ndarray:
    """Low-pass noise, whose waveform all codecs keep, different at every moment."""
    spectrum = np.fft.rfft(random.normal(0, 1, round(rate * seconds)))
    hertz = np.fft.rfftfreq(round(rate * seconds), 1 / rate)
    spectrum[(hertz < 100) | (hertz > 2_000)] = 0
    signal = np.fft.irfft(spectrum, round(rate * seconds))
    return 0.1 * signal / signal.std()


def check_windows(path: Path, offsets: list[float]) -> np.ndarray:
    """Compare windows with the whole decode, which is returned."""
    whole = load_audio(path, duration=1_000)
    for offset in offsets:
        clip = read_clip(path, offset=offset, duration=1.0)
        expected = whole[round(offset * SAMPLE_RATE) :][:SAMPLE_RATE]
        assert abs(len(clip.samples) - len(expected)) <= 1
        assert abs(lag_of(clip.samples, expected)) <= MS, f"{path.name} at {offset} s"
        size = min(len(clip.samples), len(expected))
        assert np.corrcoef(clip.samples[:size], expected[:size])[0, 1] > 0.9
    return whole


@pytest.mark.parametrize("name", FORMATS)
def test_a_window_is_the_same_sound_as_in_the_whole_file(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng([2026, *name.encode()])
    _, _, rates, _, delay = FORMATS[name]
    rate, channels, seconds = (
        int(random.choice(rates)),
        1 + int(random.integers(2)),
        random.integers(45, 70) / 10,
    )
    mono = ("g.wav", "amr.amr", "g726.wav", "dwvw.aiff", "call.g722", "brick.rso")
    channels = 1 if name in mono else channels
    signal = noise(random, rate, seconds)
    path = write(tmp_path, name, stack(signal, channels), rate)
    offsets = [0.0, 2.95, *random.integers(200, 1_000 * seconds - 1_300, 3) / 1_000]
    whole = check_windows(path, offsets)
    original = clip_from_array(signal, rate, duration=100).samples
    assert abs(lag_of(whole, original) - delay * MS) <= MS
    assert len(whole) == pytest.approx(len(original), abs=0.08 * SAMPLE_RATE)
    known = read_clip(path, duration=1.0).file_seconds
    assert known is None or known == pytest.approx(len(whole) / SAMPLE_RATE, abs=0.1)


def framed(head: bytes, start: bytes, size: int, count: int) -> bytes:
    """A file of ``count`` frames of ``size`` bytes, each beginning with ``start``."""
    random = np.random.default_rng(11)
    return head + b"".join(start + random.bytes(size - len(start)) for _ in range(count))


RECORDERS = {
    "call.lbc": framed(b"#!iLBC30\n", b"", 50, 200),
    "minidisc.aea": framed(b"\0\x08".ljust(264, b"\0") + b"\x01".ljust(1_784, b"\0"), b"\xac\0", 212, 400),
    "dictation.dss": framed(
        b"\x02dss".ljust(38, b"\0") + b"261128120000" * 2 + bytes(962), b"\0\0\x0c\0\0\0", 512, 30
    ),
}


@pytest.mark.parametrize("name", RECORDERS)
def test_recorders_whose_formats_nothing_writes_are_read(tmp_path: Path, name: str) -> None:
    """Whatever lies in their frames is sound."""
    path = tmp_path / name
    path.write_bytes(RECORDERS[name])
    seconds = len(load_audio(path, duration=1_000)) / SAMPLE_RATE
    assert seconds > 3
    check_windows(path, [0.5, seconds - 1.2])


@pytest.mark.parametrize("quiet_first", [True, False])
@pytest.mark.parametrize("header", ["none", "VBRI"])
def test_all_of_a_variable_bit_rate_mp3_is_there(tmp_path: Path, quiet_first: bool, header: str) -> None:
    """Its length does not follow from the first frames' bit rate."""
    random = np.random.default_rng(0)
    loud = random.normal(0, 0.2, 20 * 44_100)
    levels = np.repeat([0.0005, 1.0] if quiet_first else [1.0, 0.0005], 10 * 44_100)
    path = tmp_path / "a.mp3"
    write_av(path, (loud * levels)[:, None], 44_100, "libmp3lame", "mp3", b="0", write_xing="0")
    if header == "VBRI":
        path.write_bytes(with_vbri(path.read_bytes()))
    whole = check_windows(path, [1.0, 9.5, 15.0, 18.5])
    assert len(whole) / SAMPLE_RATE == pytest.approx(20, abs=0.1)
    known = read_clip(path, duration=1.0).file_seconds
    assert known is None or known == pytest.approx(20, abs=0.1)


def with_vbri(content: bytes) -> bytes:
    """An MP3 with Fraunhofer's header in front, in a frame of its own, that promises a third."""
    begin = content.index(b"\xff\xfb")
    head = content[begin : begin + 4]
    kilobits = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[head[2] >> 4]
    frame = bytearray(144_000 * kilobits // 44_100 + (head[2] >> 1 & 1))
    frame[:4] = head
    promise = struct.pack(">4sHHHIIHHHH", b"VBRI", 1, 0, 75, len(content) // 3, 255, 10, 1, 2, 25)
    frame = frame.ljust(36 + len(promise), b"\0")
    frame[36 : 36 + len(promise)] = promise
    return content[:begin] + bytes(frame) + content[begin:]


@pytest.mark.parametrize("size", [60_000, 1_500_000])  # as much as a picture of an album takes
@pytest.mark.parametrize(("name", "mark"), [("bare.mp3", b"\xff\xfb"), ("n.flac", b"fLaC")])
def test_tags_and_pictures_around_the_sound_are_no_sound(
    tmp_path: Path, name: str, mark: bytes, size: int
) -> None:
    """From a large tag in front FFmpeg concludes that a file is MP3, unless its name says otherwise."""
    random = np.random.default_rng(1)
    path = write(tmp_path, name, noise(random, 44_100, 6)[:, None], 44_100)
    bare, content = load_audio(path), path.read_bytes()
    content = content[content.index(mark) :]
    tag = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)
    tagged = tmp_path / "tagged"
    tagged.write_bytes(tag + content + b"TAG" + bytes(125))
    assert np.allclose(check_windows(tagged, [2.95, 4.1]), bare, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["vorbis.ogg", "opus.opus", "narrow.opus", "flac.oga", "n.flac", "bare.mp3", "adts.aac"]
)
def test_streams_one_after_another_are_one_sound(tmp_path: Path, name: str) -> None:
    """As radio stations and `cat` make them: time stamps restart in the middle."""
    random, rate = np.random.default_rng(2), FORMATS[name][2][-1]
    parts = []
    for _ in range(2):
        parts.append(write(tmp_path, name, noise(random, rate, 4)[:, None], rate).read_bytes())
    second = load_audio(tmp_path / name)
    path = tmp_path / f"both-{name}"
    path.write_bytes(b"".join(parts))
    whole = check_windows(path, [0.5, 2.95, 5.0, 6.5])
    assert len(whole) / SAMPLE_RATE == pytest.approx(8, abs=0.15)
    assert abs(lag_of(whole, second) / SAMPLE_RATE - 4) < 0.06
    known = read_clip(path, duration=1.0).file_seconds
    assert known is None or known == pytest.approx(8, abs=0.15)


@pytest.mark.parametrize("name", ["n.flac", "vorbis.ogg", "opus.opus", "aac.m4a", "wavpack.wv", "pcm.mov"])
def test_eight_channels_are_read(tmp_path: Path, name: str) -> None:
    """PyAV counts nine of them if each has its own array."""
    signal = noise(np.random.default_rng(8), 48_000, 3)
    path = write(tmp_path, name, stack(signal, 8), 48_000)
    whole = check_windows(path, [0.0, 1.7])
    assert read_clip(path, duration=1.0).source_channels == 8
    assert abs(lag_of(whole, clip_from_array(signal, 48_000).samples)) <= MS


def test_channels_in_an_order_of_their_own_are_read(tmp_path: Path) -> None:
    """QuickTime has orders that FFmpeg lists channel by channel, a list that PyAV frees twice."""
    signal = noise(np.random.default_rng(10), 48_000, 3)
    path = write(tmp_path, "pcm.mov", stack(signal, 6), 48_000)
    content = bytearray(path.read_bytes())
    order = content.index(b"chan") + 8
    assert content[order : order + 4] != b"\0\0\0\0"
    content[order : order + 4] = struct.pack(">HH", 122, 6)  # left, right, surrounds, centre, low
    path.write_bytes(content)
    whole = check_windows(path, [0.0, 1.7])
    assert np.allclose(whole, clip_from_array(signal, 48_000).samples, atol=1e-4)


@pytest.mark.parametrize("name", ["aac.m4a", "alac.m4a", "flac.mka", "opus.webm", "pcm.mov"])
@pytest.mark.parametrize("pause", [0.4, 3.0])
def test_a_pause_between_packets_is_no_sound(tmp_path: Path, name: str, pause: float) -> None:
    """Cameras leave such gaps; the samples on either side follow one another, and the length is theirs."""
    container = FORMATS[name][1]
    short = write(tmp_path, name, noise(np.random.default_rng(9), 48_000, 4)[:, None], 48_000)
    path = write_long_av(tmp_path / f"pause-{name}", short, 3, container, pause=pause)
    whole = check_windows(path, [0.5, 2.95, 6.2, 9.0])
    known = read_clip(path, duration=1.0).file_seconds
    assert known is None or known == pytest.approx(len(whole) / SAMPLE_RATE, abs=0.1)


@pytest.mark.parametrize("name", ["aac.m4a", "alac.m4a", "pcm.mov"])
@pytest.mark.parametrize(
    ("edits", "seconds"),
    [
        ([(5_000, 1024), (4_000, 480_000)], 9),  # in ms, from that sample on
        ([(4_000, 0), (2_000, -1), (6_000, 200_000)], 12),  # FFmpeg plays sound in a gap
        ([(3_000, 100_000), (3_000, 100_000), (3_000, 1024)], 9),
        ([(2_000, -1), (9_000, 1024)], 9),
        ([(1_000, 48_000 * second) for second in range(9)], 9),
        ([(9_000, 150_077)], 9),
    ],
    ids=["two", "a gap", "one of them twice", "late", "every second", "one"],
)
def test_edits_are_played_as_they_are_listed(tmp_path: Path, name: str, edits, seconds: int) -> None:
    """What video editors write: parts of the sound that are left out, or played again."""
    path = write(tmp_path, name, noise(np.random.default_rng(12), 48_000, 14)[:, None], 48_000)
    list_edits(path, edits)
    whole = check_windows(path, [0.5, 2.95, 4.7, 6.1, 8.3])
    # At the borders, whole packets are played.
    assert len(whole) / SAMPLE_RATE == pytest.approx(seconds, abs=0.2)
    known = read_clip(path, duration=1.0).file_seconds
    assert known is None or known == pytest.approx(seconds, abs=0.2)


# --- headers that are wrong ------------------------------------------------------------------------


def ogg_checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


@pytest.mark.parametrize("claimed", [2**62, 48_000 * 20, 100])
@pytest.mark.parametrize("name", ["flac.oga", "vorbis.ogg", "opus.opus", "narrow.opus"])
def test_the_last_page_of_an_ogg_file_is_not_believed(tmp_path: Path, name: str, claimed: int) -> None:
    rate = FORMATS[name][2][-1]
    path = write(tmp_path, name, noise(np.random.default_rng(3), rate, 12)[:, None], rate)
    content = path.read_bytes()
    last = content.rindex(b"OggS")
    page = bytearray(content[last:])
    page[6:14] = struct.pack("<q", claimed)
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", ogg_checksum(bytes(page)))
    path.write_bytes(content[:last] + page)
    assert read_clip(path, duration=1.0).file_seconds is None
    assert read_clip(path, offset=8.0, duration=1.0).file_seconds is None
    whole = check_windows(path, [2.95, 8.0])
    assert len(whole) / SAMPLE_RATE == pytest.approx(12, abs=0.3)


@pytest.mark.parametrize("suffix", ["wav", "aiff", "au", "caf"])
@pytest.mark.parametrize("claimed", ["half", "none", "two samples", "all bits"])
def test_sound_goes_on_where_a_header_says_it_ends(tmp_path: Path, suffix: str, claimed: str) -> None:
    """Sizes in headers are those of the last update, of a pipe, or do not fit into 32 bits."""
    signal = np.random.default_rng(4).uniform(-0.5, 0.5, 6 * 16_000)
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, signal, 16_000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    size = {"half": 6 * 16_000, "none": 0, "two samples": 4, "all bits": 0xFFFFFFFF}[claimed]
    if suffix == "wav":
        place, number = content.index(b"data") + 4, struct.pack("<I", size)
    elif suffix == "aiff":  # eight bytes of the chunk are not sound
        place, number = content.index(b"SSND") + 4, struct.pack(">I", min(size + 8, 0xFFFFFFFF))
    elif suffix == "au":
        place, number = 8, struct.pack(">I", size)
    else:  # CAF has 64 bits, -1 where the size is not known, and four bytes that are not sound
        size = -1 if claimed == "all bits" else size + 4
        place, number = content.index(b"data") + 4, struct.pack(">q", size)
    content[place : place + len(number)] = number
    path.write_bytes(content)
    for offset in (0.0, 2.95, 4.5):
        clip = read_clip(path, offset=offset, duration=1.0)
        start = round(offset * 16_000)
        assert np.allclose(clip.samples, signal[start : start + 16_000], atol=1e-4)
        assert clip.file_seconds == 6.0


@pytest.mark.parametrize("name", ["e.wav", "f.wav", "g.wav", "mp3.wav"])
def test_compressed_sound_goes_on_where_a_wav_says_it_ends(tmp_path: Path, name: str) -> None:
    rate = FORMATS[name][2][0]
    path = write(tmp_path, name, noise(np.random.default_rng(9), rate, 8)[:, None], rate)
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", struct.unpack_from("<I", content, place)[0] // 2)
    path.write_bytes(content)
    assert len(check_windows(path, [2.95, 6.5])) / SAMPLE_RATE == pytest.approx(8, abs=0.1)


def test_sound_after_damage_stays_in_its_place_in_a_flac(tmp_path: Path) -> None:
    """Two libraries read it, one of which would drop the damaged frames without a message."""
    path, random = tmp_path / "a.flac", np.random.default_rng(10)
    signal = noise(random, 16_000, 12)
    soundfile.write(path, signal, 16_000)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 3_000] = random.bytes(3_000)
    path.write_bytes(content)
    whole = check_windows(path, [1.0, 6.0, 8.0])
    assert len(whole) == 12 * 16_000
    assert lag_of(whole, signal) == 0
    notes = read_clip(path, duration=12).notes
    assert notes == ("Part of the file is damaged and was left out.",)


@pytest.mark.parametrize(
    "tail",
    [
        b"LIST" + struct.pack("<I", 5_000) + bytes(5_000),
        b"id3 " + struct.pack("<I", 4_000) + b"ID3\x03" + bytes(3_996),
        b"ID3\x03" + bytes(5_000),
        b"TAG" + bytes(125),
        b"\0",
    ],
    ids=["list", "id3 chunk", "id3", "id3v1", "padding"],
)
def test_what_follows_the_sound_of_a_wav_is_no_sound(tmp_path: Path, tail: bytes) -> None:
    signal = np.random.default_rng(5).uniform(-0.5, 0.5, 2 * 16_000)
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(pcm16(signal)) + tail)
    assert (read_clip(path).seconds, read_clip(path).file_seconds) == (2.0, 2.0)


@pytest.mark.parametrize("claimed", ["what 32 bits hold", "all bits", "none"])
def test_all_of_a_wav_of_more_than_4_gib_is_there(tmp_path: Path, claimed: str) -> None:
    rate, seconds, place = 384_000, 6_000, 5_900
    signal = np.random.default_rng(6).uniform(-0.5, 0.5, rate)
    size = seconds * rate * 2
    number = {"what 32 bits hold": size & 0xFFFFFFFF, "all bits": 0xFFFFFFFF, "none": 0}[claimed]
    path = tmp_path / "large.wav"
    with path.open("wb") as file:  # sparse
        file.write(wav_bytes(b"", rate=rate, claimed=number))
        file.truncate(44 + size)
        file.seek(44 + place * rate * 2)
        file.write(pcm16(signal))
    clip = read_clip(path, offset=place, duration=1.0)
    expected = clip_from_array(signal, rate).samples
    assert np.allclose(clip.samples[200:-200], expected[200:-200], atol=1e-3)
    assert clip.file_seconds == seconds
    assert read_clip(path, duration=1.0).file_seconds == seconds


@pytest.mark.parametrize("claimed", ["half", "a sample", "twice"])
def test_all_of_a_flac_is_there_whatever_its_header_promises(tmp_path: Path, claimed: str) -> None:
    path = tmp_path / "a.flac"
    signal = noise(np.random.default_rng(7), 44_100, 6)
    soundfile.write(path, signal, 44_100)
    content = bytearray(path.read_bytes())
    frames = {"half": len(signal) // 2, "a sample": 1, "twice": 2 * len(signal)}[claimed]
    content[21:26] = (content[21] >> 4 << 36 | frames).to_bytes(5, "big")
    path.write_bytes(content)
    whole = check_windows(path, [0.4, 2.95, 4.6])
    assert np.allclose(whole, clip_from_array(signal, 44_100).samples, atol=1e-4)
    assert read_clip(path, duration=1.0).file_seconds in (None, 6.0)


def test_heads_of_blocks_in_a_voc_are_no_sound(tmp_path: Path) -> None:
    signal = noise(np.random.default_rng(7), 44_100, 6)
    path = write_av(tmp_path / "a.voc", stack(signal, 2), 44_100, "pcm_s16le", "voc")
    whole = check_windows(path, [0.4, 2.95, 4.6])
    assert np.allclose(whole, clip_from_array(signal, 44_100).samples, atol=1e-4)


def test_a_flac_of_a_pipe_is_entered_where_it_should_be(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    signal = noise(np.random.default_rng(7), 44_100, 8)
    soundfile.write(path, signal, 44_100)
    content = bytearray(path.read_bytes())
    content[21:26] = (content[21] >> 4 << 36).to_bytes(5, "big")  # number of samples: not known
    path.write_bytes(content)
    check_windows(path, [0.4, 2.95, 6.6])
    assert read_clip(path, duration=1.0).file_seconds is None


def test_the_rest_of_a_cut_off_m4a_is_not_promised(tmp_path: Path) -> None:
    signal = noise(np.random.default_rng(8), 44_100, 14)
    path = write_av(tmp_path / "a.m4a", signal[:, None], 44_100, "alac", "ipod", movflags="faststart")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])  # its index, in front, lists all of it
    assert read_clip(path, duration=1.0).file_seconds is None
    check_windows(path, [2.95, 5.0])
