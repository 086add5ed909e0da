"""signal/decode.py: every format in, one checked mono 16 kHz waveform or one clear sentence out."""

from __future__ import annotations

import ast
import os
import re
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from tests.signal.audio_files import (
    LEVEL,
    TONE_HZ,
    dominant_hz,
    lag_of,
    pcm16,
    refusal,
    rms,
    snr_db,
    stack,
    sweep,
    tone,
    wav_bytes,
    write_av,
    write_long_av,
)
from tpexplore.signal import decode, pyav_reader
from tpexplore.signal.decode import (
    MAX_SECONDS,
    SAMPLE_RATE,
    clip_from_array,
    load_audio,
    read_clip,
)

# --- the zoo: all formats give the same clip ------------------------------------------------------

SOUNDFILE_ZOO = [
    # name, subtype, rate, channels
    ("u8.wav", "PCM_U8", 16_000, 1),
    ("s16.wav", "PCM_16", 44_100, 2),
    ("s24.wav", "PCM_24", 96_000, 1),
    ("s32.wav", "PCM_32", 48_000, 6),
    ("float.wav", "FLOAT", 22_050, 1),
    ("double.wav", "DOUBLE", 11_025, 2),
    ("ulaw.wav", "ULAW", 8_000, 1),
    ("alaw.wav", "ALAW", 8_000, 1),
    ("ima.wav", "IMA_ADPCM", 16_000, 1),
    ("ms.wav", "MS_ADPCM", 22_050, 1),
    ("gsm.wav", "GSM610", 8_000, 1),
    ("g721.wav", "G721_32", 8_000, 1),  # not seekable
    ("eight.wav", "PCM_16", 16_000, 8),
    ("slowest.wav", "PCM_16", 4_000, 1),
    ("fastest.wav", "PCM_16", 384_000, 1),
    ("odd.wav", "PCM_16", 16_001, 1),
    ("a.flac", "PCM_16", 44_100, 2),
    ("b.flac", "PCM_24", 32_000, 8),
    ("vorbis.ogg", "VORBIS", 44_100, 2),
    ("opus.ogg", "OPUS", 48_000, 1),
    ("a.mp3", "MPEG_LAYER_III", 44_100, 2),
    ("a.aiff", "PCM_16", 44_100, 1),
    ("a.caf", "PCM_16", 44_100, 1),
    ("alac.caf", "ALAC_16", 44_100, 1),
    ("a.au", "PCM_16", 8_000, 1),
    ("a.w64", "PCM_16", 16_000, 1),
    ("a.rf64", "PCM_16", 16_000, 1),
]

AV_ZOO = [
    # name, codec, container, rate, channels, options
    ("aac.m4a", "aac", "ipod", 44_100, 2, {}),
    ("aac.mp4", "aac", "mp4", 48_000, 1, {}),
    ("fragments.m4a", "aac", "mp4", 48_000, 1, {"movflags": "empty_moov", "frag_duration": "500000"}),
    ("aac.aac", "aac", "adts", 44_100, 1, {}),
    ("alac.m4a", "alac", "ipod", 44_100, 1, {}),
    ("aac.3gp", "aac", "3gp", 16_000, 1, {}),
    ("pcm.mov", "pcm_s16le", "mov", 44_100, 2, {}),
    ("opus.webm", "libopus", "webm", 48_000, 1, {}),
    ("recorder.webm", "libopus", "webm", 48_000, 1, {"live": "1"}),  # no index, no duration: a browser's
    ("opus.opus", "libopus", "ogg", 48_000, 1, {}),
    ("wma.wma", "wmav2", "asf", 44_100, 1, {"b": "128k"}),
    ("flac.mka", "flac", "matroska", 44_100, 2, {}),
    ("six.mka", "flac", "matroska", 48_000, 6, {}),
    ("u8.mka", "pcm_u8", "matroska", 16_000, 1, {}),
    ("s32.mka", "pcm_s32le", "matroska", 16_000, 2, {}),
    ("f64.mka", "pcm_f64le", "matroska", 16_000, 1, {}),
    ("ac3.ac3", "ac3", "ac3", 48_000, 2, {}),
    ("eac3.eac3", "eac3", "eac3", 48_000, 1, {}),
    ("amr.amr", "libopencore_amrnb", "amr", 8_000, 1, {}),
    ("wavpack.wv", "wavpack", "wv", 44_100, 1, {}),
    ("tta.tta", "tta", "tta", 44_100, 1, {}),
    ("aac.flv", "aac", "flv", 44_100, 1, {}),
    ("aac.ts", "aac", "mpegts", 44_100, 1, {}),
    ("mp3.avi", "mp3", "avi", 44_100, 1, {}),
    ("mp2.mp2", "mp2", "mp2", 44_100, 1, {}),
]

