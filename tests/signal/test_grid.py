"""The grid of patches against slow loops over frames and bins, with and without overlap."""

import numpy as np
import pytest
import torch

from tests.signal.listening import resynthesise
from tpexplore.errors import InputError
from tpexplore.signal.grid import Grid
from tpexplore.signal.mel import hertz_at, place_of
from tpexplore.signal.resynthesis import patch_gains
from tpexplore.signal.spectrogram import log_mel, patch_statistics, patches_of, samples_for
from tpexplore.stats.patch_statistics import padding_patches

FRAMES = 131  # of no stride a multiple
STRIDES = pytest.mark.parametrize(
    ("mel", "time"), [(10, 10), (12, 12), (14, 14), (16, 16), (10, 16), (14, 12)]
)


def loop(frames: int, mel: int, time: int) -> list[tuple[int, int]]:
    """First frame and first bin of every patch, by walking over the picture: id after id."""
    return [(t, f) for t in range(0, frames - 15, time) for f in range(0, 113, mel)]


def seen(frames: int, mel: int, time: int, patches) -> np.ndarray:
    """How many of the patches see each value: (frames, 128)."""
    counts = np.zeros((frames, 128), int)
    for patch in patches:
        t, f = loop(frames, mel, time)[patch]
        for frame in range(t, t + 16):
            for at in range(f, f + 16):
                counts[frame, at] += 1
    return counts


@pytest.mark.parametrize(
    ("frames", "stride", "rows", "columns", "unseen"),
    [  # of the published checkpoints
        (1024, 10, 12, 101, (8, 2)),
        (1024, 12, 10, 85, (0, 4)),
        (1024, 14, 9, 73, (0, 0)),
        (1024, 16, 8, 64, (0, 0)),
        (512, 10, 12, 50, (6, 2)),
        (128, 10, 12, 12, (2, 2)),
    ],
)
def test_published_grids(frames, stride, rows, columns, unseen):
    grid = Grid.of(frames, stride, stride)
    assert (grid.rows, grid.columns, grid.patches) == (rows, columns, rows * columns)
    assert (frames - grid.seen_frames, 128 - grid.mel_segments[-1]) == unseen
    assert grid.overlaps == (stride < 16)


@STRIDES
def test_places_against_a_walk(mel, time):
    grid, places = Grid.of(FRAMES, mel, time), loop(FRAMES, mel, time)
    assert grid.patches == len(places)
    for patch, (first_frame, first_bin) in enumerate(places):
        column, row = grid.place(patch)
        assert grid.patch_at(column, row) == patch
        assert grid.frames_of(column) == (first_frame, first_frame + 16)
        assert grid.bins_of(row) == (first_bin, first_bin + 16)
        assert grid.seconds_of(column) == pytest.approx((first_frame / 100, first_frame / 100 + 0.16))
        # 16 windows of 25 ms every 10 ms.
        assert grid.samples_of(column) == (160 * first_frame, 160 * (first_frame + 15) + 400)
        assert grid.hertz_of(row) == pytest.approx((hertz_at(first_bin), hertz_at(first_bin + 16)))
    maps = grid.as_map(np.arange(grid.patches))
    assert maps.shape == (grid.columns, grid.rows) and maps[2, 1] == grid.patch_at(2, 1)
    assert torch.equal(grid.as_map(torch.arange(grid.patches)[None]), torch.from_numpy(maps)[None])


@STRIDES
def test_cells_tile_what_is_seen_around_the_middle_of_each_patch(mel, time):
    grid = Grid.of(FRAMES, mel, time)
    drawn = np.zeros((FRAMES, 128), int)
    for patch, (first_frame, first_bin) in enumerate(loop(FRAMES, mel, time)):
        column, row = grid.place(patch)
        t0, t1 = grid.frame_edges[column : column + 2]
        f0, f1 = grid.bin_edges[row : row + 2]
        assert first_frame <= t0 < t1 <= first_frame + 16 and first_bin <= f0 < f1 <= first_bin + 16
        if 0 < column < grid.columns - 1:
            assert (t0 + t1) / 2 == first_frame + 8 and t1 - t0 == time
        drawn[t0:t1, f0:f1] += 1
    everything = seen(FRAMES, mel, time, range(grid.patches)) > 0
    assert np.array_equal(drawn, everything.astype(int))


@STRIDES
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_coverage_is_the_union_of_what_is_seen(mel, time, share):
    grid = Grid.of(FRAMES, mel, time)
    kept = np.random.default_rng(0).random((3, grid.patches)) < share
    covered = grid.segments_covered(kept)
    assert covered.dtype == bool
    covered = covered.repeat(np.diff(grid.time_segments), axis=1).repeat(np.diff(grid.mel_segments), axis=2)
    seen_bins = grid.mel_segments[-1]
    assert covered.shape == (3, grid.seen_frames, seen_bins)
    for mine, mask in zip(covered, kept, strict=True):
        union = seen(FRAMES, mel, time, np.flatnonzero(mask)) > 0
        assert np.array_equal(mine, union[: grid.seen_frames, :seen_bins])
        assert not union[grid.seen_frames :].any() and not union[:, seen_bins:].any()


