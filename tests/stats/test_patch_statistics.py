"""Statistics against scipy, scikit-learn on raw values, numpy and slow loops."""

import itertools
import math
import time

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.cluster import KMeans

from tpexplore.errors import InputError
from tpexplore.stats import kendall
from tpexplore.stats.patch_statistics import (
    Clusters,
    ValueHistogram,
    cliffs_delta,
    cliffs_delta_per_clip,
    cluster_counts,
    cluster_survival,
    cluster_values,
    joint_histogram,
    kendall_tau,
    log_density,
    padding_patches,
)


def published_tau(scores: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Fig. 4 step by step as it was published: n × n differences, one clip and block after the other."""
    taus = np.empty(scores.shape[:2])
    for clip, block in itertools.product(*map(range, scores.shape[:2])):
        score, rank = scores[clip, block], ranks[clip, 0]
        score_difference = score[None] - score[:, None]
        rank_difference = rank[None] - rank[:, None]
        once = np.triu(np.ones(score_difference.shape, dtype=bool), 1)
        concordant = ((score_difference * rank_difference) >= 0) & once
        discordant = ((score_difference * rank_difference) < 0) & once
        taus[clip, block] = (concordant.sum() - discordant.sum()) / once.sum()
    return taus


def rows_with_ties(kind: str, n: int, dtype=torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores (6, 4, n) and ranks (6, 1, n) with as many ties as ``kind`` names."""
    generator = torch.Generator().manual_seed(n)
    scores = torch.randn(6, 4, n, generator=generator, dtype=dtype)
    raw = torch.randn(6, 1, n, generator=generator, dtype=dtype)
    # Related on purpose: unrelated values would hide a wrong sign or a swapped pair of corrections.
    scores = scores + raw
    if kind == "padded":
        # Padding patches tie exactly, in both, and stand behind the sound.
        scores[..., n // 2 :], raw[..., n // 2 :] = -3.0, -9.0
    elif kind == "coarse":
        scores, raw = scores.round(), raw.mul(2).round()
    elif kind == "clusters":
        return scores, raw.mul(1.5).round().clamp(-2, 2).long() + 2
    return scores, raw


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["raw", "padded", "coarse", "clusters"])
@pytest.mark.parametrize("n", [2, 3, 37, 64, 128, 300])
def test_kendall_against_scipy_and_the_published_loop(kind, n, dtype):
    scores, ranks = rows_with_ties(kind, n, dtype)
    got = kendall_tau(scores, ranks)
    assert got.shape == (6, 4) and got.dtype == torch.float64
    expected = [
        [scipy.stats.kendalltau(row, rank[0]).statistic for row in rows]
        for rows, rank in zip(scores.numpy(), ranks.numpy(), strict=True)
    ]
    np.testing.assert_allclose(got, expected, atol=1e-9)
    published = published_tau(scores.numpy(), ranks.numpy())
    np.testing.assert_allclose(kendall_tau(scores, ranks, ties="concordant"), published, atol=1e-9)


@pytest.mark.parametrize("levels", [2, 7, 8, 9, 40, 700])
def test_kendall_for_any_number_of_levels_and_odd_lengths(levels):
    """One pass serves few levels, several passes serve many; the seam between them must not show."""
    generator = np.random.default_rng(levels)
    for n in (5, 100, 511, 512, 700):
        ranks, scores = generator.integers(levels, size=n), generator.integers(50, size=n) / 7
        got = kendall_tau(torch.tensor(scores), torch.tensor(ranks))
        assert float(got) == pytest.approx(scipy.stats.kendalltau(scores, ranks).statistic, abs=1e-9)


def test_kendall_orders_every_float():
    """Negative numbers, both zeros, infinities and the smallest floats stand where they belong."""
    values = torch.tensor([-math.inf, -1e30, -1.5, -1e-45, -0.0, 0.0, 1e-45, 1e-30, 1.5, math.inf])
    ranks = torch.tensor([0, 1, 2, 3, 4, 4, 5, 6, 7, 8])
    for order in (torch.arange(10), torch.randperm(10, generator=torch.Generator().manual_seed(0))):
        assert kendall_tau(values[order], ranks[order]) == 1
        assert kendall_tau(-values[order], ranks[order]) == -1


def test_kendall_of_other_number_types():
    scores, ranks = rows_with_ties("coarse", 40)
    expected = kendall_tau(scores, ranks)
    for kind in (torch.float16, torch.bfloat16, torch.int64, torch.int8):
        assert torch.equal(kendall_tau(scores.to(kind), ranks.to(kind)), expected)
    far = ranks.long() * 10**15
    assert torch.equal(kendall_tau(scores, far), expected)
    assert torch.equal(kendall_tau(far, scores), kendall_tau(ranks, scores))


def test_kendall_of_constants_and_single_patches():
    constant, rising = torch.zeros(3, 8), torch.arange(8.0).expand(3, 8)
    for scores, ranks in ((constant, rising), (rising, constant), (constant, constant)):
        assert kendall_tau(scores, ranks).isnan().all()
        # Every pair is a tie, and the published figure takes a tie for agreement.
        assert (kendall_tau(scores, ranks, ties="concordant") == 1).all()
    for n in (0, 1):
        for ties in kendall.TIES:
            assert kendall_tau(torch.zeros(2, n), torch.zeros(2, n), ties).isnan().tolist() == [True, True]
    assert kendall_tau(torch.tensor([0.1, 0.2]), torch.tensor([3, 1])).item() == -1
    assert kendall_tau(torch.zeros(0, 12, 8), torch.zeros(0, 1, 8)).shape == (0, 12)


def test_ties_lift_unrelated_scores_by_the_share_of_tied_pairs():
    """Why the published curve is no tau: random attention scores the share of ties, not 0."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(200, 256, generator=generator)
    ranks = torch.randint(5, (200, 256), generator=generator)
    assert kendall_tau(scores, ranks).mean().abs() < 0.01
    assert kendall_tau(scores, ranks, ties="concordant").mean() == pytest.approx(0.2, abs=0.01)


def test_kendall_broadcasts_and_does_not_depend_on_chunks(monkeypatch):
    scores, ranks = rows_with_ties("padded", 48)
    whole = kendall_tau(scores, ranks)
    assert torch.equal(kendall_tau(scores, ranks.expand(6, 4, 48)), whole)
    assert torch.equal(kendall_tau(ranks, scores), whole)
    assert torch.equal(kendall_tau(scores[2], ranks[2, 0]), whole[2])
    monkeypatch.setattr(kendall, "_CHUNK_VALUES", 48 * 5)
    assert torch.equal(kendall_tau(scores, ranks), whole)
    monkeypatch.setattr(kendall, "_CHUNK_VALUES", 1)
    assert torch.equal(kendall_tau(scores, ranks), whole)


def test_kendall_leaves_its_input_alone():
    scores, ranks = rows_with_ties("clusters", 30)
    before = scores.clone(), ranks.clone()
    kendall_tau(scores, ranks)
    assert torch.equal(scores, before[0]) and torch.equal(ranks, before[1])


@pytest.mark.parametrize(
    ("scores", "ranks", "ties", "sentence"),
    [
        (torch.zeros(2, 5), torch.zeros(2, 4), "tau-b", r"\(2, 5\).*\(2, 4\)"),
        (torch.zeros(2, 5), torch.zeros(3, 5), "tau-b", r"\(2, 5\).*\(3, 5\)"),
        (torch.zeros(2, 5), torch.zeros(2, 1), "tau-b", r"\(2, 5\).*\(2, 1\)"),
        (torch.tensor(1.0), torch.tensor(1.0), "tau-b", "do not fit"),
        (torch.tensor([0.0, math.nan]), torch.zeros(2), "tau-b", r"scores .*nan"),
        (torch.zeros(2), torch.tensor([0.0, math.nan]), "tau-b", r"ranks .*nan"),
        (torch.zeros(2), torch.zeros(2), "tau-c", "'tau-c'.*tau-b, concordant"),
    ],
)
def test_kendall_refuses_in_a_sentence(scores, ranks, ties, sentence):
    with pytest.raises(InputError, match=sentence):
        kendall_tau(scores, ranks, ties)


def test_kendall_is_much_faster_than_the_published_loop():
    """Measured on one core: 90 times with AVX-512, 60 with AVX2; the rest is room for busy machines."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(100, 12, 256, generator=generator)
    ranks = torch.randint(5, (100, 1, 256), generator=generator)
    slow_scores, slow_ranks = scores[:4].numpy(), ranks[:4].float().numpy()

    def seconds(work) -> float:
        taken = []
        for _ in range(5):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
        return min(taken)

    slow = seconds(lambda: published_tau(slow_scores, slow_ranks)) * 25
    assert slow / seconds(lambda: kendall_tau(scores, ranks)) > 25


def test_cliffs_delta_against_pairs_and_scipy():
    generator = np.random.default_rng(0)
    for decimals in (0, 1, 8):
        kept = generator.normal(0.4, 1, 300).round(decimals).astype(np.float32)
        dropped = generator.normal(0, 1, 170).round(decimals).astype(np.float32)
        pairs = np.sign(kept[:, None] - dropped).mean(dtype=float)
        got = cliffs_delta(torch.tensor(kept), torch.tensor(dropped))
        assert got == pytest.approx(pairs, abs=1e-12)
        u = scipy.stats.mannwhitneyu(kept.astype(float), dropped.astype(float)).statistic
        assert got == pytest.approx(2 * u / (300 * 170) - 1, abs=1e-12)
    assert cliffs_delta(torch.ones(3, 2), torch.zeros(4)) == 1
    assert cliffs_delta(torch.zeros(5), torch.zeros(4)) == 0
    assert math.isnan(cliffs_delta(torch.ones(3), torch.ones(0)))
    with pytest.raises(InputError, match="dropped"):
        cliffs_delta(torch.ones(3), torch.tensor([math.nan]))


def test_cliffs_delta_per_clip_is_that_of_each_clip():
    generator = torch.Generator().manual_seed(2)
    values = torch.randn(5, 64, generator=generator).mul(3).round()
    kept = torch.rand(5, 64, generator=generator) < 0.3
    kept[3], kept[4] = True, False
    got = cliffs_delta_per_clip(values, kept)
    for clip in range(3):
        expected = cliffs_delta(values[clip][kept[clip]], values[clip][~kept[clip]])
        assert float(got[clip]) == pytest.approx(expected, abs=1e-12)
    # All kept or all dropped: there is nothing to compare, and 0 would claim that there was.
    assert got[3:].isnan().all()


def log_mel_like(n: int, seed: int) -> np.ndarray:
    """Values shaped like patch intensities: a sharp peak of padding, then two broad humps."""
    generator = np.random.default_rng(seed)
    part = generator.choice(4, n, p=[0.18, 0.3, 0.37, 0.15])
    means, spreads = np.array([-1.25, -0.6, 0.05, 0.55]), np.array([0.02, 0.25, 0.22, 0.3])
    return generator.normal(means[part], spreads[part]).astype(np.float32)


def filled(*batches: np.ndarray, **bins) -> ValueHistogram:
    histogram = ValueHistogram(**bins)
    for batch in batches:
        histogram.add(torch.from_numpy(batch))
    return histogram


@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_agree_with_kmeans_on_the_raw_values(seed):
    values = log_mel_like(200_000, seed)
    clusters = cluster_values(filled(*np.array_split(values, 7)))
    # Without the tolerance, which lets KMeans stop some thousandths early where the optimum is flat.
    fit = KMeans(5, n_init=3, tol=0, max_iter=1000, random_state=0).fit(values[:, None].astype(np.float64))
    centres = np.sort(fit.cluster_centers_[:, 0])
    assert clusters.edges[0] == values.min() and clusters.edges[-1] == values.max()
    np.testing.assert_allclose(clusters.edges[1:-1], (centres[1:] + centres[:-1]) / 2, atol=1e-3)
    sizes = np.sort(np.bincount(fit.labels_))
    np.testing.assert_allclose(np.sort(clusters.shares), sizes / len(values), atol=1e-3)
    assigned = clusters.assign(torch.from_numpy(values))
    np.testing.assert_allclose(cluster_counts(assigned) / len(values), clusters.shares, atol=1e-4)


def test_shards_give_the_same_clusters_to_the_last_bit():
    values = log_mel_like(30_000, 3)
    whole = filled(values)
    shards = [
        filled(part[:700], part[700:])
        for part in np.array_split(np.random.default_rng(0).permutation(values), 5)
    ]
    merged = ValueHistogram()
    for shard in reversed(shards):
        assert merged.merge(shard) is merged
    assert torch.equal(merged.counts, whole.counts) and torch.equal(merged.sums, whole.sums)
    assert (merged.minimum, merged.maximum, merged.count) == (values.min(), values.max(), 30_000)
    assert cluster_values(merged) == cluster_values(whole)


def test_histogram_against_numpy_and_true_bin_means():
    values = np.random.default_rng(0).uniform(-1, 1, 5000)
    histogram = filled(values, low=-1.0, high=1.0, bins=16)
    counts, edges = np.histogram(values, bins=16, range=(-1, 1))
    assert histogram.counts.tolist() == counts.tolist()
    sums, _ = np.histogram(values, bins=edges, weights=values)
    means = histogram.low + histogram.unit * histogram.sums.numpy() / counts
    np.testing.assert_allclose(means, sums / counts, atol=histogram.unit / 2)


def test_histogram_clamps_but_remembers():
    histogram = filled(np.array([-20.0, -7.5, 0.0, 8.0, 30.0], np.float32), np.zeros(0, np.float32))
    assert histogram.count == 5 and (histogram.minimum, histogram.maximum) == (-20, 30)
    assert histogram.counts[0] == 1 and histogram.counts[-1] == 2
    clusters = cluster_values(histogram, clusters=3)
    # By hand: {-20}, {-7.5, 0}, {8, 30}, because the last two share the end bin.
    assert clusters.edges == pytest.approx((-20, (-20 - 3.75) / 2, (-3.75 + 19) / 2, 30), abs=1e-6)
    assert clusters.shares == pytest.approx((0.2, 0.4, 0.4))
    for sign in (1, -1):
        far = filled(sign * np.array([0.0, 7.0, 100.0], np.float32))
        assert cluster_values(far, clusters=3).edges == pytest.approx(
            sorted(sign * np.array([0, 3.5, 53.5, 100]))
        )


def test_clusters_of_few_distinct_values():
    """Exact repeats, as padding makes them: five values, five clusters, boundaries half-way."""
    values = np.repeat(np.array([-1.0, 0.0, 0.25, 3.0, 5.0], np.float32), [50, 1, 7, 9, 33])
    clusters = cluster_values(filled(values))
    assert clusters.edges == pytest.approx((-1, -0.5, 0.125, 1.625, 4, 5), abs=1e-6)
    assert clusters.shares == pytest.approx((0.5, 0.01, 0.07, 0.09, 0.33))
    single = cluster_values(filled(values), clusters=1)
    assert single.edges == (-1, 5) and single.shares == (1,)
    with pytest.raises(InputError, match="6 clusters cannot be made of 5"):
        cluster_values(filled(values), clusters=6)
    with pytest.raises(InputError, match="5 clusters cannot be made of 0"):
        cluster_values(ValueHistogram())


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_the_best_of_all_divisions(seed):
    """Against every division of nine values into five; a single start of KMeans misses some of these."""
    generator = np.random.default_rng(seed)
    values = np.sort(generator.uniform(-4, 4, 9)).round(2).astype(np.float32)
    data = np.repeat(values, generator.integers(1, 60, 9)).astype(float)
    assert len(set(values)) == 9

    def inertia(parts: list[np.ndarray]) -> float:
        return sum(((part - part.mean()) ** 2).sum() for part in parts)

    clusters = cluster_values(filled(data)).assign(torch.from_numpy(data)).numpy()
    divisions = (
        np.split(data, np.searchsorted(data, cut)) for cut in itertools.combinations(sorted(set(data))[1:], 4)
    )
    best = min(inertia(parts) for parts in divisions)
    assert inertia([data[clusters == cluster] for cluster in range(5)]) == pytest.approx(best, rel=1e-9)


def test_assignment_at_and_beyond_the_edges():
    clusters = Clusters((-1.0, -0.5, 0.1, 2.0), (0.25, 0.5, 0.25))
    values = torch.tensor([[-9.0, -1.0, -0.5], [0.0, 2.0, 9.0]])
    assigned = clusters.assign(values)
    assert assigned.tolist() == [[0, 0, 1], [1, 2, 2]] and assigned.dtype == torch.int64
    # Compared in double precision, or what lies just below the boundary would count as being on it.
    near = torch.tensor([0.1, 0.1 - 1e-12], dtype=torch.float64)
    assert clusters.assign(near).tolist() == [2, 1]


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda: Clusters((0.0, 1.0), (0.5, 0.5)), "one more than shares"),
        (lambda: Clusters((0.0, 2.0, 1.0), (0.5, 0.5)), "ascending"),
        (lambda: ValueHistogram(1.0, 1.0), "from 1.0 to 1.0"),
        (lambda: ValueHistogram(bins=1), "1 bins"),
        (lambda: ValueHistogram().add(torch.tensor([0.0, math.nan])), "nan"),
        (lambda: ValueHistogram().add(torch.tensor([-math.inf])), "-inf"),
        (lambda: ValueHistogram().add(torch.tensor([1e20])), r"from 1e\+20 .*16000"),
        (lambda: ValueHistogram().merge(ValueHistogram(bins=7)), "7 bins"),
        (lambda: cluster_counts(torch.tensor([0, 5])), "from 0 to 5"),
        (lambda: cluster_counts(torch.tensor([-1])), "from -1"),
        (lambda: cluster_survival(torch.zeros(2, 8).long(), {4: torch.zeros(1, 3).long()}), "stage 4"),
        (lambda: cluster_survival(torch.zeros(2, 8).long(), {7: torch.full((2, 1), 8)}), "below 8"),
    ],
)
def test_clusters_refuse_in_a_sentence(work, sentence):
    with pytest.raises(InputError, match=sentence):
        work()