LEVEL_TOLERANCE = {"amr.amr": 0.2, "mp3.avi": 0.1}
"""Relative, for the encoders that change the level."""


def check_tone(clip: decode.Clip, seconds: float, rate: int, channels: int, level_tolerance: float) -> None:
    assert clip.samples.dtype == np.float32
    assert clip.samples.ndim == 1
    assert clip.seconds == pytest.approx(seconds, abs=0.08)  # codecs pad to whole packets
    assert clip.file_seconds is None or clip.file_seconds == pytest.approx(seconds, abs=0.15)
    assert (clip.source_rate, clip.source_channels, clip.offset) == (rate, channels, 0.0)
    assert clip.notes == ()
    middle = clip.samples[3_200:-3_200]
    assert dominant_hz(middle) == pytest.approx(TONE_HZ, abs=1.0)
    assert rms(middle) == pytest.approx(LEVEL / np.sqrt(2), rel=level_tolerance)


@pytest.mark.parametrize(("name", "subtype", "rate", "channels"), SOUNDFILE_ZOO, ids=lambda v: str(v))
def test_formats_of_soundfile(tmp_path: Path, name: str, subtype: str, rate: int, channels: int) -> None:
    path = tmp_path / name
    soundfile.write(path, stack(tone(rate, 1.5), channels), rate, subtype=subtype)
    check_tone(read_clip(path), 1.5, rate, channels, 0.03)


@pytest.mark.parametrize(
    ("name", "codec", "container", "rate", "channels", "options"), AV_ZOO, ids=[row[0] for row in AV_ZOO]
)
def test_formats_of_av(
    tmp_path: Path, name: str, codec: str, container: str, rate: int, channels: int, options: dict[str, str]
) -> None:
    frames = stack(tone(rate, 1.5), channels)
    path = write_av(tmp_path / name, frames, rate, codec, container, **options)
    check_tone(read_clip(path), 1.5, rate, channels, LEVEL_TOLERANCE.get(name, 0.03))


def test_load_audio_is_the_samples_of_read_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(44_100, 1), 44_100)
    assert np.array_equal(load_audio(str(path)), read_clip(path).samples)
    assert np.array_equal(
        load_audio(path, offset=0.3, duration=0.2), read_clip(path, offset=0.3, duration=0.2).samples
    )