def test_how_often_a_point_is_seen_at_stride_10():
    """The shares that were computed once for the issue, of the picture of 1024 frames by 128 bins."""
    counts = seen(1024, 10, 10, range(1212))
    assert counts.mean() == pytest.approx(2.37, abs=0.005)
    assert [round(100 * (counts == times).mean()) for times in (0, 1, 2, 4)] == [2, 19, 48, 30]


@STRIDES
def test_patch_statistics_of_everything_a_patch_sees(mel, time):
    spec = torch.randn(2, FRAMES, 128, generator=torch.Generator().manual_seed(0))
    grid = Grid.of(FRAMES, mel, time)
    values, (intensity, variation) = patches_of(spec, grid), patch_statistics(spec, grid)
    for patch, (t, f) in enumerate(loop(FRAMES, mel, time)):
        own = spec[1, t : t + 16, f : f + 16].numpy()
        np.testing.assert_array_equal(values[1, patch].numpy(), own.ravel())
        np.testing.assert_allclose(intensity[1, patch], own.mean(dtype=np.float64), atol=1e-6)
        np.testing.assert_allclose(variation[1, patch], own.std(ddof=1, dtype=np.float64), rtol=1e-5)


@STRIDES
def test_padding_is_a_patch_that_begins_after_the_sound(mel, time):
    lengths = [0, 1, 16, 57, 130, 400]
    padding = padding_patches(torch.tensor(lengths), FRAMES, Grid.of(FRAMES, mel, time))
    expected = [[t >= length for t, _ in loop(FRAMES, mel, time)] for length in lengths]
    assert padding.tolist() == expected


@STRIDES
def test_gains_let_through_what_is_covered(mel, time):
    """Away from the edges of the union a gain is 1 or 0, as a loop over bins and frames says."""
    grid = Grid.of(FRAMES, mel, time)
    kept = np.random.default_rng(3).random(grid.patches) < 0.3
    gains = patch_gains(kept, FRAMES, grid)
    union = seen(FRAMES, mel, time, np.flatnonzero(kept)) > 0
    hertz = 31.25 * np.arange(257)
    checked = 0
    for at in range(1, 256, 3):
        place = place_of(hertz[at])
        # The filters that hear this frequency are those whose middles lie within one bin of it.
        bins = [b for b in range(grid.mel_segments[-1]) if abs(b + 0.5 - place) < 1]
        for frame in range(gains.shape[1]):
            middle = (128 * frame - 200) / 160  # in frames of the picture
            near = [t for t in range(grid.seen_frames) if abs(t - middle) <= 1.75]
            if not bins or not near or middle < 0:
                continue
            around = union[np.ix_(near, bins)]
            if around.all() or not around.any():
                assert gains[at, frame] == around.all()
                checked += 1
    assert checked > 2000
    assert ((gains >= 0) & (gains <= 1)).all()


@STRIDES
def test_all_patches_let_everything_through(mel, time):
    grid = Grid.of(FRAMES, mel, time)
    assert (patch_gains(np.ones(grid.patches, bool), FRAMES, grid) == 1).all()
    wave = np.random.default_rng(0).standard_normal(samples_for(FRAMES)).astype(np.float32) / 10
    kept, removed = resynthesise(wave, np.ones(grid.patches, bool), FRAMES, grid)
    np.testing.assert_array_equal(kept, wave)
    assert not removed.any()


def test_the_front_end_hears_the_union_of_overlapping_patches():
    grid = Grid.of(128, 10, 10)
    wave = np.random.default_rng(0).standard_normal(samples_for(128)).astype(np.float32) / 10
    patches = [grid.patch_at(5, 6), grid.patch_at(6, 7)]
    kept, removed = resynthesise(wave, np.isin(np.arange(grid.patches), patches), 128, grid)
    np.testing.assert_allclose(kept + removed, wave, atol=1e-6)
    before, after = (log_mel(sound).numpy() * 10 / np.log(10) for sound in (wave, kept))
    change, union = after - before, seen(128, 10, 10, patches) > 0
    inner = np.zeros_like(union)
    inner[53:63, 63:73] = inner[63:73, 73:83] = True  # well within each of the two
    far = np.ones_like(union)
    far[40:90, 50:100] = False
    assert union[inner].all() and not union[far].any()
    assert abs(np.median(change[inner])) < 1 and np.median(change[far]) < -20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Grid.of(15), "frames = 15; expected at least 16"),
        (lambda: Grid.of(128, mel_stride=17), "mel_stride = 17; expected at most 16"),
        (lambda: Grid.of(128, time_stride=20), "time_stride = 20; expected at most 16"),
        (lambda: Grid(8, 8, time_stride=0), "time_stride = 0; expected at least 1"),
        (lambda: Grid.of(128).place(64), "Patch 64; expected one from 0 to 63"),
        (lambda: Grid.of(128).patch_at(8, 0), "Column 8, row 0; expected columns below 8"),
        (lambda: patch_gains(np.ones(144, bool), 100, Grid.of(128, 10, 10)), "frames = 100; expected 126 or"),
        (lambda: patch_gains(np.ones(64, bool), 128, Grid.of(128, 10, 10)), r"expected \(144,\) and bool"),
    ],
)
def test_what_does_not_fit_is_a_sentence(call, message):
    with pytest.raises(InputError, match=message):
        call()