def test_cluster_survival_against_a_loop():
    generator = torch.Generator().manual_seed(0)
    # Cluster 4 never occurs, so it must be counted as 0, not be missing.
    clusters = torch.randint(4, (3, 64), generator=generator)
    kept = {
        stage: torch.rand(3, 64, generator=generator).topk(k).indices
        for stage, k in ((4, 32), (7, 16), (10, 1))
    }
    survivors = cluster_survival(clusters, kept)
    assert list(survivors) == [4, 7, 10]
    for stage, ids in kept.items():
        expected = [0] * 5
        for clip, row in enumerate(ids.tolist()):
            for patch in row:
                expected[int(clusters[clip, patch])] += 1
        assert survivors[stage].tolist() == expected and survivors[stage].dtype == torch.int64
    assert cluster_counts(clusters).sum() == 3 * 64
    assert cluster_survival(clusters, {}) == {}
    assert cluster_survival(clusters, {4: torch.zeros(3, 0).long()})[4].tolist() == [0] * 5


def test_joint_histogram_against_numpy():
    generator = np.random.default_rng(0)
    # Tenths, so that many values lie on an edge, some outside, some on the closed last one.
    x, y = generator.integers(-15, 16, (2, 40, 64)) / np.float32(10)
    x_edges, y_edges = np.linspace(-1, 1, 11), np.array([-1.0, -0.3, 0.2, 1.2])
    keep = generator.random((40, 64)) < 0.7
    arguments = [torch.from_numpy(part) for part in (x, y, x_edges, y_edges)]
    for weights, chosen in ((None, np.ones_like(keep)), (torch.from_numpy(keep), keep)):
        got = joint_histogram(*arguments, weights)
        expected, _, _ = np.histogram2d(x[chosen].astype(float), y[chosen].astype(float), (x_edges, y_edges))
        assert got.dtype == torch.int64 and got.tolist() == expected.tolist()
    density, _, _ = np.histogram2d(
        x.ravel().astype(float), y.ravel().astype(float), (x_edges, y_edges), density=True
    )
    np.testing.assert_allclose(
        log_density(joint_histogram(*arguments), *arguments[2:]), np.log1p(density), rtol=1e-12
    )