@pytest.mark.parametrize(
    "name", ["Hündchen 犬.wav", "line\nbreak.wav", "#%&?.wav", "concat:a.wav", "sound.raw"]
)
def test_any_name_of_a_file_works(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(wav_bytes(pcm16(tone(16_000, 1))))
    assert read_clip(path).seconds == 1.0


def test_a_relative_path_is_a_path_whatever_it_looks_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_av(tmp_path / "a.m4a", tone(16_000, 1)[:, None], 16_000, "alac", "ipod").rename("http:a.m4a")
    assert read_clip("http:a.m4a").seconds == 1.0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_not_text_works(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.wav")
    path.write_bytes(wav_bytes(pcm16(tone(16_000, 1))))
    assert read_clip(path).seconds == 1.0
    path.write_bytes(b"text")
    assert refusal(read_clip, path).isprintable()


# --- channels and levels -------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["wav", "mka"])
def test_mono_is_the_plain_mean_and_does_not_clip(tmp_path: Path, suffix: str) -> None:
    frames = tone(48_000, 1, level=0.9)[:, None] * np.array([1, 1, 1, 1, 1, 0.4])
    path = tmp_path / f"six.{suffix}"
    if suffix == "wav":
        soundfile.write(path, frames, 48_000)
    else:
        write_av(path, frames, 48_000, "flac", "matroska")
    peak = np.abs(read_clip(path).samples[2_000:-2_000]).max()
    assert peak == pytest.approx(0.9 * 5.4 / 6, rel=1e-3)


def test_floats_beyond_one_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, tone(16_000, 1, level=3.0), 16_000, subtype="FLOAT")
    clip = read_clip(path)
    assert np.abs(clip.samples).max() == pytest.approx(3.0, rel=1e-3)
    assert clip.notes == ()


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_channels_that_cancel_out_are_not_mixed(tmp_path: Path, suffix: str) -> None:
    signal = tone(44_100, 1)
    frames = np.stack([signal, -signal], axis=1)
    path = tmp_path / f"anti.{suffix}"
    if suffix == "wav":
        soundfile.write(path, frames, 44_100)
    else:
        write_av(path, frames, 44_100, "alac", "ipod")
    clip = read_clip(path)
    assert clip.notes == ("Channels cancel out when mixed; channel 1 is used.",)
    assert rms(clip.samples[2_000:-2_000]) == pytest.approx(LEVEL / np.sqrt(2), rel=0.01)


def test_the_channel_used_instead_of_the_mix_is_not_an_empty_one() -> None:
    signal = tone(16_000, 1)
    clip = clip_from_array(np.stack([0 * signal, signal, -signal], axis=1), 16_000)
    assert clip.notes == ("Channels cancel out when mixed; channel 2 is used.",)
    assert np.allclose(clip.samples, signal, atol=1e-6)


def test_channels_that_cancel_only_partly_are_mixed() -> None:
    signal = tone(16_000, 1)
    clip = clip_from_array(np.stack([signal, -0.9 * signal], axis=1), 16_000)
    assert clip.notes == ()
    assert rms(clip.samples) == pytest.approx(0.05 * LEVEL / np.sqrt(2), rel=0.01)


# --- resampling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 384_000])
def test_resampling_is_right(rate: int) -> None:
    signal = tone(rate, 2, 440) + 0.3 * tone(rate, 2, 1_500)
    result = clip_from_array(signal, rate).samples
    ideal = tone(SAMPLE_RATE, 2, 440) + 0.3 * tone(SAMPLE_RATE, 2, 1_500)
    gcd = np.gcd(SAMPLE_RATE, rate)
    other = resample_poly(signal, SAMPLE_RATE // gcd, rate // gcd)
    assert len(result) == len(ideal) == len(other)
    middle = slice(4_000, -4_000)
    assert snr_db(result[middle], ideal[middle]) > 95
    assert snr_db(result[middle], other[middle]) > 45  # as good as that one's filter is


def test_16_khz_is_passed_on_bit_for_bit(tmp_path: Path) -> None:
    signal = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    path = tmp_path / "a.wav"
    soundfile.write(path, signal, 16_000, subtype="FLOAT")
    assert np.array_equal(load_audio(path), signal)


def test_what_16_khz_cannot_hold_is_removed() -> None:
    samples = clip_from_array(tone(44_100, 2, 11_000), 44_100).samples
    assert rms(samples[2_000:-2_000]) < 1e-5


# --- the window ----------------------------------------------------------------------------------


def test_max_seconds_is_what_1024_frames_need() -> None:
    assert MAX_SECONDS * SAMPLE_RATE == 400 + 1_023 * 160
    assert len(clip_from_array(tone(44_100, 11), 44_100).samples) == 164_080


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("a.wav", 44_100),
        ("a.flac", 44_100),
        ("a.mp3", 16_000),
        ("a.ogg", 44_100),
        ("g721.wav", 8_000),
        ("alac.m4a", 44_100),
        ("aac.m4a", 44_100),
        ("aac.aac", 44_100),
        ("opus.opus", 48_000),
        ("opus.webm", 48_000),
        ("recorder.webm", 48_000),
        ("flac.mka", 44_100),
        ("wma.wma", 44_100),
    ],
)
def test_an_offset_reads_what_the_whole_file_has_there(tmp_path: Path, name: str, rate: int) -> None:
    path, signal = tmp_path / name, sweep(rate, 14)
    encoded = {row[0]: row for row in AV_ZOO}
    if name in encoded:
        _, codec, container, _, _, options = encoded[name]
        write_av(path, signal[:, None], rate, codec, container, **options)
    else:
        soundfile.write(path, signal, rate, subtype="G721_32" if name.startswith("g721") else None)
    whole = load_audio(path, duration=100)
    for offset in (0.05, 0.9, 1.2, 7.3, 12.6):
        clip = read_clip(path, offset=offset, duration=1.0)
        expected = whole[round(offset * SAMPLE_RATE) :][:SAMPLE_RATE]
        assert len(clip.samples) == len(expected) == SAMPLE_RATE
        assert lag_of(clip.samples, expected) == 0
        assert np.abs(clip.samples - expected).max() < 1e-3
        assert clip.offset == offset


def test_where_seeking_misses_the_place_the_file_is_read_from_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_av(tmp_path / "a.m4a", sweep(44_100, 14)[:, None], 44_100, "alac", "ipod")
    expected = load_audio(path, offset=6.0, duration=1.0)
    monkeypatch.setattr(pyav_reader, "SEEK_AHEAD_SECONDS", -3.0)
    assert np.allclose(load_audio(path, offset=6.0, duration=1.0), expected, atol=1e-4)


