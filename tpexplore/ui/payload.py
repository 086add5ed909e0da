"""An Exploration -> the one JSON message that the browser draws everything from."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tpexplore.model.plan import SCORES
from tpexplore.results.store import of_weights
from tpexplore.signal.decode import SAMPLE_RATE, is_silent
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import MEL_BINS, place_of
from tpexplore.signal.resynthesis import bin_shares
from tpexplore.signal.spectrogram import HOP_SECONDS

if TYPE_CHECKING:
    from tpexplore.model.config import ModelConfig
    from tpexplore.stats.clusters import Clusters
    from tpexplore.study.exploration import Exploration, Point

SHOWN_DECIBELS = 80.0
"""Range of the picture's colours; anything fainter is drawn black."""

TOP = 5
"""Classes shown before and after pruning."""

ROW_STEPS = 4096
"""Steps of one mel row in `bin_rows`: those in which `patch_gains` counts, so nothing is rounded."""

SIDE_BY_SIDE = Grid.of(PATCH)
"""One column of patches that do not overlap."""

_DECIBELS_PER_NEPER = 10 / math.log(10)  # the front end's logarithm is natural


def build_payload(
    exploration: Exploration,
    *,
    samples: np.ndarray,
    name: str,
    start: float = 0.0,
    sentences: Sequence[str] = (),
    results: Mapping[str, Any] | None = None,
    clusters: Mapping[str, Clusters] | None = None,
    rates: Sequence[float] | None = None,
    own_rates: Sequence[float] = (),
    device: str = "the CPU",
    rankings: Sequence[str] | None = None,
    doubt: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything the viewer shows, as plain JSON.

    Parameters
    ----------
    exploration : Exploration
        The sweep so far; `build_part` makes the later parts.
    samples : (n,) float
        The 16 kHz waveform that was analysed; the page plays it.
    name : str
        What to call the clip.
    start : float
        Where in its file the analysed part begins, in seconds.
    sentences : sequence of str
        Anything a person should know about the clip.
    results : mapping or None
        Measured results in the design's form, or None. Results of other weights are not used.
    clusters : mapping of "intensity" and "variation" -> Clusters, or None
        Clusters of the model's dataset, if they exist.
    rates : sequence of float or None
        All keep-rates that there will be; None if no more will come.
    own_rates : sequence of float
        One keep-rate for each pruning block, if they differ; the slider is at their `one_rate`.
    device : str
        What the times were measured on.
    rankings : sequence of str or None
        All rankings that there will be; None if no more will come.
    doubt : mapping or None
        Why the answer may mean nothing, see `doubts.doubt_of`.

    Returns
    -------
    dict
        Binary parts are base64, little-endian: the picture with one byte per frame and mel bin; the fate of
        every patch with one byte per keep-rate and patch (0 kept, else the block that dropped it); with
        merging, 16-bit ids of the patch that holds each patch after every pruning block; the sound in 16
        bits; attention scores as float32. The scores and the patch statistics are not rounded, so that
        ranks made from them are the model's own.
    """
    config = exploration.config
    measured = of_weights(results, config.sha256)
    explored = next(iter(exploration.points.values()))
    rates = list(rates or (one_rate(point.keep_rate) for point in explored))
    unpruned = exploration.unpruned
    return {
        "model": {
            "name": config.name,
            "family": config.family,
            "task": config.task,
            "labels": list(config.labels),
            "depth": config.depth,
            "device": device,
        },
        "clip": {**_clip(samples, name, start, sentences), "doubt": doubt},
        "picture": picture_message(exploration),
        "clusters": clusters and {name: list(known.edges) for name, known in clusters.items()},
        "bin_rows": base64_of(bin_rows(config.grid)),
        "rates": rates,
        "method": exploration.method,
        "blocks": list(exploration.blocks),
        "own_rates": list(own_rates),
        "rankings": list(rankings or exploration.points),
        "unpruned": {**_answer(unpruned, config.labels), **_cost(unpruned)},
        "measured": measured and {**_provenance(measured), "accuracy": _accuracy(measured, rates, config)},
        **build_part(exploration),
    }


def build_part(exploration: Exploration) -> dict[str, Any]:
    """Further points of a sweep, in the form in which `build_payload` gives its own.

    Parameters
    ----------
    exploration : Exploration
        Holding only the points that were not sent before.
    """
    return {"scores": {score: _score(exploration, score) for score in exploration.points}}


def compact(message: Mapping[str, Any]) -> str:
    """A message as it is sent: Gradio compares and copies text faster than nested objects."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def row_hertz(grid: Grid = SIDE_BY_SIDE) -> list[tuple[float, float]]:
    """Frequencies between which each row of patches reads, in Hz; where patches overlap, rows do."""
    return [tuple(round(hertz, 1) for hertz in grid.hertz_of(row)) for row in range(grid.rows)]


@lru_cache(maxsize=8)
def bin_rows(grid: Grid = SIDE_BY_SIDE) -> np.ndarray:
    """Where each bin of a 512-point transform lies among `Grid.mel_segments`, in steps of 1/4096: (257,).

    Without overlap segments are the rows of patches. A bin belongs to one segment or to two neighbours. At
    2.25 it goes with segment 2 by three quarters and with segment 3 by one: the gains that `patch_gains`
    gives it. uint16, where more than 15 segments do not fit uint32.
    """
    shares = bin_shares(grid)
    places = np.round(shares @ np.arange(shares.shape[1]) * ROW_STEPS)
    return places.astype("<u2" if shares.shape[1] * ROW_STEPS <= 1 << 16 else "<u4")


def grid_message(grid: Grid) -> dict[str, int]:
    """The grid of patches, as the page knows it."""
    return {
        "rows": grid.rows,
        "columns": grid.columns,
        "melStride": grid.mel_stride,
        "timeStride": grid.time_stride,
        "patch": grid.patch,
    }


def hertz_ticks() -> list[dict[str, Any]]:
    """Labels of the frequency axis, and how far up the picture each lies (0 to 1)."""
    ticks = []
    for hertz in (100, 250, 500, 1000, 2000, 4000, 8000):
        label = f"{hertz // 1000}k" if hertz >= 1000 else str(hertz)
        at = min(1.0, float(place_of(hertz)) / MEL_BINS)
        ticks.append({"label": label, "at": round(at, 4)})
    return ticks


def base64_of(array: np.ndarray) -> str:
    """The bytes of an array as text."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def _exact(values: np.ndarray) -> list[float]:
    """float32 values in as few digits as tell them apart."""
    return [float(str(value)) for value in values.astype(np.float32)]


def decibels(normalised: np.ndarray, config: ModelConfig) -> np.ndarray:
    """Normalised log-mel -> dB of mel-band power (0 dB is a power of 1)."""
    return (np.asarray(normalised, np.float32) * 2 * config.std + config.mean) * _DECIBELS_PER_NEPER


def _clip(samples: np.ndarray, name: str, start: float, sentences: Sequence[str]) -> dict[str, Any]:
    scale = max(1.0, float(np.abs(samples).max()))  # resampling can overshoot full scale
    pcm = np.round(samples / scale * 32767).astype("<i2")
    return {
        "name": name,
        "start": round(start, 3),
        "seconds": round(len(samples) / SAMPLE_RATE, 4),
        "sentences": list(sentences),
        "silent": is_silent(samples),
        "sample_rate": SAMPLE_RATE,
        "scale": scale,
        "pcm": base64_of(pcm),
    }


def picture_message(exploration: Exploration) -> dict[str, Any]:
    """The spectrogram as drawn, one byte per frame and mel bin, and the statistics of each patch."""
    config = exploration.config
    power = decibels(exploration.spectrogram, config)
    sound = power[: exploration.real_frames]
    high = float(sound.max())
    low = max(float(sound.min()), high - SHOWN_DECIBELS)
    span = max(high - low, 1.0)  # a silent clip has one level only
    grey = np.round(np.clip((power - low) / span, 0, 1) * 255).astype(np.uint8)
    return {
        "frames": config.frames,
        "bins": MEL_BINS,
        "patches": config.patches,
        "real_frames": exploration.real_frames,
        "seconds": round(config.frames * HOP_SECONDS, 4),
        "decibels": [round(low, 1), round(low + span, 1)],
        "grid": grid_message(config.grid),
        "row_hertz": row_hertz(config.grid),
        "hertz_ticks": hertz_ticks(),
        "intensity": _exact(exploration.intensity),
        "variation": _exact(exploration.variation),
        "patch_decibels": _rounded(decibels(exploration.intensity, config), 1),
        "grey": base64_of(grey),
    }


def _score(exploration: Exploration, score: str) -> dict[str, Any]:
    points = exploration.points[score]
    return {
        "rates": [one_rate(point.keep_rate) for point in points],
        "drop": base64_of(exploration.drop_stages(score)),
        "attention": base64_of(_attention(exploration, points)) if score == "attention" else None,
        "holders": base64_of(_holders(exploration, points)) if exploration.method == "merge" else None,
        "points": [_point(point, exploration) for point in points],
    }


def one_rate(keep_rate: float | tuple[float, ...]) -> float:
    """Where a pass lies on the slider: its keep-rate, or the mean of its blocks' own."""
    return keep_rate if isinstance(keep_rate, float) else round(sum(keep_rate) / len(keep_rate), 4)


def _attention(exploration: Exploration, points: Sequence[Point]) -> np.ndarray:
    """Every attention score that decided: the first block's, then for each keep-rate the later blocks'.

    The first block that prunes scores all patches, the same at every keep-rate; later ones those that are
    left, in the order of their ids. A pass at keep-rate 1.0 scores nothing and is left out; of a block that
    keeps all while others do not there are NaNs.
    """
    first, *later = exploration.blocks
    scored = [point for point in points if point.scores]
    parts = [_scores_of(scored[0], first, exploration.config.patches)] if scored else []
    for point in scored:
        present = [len(ids) for ids in point.kept.values()]
        parts += [_scores_of(point, block, n) for block, n in zip(later, present, strict=False)]
    return np.concatenate([np.empty(0), *parts]).astype("<f4")


def _scores_of(point: Point, block: int, present: int) -> np.ndarray:
    return point.scores.get(block, np.full(present, np.nan))


def _holders(exploration: Exploration, points: Sequence[Point]) -> np.ndarray:
    """Id of the patch whose token holds each one: (rates, pruning blocks, patches) int16."""
    own = np.arange(exploration.config.patches)
    rows = [[point.fate.holders.get(block, own) for block in exploration.blocks] for point in points]
    return np.array(rows, "<i2")


def _point(point: Point, exploration: Exploration) -> dict[str, Any]:
    config = exploration.config
    before, after = exploration.unpruned.probabilities, point.probabilities
    shown = {*exploration.unpruned.top(TOP), *point.top(TOP)}
    rows = sorted(shown, key=lambda i: -before[i])
    return {
        **_answer(point, config.labels),
        **_cost(point),
        "rows": [[config.labels[i], round(float(before[i]), 4), round(float(after[i]), 4)] for i in rows],
        "kept": [len(point.kept.get(block, range(config.patches))) for block in exploration.blocks],
    }


def _answer(point: Point, labels: Sequence[str]) -> dict[str, Any]:
    return {"answer": labels[point.answer], "probability": round(float(point.probabilities[point.answer]), 4)}


def _cost(point: Point) -> dict[str, Any]:
    return {"macs": int(point.macs), "milliseconds": round(1000 * point.seconds, 2)}


def _accuracy(
    results: Mapping[str, Any], rates: Sequence[float], config: ModelConfig
) -> dict[str, list[dict[str, float]]]:
    """For each ranking, the accuracy measured at each keep-rate, and its cost."""
    rows = {score: [] for score in {**dict.fromkeys(SCORES), **results["keep_rate"]}}
    for score, row in rows.items():
        for rate in rates:
            if entry := results["keep_rate"].get(score, {}).get(f"{rate:.2f}"):
                low, high = entry["ci95"]
                macs = int(entry.get("macs") or config.macs(rate))
                row.append({"rate": rate, "macs": macs, "value": entry["value"], "low": low, "high": high})
    return rows


def _provenance(results: Mapping[str, Any]) -> dict[str, Any]:
    about = {key: results[key] for key in ("task", "split", "metric", "n", "commit", "made_by", "date")}
    return {**about, "weights": results["weights_sha256"][:12]}