def test_joint_histogram_ignores_nan_and_may_be_empty():
    edges = torch.tensor([0.0, 1.0, 2.0])
    counts = joint_histogram(torch.tensor([math.nan, 2.0, 2.1]), torch.tensor([0.5, 2.0, 0.5]), edges, edges)
    assert counts.tolist() == [[0, 0], [0, 1]]
    nothing = joint_histogram(torch.zeros(0), torch.zeros(0), edges, edges)
    assert log_density(nothing, edges, edges).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda edges: joint_histogram(torch.zeros(3), torch.zeros(4), edges, edges), r"\(3,\), \(4,\)"),
        (
            lambda edges: joint_histogram(*torch.zeros(2, 3), edges, edges, torch.ones(3)),
            "float32.*torch.bool",
        ),
        (lambda edges: joint_histogram(*torch.zeros(2, 3), edges.flip(0), edges), "ascending"),
        (lambda edges: joint_histogram(*torch.zeros(2, 3), edges, edges[:1]), "two or more"),
        (lambda edges: log_density(torch.zeros(2, 3), edges, edges), r"\(2, 3\).*3 and 3 edges"),
        (lambda edges: padding_patches(torch.tensor([3, -1]), 32), "-1"),
        (lambda edges: padding_patches(torch.tensor([3.5]), 32), "3.5"),
        (lambda edges: padding_patches(torch.tensor(3), 32), "3"),
    ],
)
def test_histograms_refuse_in_a_sentence(work, sentence):
    with pytest.raises(InputError, match=sentence):
        work(torch.tensor([0.0, 1.0, 2.0]))


def test_padding_patches_frame_by_frame():
    lengths, frames = [0, 1, 15, 16, 17, 47, 48, 999], 48
    padding = padding_patches(torch.tensor(lengths), frames)
    assert padding.shape == (8, 24) and padding.dtype == torch.bool
    for clip, length in enumerate(lengths):
        for patch in range(24):
            # Patch id = column * 8 + row, and a column is 16 frames wide.
            column = range(patch // 8 * 16, patch // 8 * 16 + 16)
            assert padding[clip, patch] == all(frame >= length for frame in column)