def test_notes_tell_what_part_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8_000, 20), 8_000)
    assert read_clip(path).notes == ("Showing 10.26 s (0.00 to 10.26 s) of your 20.00 s clip.",)
    end = read_clip(path, offset=15.5)
    assert end.notes == ("Showing 4.50 s (15.50 to 20.00 s) of your 20.00 s clip.",)
    assert (end.seconds, end.file_seconds) == (4.5, 20.0)
    assert read_clip(path, duration=25).notes == ()


def test_an_offset_of_minus_zero_is_zero() -> None:
    clip = clip_from_array(tone(16_000, 1), 16_000, offset=-0.0)
    assert str(clip.offset) == "0.0"
    assert clip.notes == ()


def test_an_offset_of_less_than_half_a_sample_needs_no_note() -> None:
    assert clip_from_array(tone(16_000, 1), 16_000, offset=1e-320).notes == ()


def test_a_clip_that_fits_but_for_less_than_a_frame_needs_no_note() -> None:
    assert clip_from_array(tone(16_000, MAX_SECONDS + 0.009), 16_000).notes == ()
    assert len(clip_from_array(tone(16_000, MAX_SECONDS + 0.011), 16_000).notes) == 1


def test_a_recording_without_length_that_goes_on(tmp_path: Path) -> None:
    path = write_av(tmp_path / "r.webm", tone(48_000, 13)[:, None], 48_000, "libopus", "webm", live="1")
    clip = read_clip(path)
    assert clip.file_seconds is None
    assert clip.notes == ("Showing 10.26 s (0.00 to 10.26 s) of a longer clip.",)
    assert read_clip(path, offset=5.0).file_seconds == pytest.approx(13, abs=0.05)


def test_a_length_estimated_too_short_is_not_shown(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, 3 * 44_100)
    signal = np.concatenate([noise, np.zeros(30 * 44_100)])
    path = write_av(tmp_path / "a.aac", signal[:, None], 44_100, "aac", "adts")
    clip = read_clip(path)
    assert clip.file_seconds is None
    assert read_clip(path, duration=100).file_seconds == pytest.approx(33, abs=0.1)


@pytest.mark.parametrize("seconds", [7200])
def test_of_a_long_wav_only_the_window_is_read(tmp_path: Path, seconds: int) -> None:
    path = tmp_path / "long.wav"
    size = seconds * 16_000 * 2
    with path.open("wb") as file:  # sparse: silence but for one second
        file.write(wav_bytes(b"", claimed=size))
        file.truncate(44 + size)
        file.seek(44 + 3_600 * 32_000)
        file.write(pcm16(tone(16_000, 1)))
    check_bounded(path, 3_600.0, float(seconds))


def test_of_a_long_m4a_only_the_window_is_read(tmp_path: Path) -> None:
    short = write_av(tmp_path / "short.m4a", tone(16_000, 16.384)[:, None], 16_000, "aac", "ipod")
    path = write_long_av(tmp_path / "long.m4a", short, 440, "mp4")
    check_bounded(path, 3_600.0, 440 * (16.384 + 1_024 / 16_000))


def check_bounded(path: Path, offset: float, seconds: float) -> None:
    load_audio(path, duration=0.1)  # imports are not what is measured
    tracemalloc.start()
    bytes_before = bytes_read()
    clip = read_clip(path, offset=offset)
    bytes_after = bytes_read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert bytes_after - bytes_before < 4_000_000  # an M4A begins with an index of all its packets
    assert peak < 20_000_000
    assert clip.file_seconds == pytest.approx(seconds, abs=0.1)
    assert len(clip.samples) == 164_080
    assert dominant_hz(clip.samples[1_000:15_000]) == pytest.approx(TONE_HZ, abs=1.0)


def bytes_read() -> int:
    counters = Path("/proc/self/io")
    return int(re.search(r"rchar: (\d+)", counters.read_text())[1]) if counters.exists() else 0


# --- short, silent, broken -----------------------------------------------------------------------

SHORT_NOTE = "Shorter than one 25 ms analysis window: padded with zeros."
SILENT_NOTE = "This clip is silent, so the answer means nothing."


@pytest.mark.parametrize("frames", [1, 10, 399])
def test_less_than_a_window_is_padded(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, np.full(frames, 0.5), 16_000)
    clip = read_clip(path)
    assert clip.notes == (SHORT_NOTE,)
    assert np.allclose(clip.samples, np.where(np.arange(400) < frames, 0.5, 0))
    assert clip.file_seconds == frames / 16_000


def test_a_whole_window_is_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "window.wav"
    soundfile.write(path, tone(16_000, 0.025), 16_000)
    clip = read_clip(path)
    assert len(clip.samples) == 400
    assert clip.notes == ()


@pytest.mark.parametrize("rate", [4_000, 48_000, 384_000])
def test_one_sample_at_any_rate(rate: int) -> None:
    clip = clip_from_array(np.array([0.5]), rate)
    assert len(clip.samples) == 400
    assert SHORT_NOTE in clip.notes


@pytest.mark.parametrize("level", [0.0, 1e-6, -1.0])
def test_silence_is_named_but_returned(tmp_path: Path, level: float) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.full(16_000, level), 16_000, subtype="FLOAT")
    clip = read_clip(path)
    assert clip.notes == (SILENT_NOTE,)
    assert clip.seconds == 1.0


def test_a_faint_sound_is_not_silence() -> None:
    assert clip_from_array(tone(16_000, 1, level=2e-5), 16_000).notes == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 1e300])
@pytest.mark.parametrize("kind", ["file", "array"])
def test_values_that_are_no_sound_are_refused(tmp_path: Path, value: float, kind: str) -> None:
    signal = tone(16_000, 1)
    signal[5_000] = value
    if kind == "file":
        path = tmp_path / "broken.wav"
        soundfile.write(path, signal, 16_000, subtype="DOUBLE")
        assert refusal(read_clip, path).startswith("'broken.wav' holds NaN, infinite or absurdly large")
    else:
        assert refusal(clip_from_array, signal, 16_000).startswith("The recording holds NaN, infinite")


def test_broken_values_far_from_the_window_do_not_matter(tmp_path: Path) -> None:
    signal = tone(16_000, 5)
    signal[-1] = np.nan
    path = tmp_path / "late.wav"
    soundfile.write(path, signal, 16_000, subtype="FLOAT")
    assert read_clip(path, duration=1.0).seconds == 1.0


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.wav", b"", "'empty.wav' is empty"),
        ("empty.m4a", b"", "'empty.m4a' is empty"),
        ("text.wav", b"This is not a recording.\n" * 40, "'text.wav' could not be decoded"),
        ("text.mp3", b"This is not a recording.\n" * 40, "'text.mp3' could not be decoded"),
        ("text.txt", b"This is not a recording.\n" * 40, "'text.txt' could not be decoded"),
        ("noise.bin", np.random.default_rng(0).bytes(100_000), "'noise.bin' "),
        ("noise.mp3", np.random.default_rng(1).bytes(100_000), "'noise.mp3' "),
        ("noise.m4a", np.random.default_rng(2).bytes(100_000), "'noise.m4a' could not be decoded"),
        ("zeros.wav", bytes(100_000), "'zeros.wav' could not be decoded"),
        ("zeros.mp3", bytes(100_000), "'zeros.mp3' "),
        ("cut.mp3", b"\xff\xfb\x90\0" + bytes(40), "'cut.mp3' could not be decoded"),
        ("header.wav", wav_bytes(b""), "'header.wav' contains no audio"),
        ("header.flac", b"fLaC" + bytes(38), "'header.flac' could not be decoded"),
        ("slow.wav", wav_bytes(bytes(1_000), rate=1), "'slow.wav' has a sample rate of 1 Hz"),
        (
            "fast.wav",
            wav_bytes(bytes(1_000), rate=2_000_000_000),
            "'fast.wav' has a sample rate of 2000000000 Hz",
        ),
        ("below.wav", wav_bytes(bytes(1_000), rate=3_999), "'below.wav' has a sample rate of 3999 Hz"),
        ("above.wav", wav_bytes(bytes(1_000), rate=384_001), "'above.wav' has a sample rate of 384001 Hz"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, capfd, name: str, content: bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for offset in (0.0, 5.0):
        assert refusal(read_clip, path, offset=offset).startswith(expected)
    assert capfd.readouterr() == ("", "")  # libraries may write past Python


def test_nine_channels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nine.wav"
    soundfile.write(path, np.zeros((100, 9)), 16_000)
    assert refusal(read_clip, path) == "'nine.wav' has 9 channels; expected 1 to 8."


def test_the_rate_is_checked_in_files_of_av_too(tmp_path: Path) -> None:
    path = write_av(tmp_path / "slow.mka", np.zeros((3_000, 1)), 2_000, "pcm_s16le", "matroska")
    assert refusal(read_clip, path).startswith("'slow.mka' has a sample rate of 2000 Hz")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        output.mux(stream.encode(None))
    assert refusal(read_clip, path).startswith("'silent.mp4' has no sound track")


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    """FFmpeg would read the other file, which would expose a server's files."""
    (tmp_path / "secret.wav").write_bytes(wav_bytes(pcm16(tone(16_000, 1))))
    path = tmp_path / "upload.wav"
    path.write_text("ffconcat version 1.0\nfile secret.wav\n")
    with av.open(str(path)) as container:
        assert container.format.name == "concat"  # so the refusal below is ours
    assert refusal(read_clip, path).startswith("'upload.wav' could not be decoded")


@pytest.mark.parametrize("value", [None, 3, b"a.wav", ["a.wav"]], ids=repr)
def test_what_is_not_a_path_is_refused(value: object) -> None:
    assert refusal(read_clip, value).startswith(f"Got {value!r} as an audio file")


def test_paths_that_lead_to_no_file_are_refused(tmp_path: Path) -> None:
    assert "missing.wav' does not exist" in refusal(read_clip, tmp_path / "missing.wav")
    assert "' is not a file" in refusal(read_clip, tmp_path)
    assert "cannot be opened" in refusal(read_clip, "null\0character.wav")
    assert "cannot be opened" in refusal(read_clip, "long" * 1_000 + ".wav")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"offset": -0.1}, "offset is -0.1"),
        ({"offset": float("nan")}, "offset is nan"),
        ({"offset": float("inf")}, "offset is inf"),
        ({"offset": "soon"}, "offset is 'soon'"),
        ({"offset": None}, "offset is None"),
        ({"offset": 1e300}, "offset is 1e+300"),
        ({"offset": 1.0}, "offset is 1 s; expected less than the 1 s of"),
        ({"offset": 0.99999}, "offset is 1 s; expected less than the 1 s of"),  # the end is nearest
        ({"offset": 1e8}, "offset is 1e+08 s; expected less than the 1 s of"),
        ({"duration": 0}, "duration is 0"),
        ({"duration": -1.0}, "duration is -1.0"),
        ({"duration": float("nan")}, "duration is nan"),
        ({"duration": float("inf")}, "duration is inf"),
    ],
    ids=lambda value: str(value),
)
def test_windows_that_are_refused(tmp_path: Path, window: dict[str, object], expected: str) -> None:
    path = tmp_path / "one.wav"
    soundfile.write(path, tone(16_000, 1), 16_000)
    assert refusal(read_clip, path, **window).startswith(expected)
    assert refusal(clip_from_array, tone(16_000, 1), 16_000, **window).startswith(expected)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.webm", "a.eac3"])
@pytest.mark.parametrize("offset", [3.0, 500.0])
def test_an_offset_beyond_the_end_is_refused(tmp_path: Path, name: str, offset: float) -> None:
    path, signal = tmp_path / name, tone(48_000, 2)
    encoders = {"a.m4a": ("aac", "ipod"), "a.webm": ("libopus", "webm"), "a.eac3": ("eac3", "eac3")}
    if name in encoders:
        write_av(path, signal[:, None], 48_000, *encoders[name])
    else:
        soundfile.write(path, signal, 48_000)
    message = refusal(read_clip, path, offset=offset)
    assert message.startswith(f"offset is {offset:g} s; expected less than the 2")
    assert name in message


@pytest.mark.parametrize("claimed", [0, 0x7FFFFFF0, 0xFFFFFFFF])
def test_a_wav_header_with_a_wrong_size_gives_what_is_there(tmp_path: Path, claimed: int) -> None:
    """As left by programs that write to a pipe or were stopped."""
    path = tmp_path / "lying.wav"
    path.write_bytes(wav_bytes(pcm16(sweep(16_000, 2)), claimed=claimed))
    clip = read_clip(path)
    assert (clip.seconds, clip.file_seconds, clip.notes) == (2.0, 2.0, ())
    assert np.allclose(clip.samples, sweep(16_000, 2), atol=1e-4)


@pytest.mark.parametrize("length", [0, 2**36 - 1])
def test_a_flac_header_with_a_wrong_length_gives_what_is_there(tmp_path: Path, length: int) -> None:
    path = tmp_path / "lying.flac"
    soundfile.write(path, sweep(16_000, 12), 16_000)
    content = bytearray(path.read_bytes())
    content[21:26] = ((content[21] >> 4 << 36) | length).to_bytes(5, "big")  # 0: not known
    path.write_bytes(content)
    clip = read_clip(path)
    assert clip.file_seconds is None  # neither number is the real length
    assert clip.notes[0].startswith("Showing 10.26 s (0.00 to 10.26 s) of ")
    assert read_clip(path, offset=11.0).file_seconds == pytest.approx(12.0)
    assert "the 12 s of" in refusal(read_clip, path, offset=13.0)


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.wav", None, None),
        ("a.flac", None, None),
        ("a.mp3", None, None),
        ("a.ogg", None, None),
        ("a.aac", "aac", "adts"),
        ("a.webm", "libopus", "webm"),
        ("a.mka", "flac", "matroska"),
    ],
)
def test_of_a_truncated_file_the_rest_is_read(
    tmp_path: Path, name: str, codec: str | None, container: str | None
) -> None:
    path, signal = tmp_path / name, np.random.default_rng(0).uniform(-0.5, 0.5, 6 * 48_000)
    if codec:
        write_av(path, signal[:, None], 48_000, codec, container)
    else:
        soundfile.write(path, signal, 48_000)
    whole, content = load_audio(path), path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    part = load_audio(path)
    assert 1.5 < len(part) / SAMPLE_RATE < 4.5
    compared = len(part) - 1_600
    assert snr_db(part[:compared], whole[:compared]) > 40


@pytest.mark.parametrize("name", ["a.mp3", "a.aac"])
def test_damage_is_left_out_and_named(tmp_path: Path, name: str) -> None:
    path, signal = tmp_path / name, sweep(44_100, 8)
    if name.endswith("mp3"):
        soundfile.write(path, signal, 44_100)
    else:
        write_av(path, signal[:, None], 44_100, "aac", "adts")
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 2_000] = np.random.default_rng(0).bytes(2_000)
    path.write_bytes(content)
    clip = read_clip(path)
    assert "Part of the file is damaged and was left out." in clip.notes
    assert clip.seconds > 7.0  # not only what comes before the damage


def test_where_a_damaged_file_cannot_be_entered_it_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = write_av(tmp_path / "a.tta", sweep(44_100, 14)[:, None], 44_100, "tta", "tta")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 10])
    for offset in (3.6, 3.8, 4.0):  # its index names a place beyond what is left
        assert refusal(read_clip, path, offset=offset).startswith(f"offset is {offset:g} s; expected less")


def test_a_file_of_two_formats_is_refused(tmp_path: Path) -> None:
    parts = [
        write_av(tmp_path / f"{rate}.aac", tone(rate, 1)[:, None], rate, "aac", "adts").read_bytes()
        for rate in (44_100, 16_000)
    ]
    path = tmp_path / "two.aac"
    path.write_bytes(b"".join(parts))
    assert refusal(read_clip, path).startswith("'two.aac' changes its sample rate or channels midway")


def test_time_counts_from_the_first_sample(tmp_path: Path) -> None:
    """Whatever its time stamp: recordings of a broadcast begin anywhere."""
    signal = sweep(48_000, 14)[:, None]
    path = write_av(tmp_path / "a.ts", signal, 48_000, "ac3", "mpegts", output_ts_offset="100")
    with av.open(str(path)) as container:
        assert container.streams.audio[0].start_time > 0
    whole = load_audio(path, duration=100)
    clip = read_clip(path, offset=6.0, duration=1.0)
    assert np.abs(clip.samples - whole[6 * SAMPLE_RATE : 7 * SAMPLE_RATE]).max() < 1e-3


def test_tags_that_are_not_text_do_not_matter(tmp_path: Path) -> None:
    path = write_av(tmp_path / "a.mka", tone(16_000, 1)[:, None], 16_000, "flac", "matroska")
    content = path.read_bytes()
    assert content.count(b"ENCODER") == 1
    path.write_bytes(content.replace(b"ENCODER", b"\xff\xfeCODER"))
    assert read_clip(path).seconds == 1.0


def test_a_truncated_m4a_is_refused(tmp_path: Path) -> None:
    path = write_av(tmp_path / "half.m4a", sweep(44_100, 3)[:, None], 44_100, "aac", "ipod")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])  # its index was at the end
    assert refusal(read_clip, path).startswith("'half.m4a' could not be decoded")


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "scale", "centre", "tolerance"),
    [
        ("int8", 2**7, 0, 1e-2),
        ("int16", 2**15, 0, 1e-4),
        (">i2", 2**15, 0, 1e-4),
        ("int32", 2**31, 0, 1e-6),
        ("uint8", 2**7, 128, 1e-2),
        ("float16", 1, 0, 1e-3),
        ("float32", 1, 0, 1e-7),
        ("float64", 1, 0, 1e-7),
    ],
)
def test_arrays_are_scaled_by_their_dtype(dtype: str, scale: int, centre: int, tolerance: float) -> None:
    signal = tone(16_000, 1)
    clip = clip_from_array((signal * scale + centre).astype(dtype), 16_000)
    assert clip.samples.dtype == np.float32
    assert np.allclose(clip.samples, signal, atol=tolerance)
    assert clip.notes == ()


def test_full_scale_integers_reach_exactly_minus_one() -> None:
    for dtype in (np.int8, np.int16, np.int32, np.uint8):
        lowest = np.full(400, np.iinfo(dtype).min, dtype)
        lowest[200:] = np.iinfo(dtype).max
        samples = clip_from_array(lowest, 16_000).samples
        assert samples.min() == -1.0
        assert samples.max() <= 1.0


@pytest.mark.parametrize("window", [{}, {"offset": 2.5, "duration": 3.0}, {"offset": 9.9}])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_array_and_a_file_of_it_give_the_same_clip(
    tmp_path: Path, rate: int, window: dict[str, float]
) -> None:
    frames = np.stack([sweep(rate, 12), 0.2 * tone(rate, 12)], axis=1).astype(np.float32)
    path = tmp_path / "a.wav"
    soundfile.write(path, frames, rate, subtype="FLOAT")
    from_file, from_array = read_clip(path, **window), clip_from_array(frames, rate, **window)
    assert np.array_equal(from_file.samples, from_array.samples)
    assert (from_file.file_seconds, from_file.notes) == (from_array.file_seconds, from_array.notes)


def test_the_array_is_copied() -> None:
    array = tone(16_000, 1).astype(np.float32)
    before = array.copy()
    clip_from_array(array, 16_000).samples[:] = 7
    assert np.array_equal(array, before)


def test_whole_rates_are_taken_as_any_number_type() -> None:
    for rate in (16_000, 16_000.0, np.int64(16_000), np.float32(16_000)):
        assert clip_from_array(tone(16_000, 1), rate).source_rate == 16_000


@pytest.mark.parametrize(
    ("samples", "rate", "expected"),
    [
        (np.zeros(0), 16_000, "The recording contains no audio"),
        (np.zeros((0, 2)), 16_000, "The recording contains no audio"),
        (np.zeros((100, 0)), 16_000, "The recording has 0 channels"),
        (np.zeros((2, 100)), 16_000, "The recording has 100 channels"),
        (np.zeros((1, 2, 3)), 16_000, "The recording has shape (1, 2, 3)"),
        (np.float32(1), 16_000, "The recording has shape ()"),
        (np.zeros(100, np.int64), 16_000, "The recording has dtype int64"),
        (np.zeros(100, np.uint16), 16_000, "The recording has dtype uint16"),
        (np.zeros(100, complex), 16_000, "The recording has dtype complex128"),
        (np.zeros(100, bool), 16_000, "The recording has dtype bool"),
        (None, 16_000, "The recording has dtype object"),
        ([[0.0], [0.0, 1.0]], 16_000, "The recording is not an array"),
        (np.zeros(100), 3_999, "The recording has a sample rate of 3999 Hz"),
        (np.zeros(100), 400_000, "The recording has a sample rate of 400000 Hz"),
        (np.zeros(100), 16_000.5, "The sample rate is 16000.5"),
        (np.zeros(100), float("nan"), "The sample rate is nan"),
        (np.zeros(100), float("inf"), "The sample rate is inf"),
        (np.zeros(100), "16000", "The sample rate is '16000'"),
        (np.zeros(100), None, "The sample rate is None"),
        (np.zeros(100), np.ma.masked, "The sample rate is masked"),
    ],
)
def test_arrays_that_are_refused(samples: object, rate: object, expected: str) -> None:
    assert refusal(clip_from_array, samples, rate).startswith(expected)


# --- the module ----------------------------------------------------------------------------------


def test_a_clip_cannot_be_changed() -> None:
    clip = clip_from_array(tone(16_000, 1), 16_000)
    with pytest.raises(AttributeError):
        clip.offset = 1.0
    assert clip != clip_from_array(tone(16_000, 1), 16_000)  # compared as objects: no ambiguous arrays
    assert hash(clip)


READING = (
    "checks.py",
    "chunks.py",
    "decode.py",
    "excerpt.py",
    "mended_head.py",
    "pyav_reader.py",
    "readers.py",
    "resampling.py",
    "soundfile_reader.py",
    "source.py",
    "spliced.py",
    "unmeasured.py",
)


def test_imports_stay_light() -> None:
    """numpy at the top, decoders and filters only where they are needed, no heavy framework anywhere."""
    files = [path for path in Path(decode.__file__).parent.glob("*.py") if path.name in READING]
    assert len(files) == len(READING)
    trees = [ast.parse(path.read_text()) for path in files]

    def packages(nodes: list[ast.AST]) -> set[str]:
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        return {name.split(".")[0] for name in names}

    third_party = {"av", "gradio", "librosa", "numpy", "scipy", "soundfile", "soxr", "torch", "torchaudio"}
    assert packages([node for tree in trees for node in tree.body]) & third_party == {"numpy"}
    everywhere = packages([node for tree in trees for node in ast.walk(tree)])
    assert everywhere & third_party == {"av", "numpy", "scipy", "soundfile", "soxr"}
