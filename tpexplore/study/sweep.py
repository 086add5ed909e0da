"""One clip through one model: every keep-rate of the sweep, for every score, with the shared part once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError, shown
from tpexplore.model.config import ModelConfig
from tpexplore.model.device import seconds_now
from tpexplore.model.forward import Entered, Output, probabilities, to_numpy
from tpexplore.model.plan import (
    KEEP_RATES,
    PRUNE_BLOCKS,
    check_blocks,
    check_keep_rates,
    check_list,
    check_method,
    check_score,
    check_whole,
    scores_of,
    shortest_keep_rate,
)
from tpexplore.model.vit import AudioViT, check_classifier
from tpexplore.signal.decode import ANALYSIS_WINDOW, HOP
from tpexplore.signal.waveform import as_waveform
from tpexplore.study.exploration import Exploration, KeepRate, Point


def explore(
    model: AudioViT,
    clip: np.ndarray | Tensor,
    *,
    keep_rates: Sequence[float | Sequence[float]] = KEEP_RATES,
    scores: Sequence[str] | None = None,
    blocks: Sequence[int] = PRUNE_BLOCKS,
    method: str = "drop",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Exploration:
    """Run one clip at every keep-rate and score.

    What does not depend on the keep-rate runs once: the blocks before the first that prunes, its attention,
    and the whole unpruned pass. Results equal those of separate forward passes. It runs on the model's device
    and in its number type; results come back on the CPU, as float32.

    Parameters
    ----------
    model : AudioViT
    clip : (samples,)
        Mono 16 kHz waveform, from `load_audio`, or anything `as_waveform` takes. Only the model's window is
        used.
    keep_rates : sequence of float or of sequences of float
        Each above 0 and up to 1; one for all pruning blocks, or one for each.
    scores : sequence of {"attention", "intensity", "variation", "random", "time-even"}, optional
        The first three by default. Merging ranks nothing, so there only "attention" goes.
    blocks : sequence of int
        Blocks that prune, ascending.
    method : {"drop", "fuse", "merge"}
    seed : int
        Of the random order.
    progress : callable, optional
        Called with (passes done, passes in all).

    Returns
    -------
    Exploration

    Raises
    ------
    InputError
        If an argument is out of range, or the model has no classifier.

    Examples
    --------
    >>> exploration = explore(load_model("ast-spc12"), load_audio("assets/examples/happy.wav"))
    >>> exploration.points["attention"][0].keep_rate
    0.3
    """
    request = _Request.checked(model, keep_rates, scores, blocks, method, seed)
    report = progress or (lambda done, total: None)
    total = 1 + len(request.pruned) * len(request.scores)
    steps = _steps(model, clip, request)
    for done in range(1, total + 1):
        exploration = next(steps)
        report(done, total)
    return exploration


def explore_steps(
    model: AudioViT,
    clip: np.ndarray | Tensor,
    *,
    keep_rates: Sequence[float | Sequence[float]] = KEEP_RATES,
    scores: Sequence[str] | None = None,
    blocks: Sequence[int] = PRUNE_BLOCKS,
    method: str = "drop",
    seed: int = 0,
    first: float | None = None,
) -> Iterator[Exploration]:
    """`explore` as a generator that yields the results so far after every forward pass.

    Parameters
    ----------
    model, clip, keep_rates, blocks, method, seed :
        As for `explore`.
    scores : sequence of str, optional
        As for `explore`, in the order in which they are explored.
    first : float or None
        Keep-rate to begin each score with; the others follow, nearest first. None takes them ascending.

    Yields
    ------
    Exploration
        After the unpruned pass, then with one more point each. Scores whose turn has not come are not in
        ``points``.

    Raises
    ------
    InputError
        As `explore`.
    """
    request = _Request.checked(model, keep_rates, scores, blocks, method, seed)
    if first is not None:
        request.pruned.sort(key=lambda rate: abs(_mean(rate) - first))
    yield from _steps(model, clip, request)


def explore_batch(
    model: AudioViT,
    clips: Sequence[np.ndarray | Tensor],
    *,
    keep_rates: Sequence[float | Sequence[float]],
    score: str = "attention",
    blocks: Sequence[int] = PRUNE_BLOCKS,
    method: str = "drop",
    seed: int = 0,
) -> list[Exploration]:
    """`explore` of several clips by one score, in one pass for each keep-rate.

    Of short clips this takes less time than one by one. The answers are the same but for rounding, and of a
    single clip exactly so. Each point's `seconds` are the clip's share.

    Parameters
    ----------
    clips : sequence of (samples,)
        At least one.
    keep_rates, score, blocks, method, seed :
        As for `explore`.

    Returns
    -------
    list of Exploration
        In the order of the clips.

    Raises
    ------
    InputError
        As `explore`.
    """
    request = _Request.checked(model, keep_rates, [score], blocks, method, seed)
    try:
        clips = list(clips)
    except TypeError:
        raise InputError(f"clips = {shown(clips)}; expected a list of clips.") from None
    if not clips:
        raise InputError("There is no clip; expected at least one.")
    config, outputs, seconds = model.config, {}, {}
    begun = seconds_now(model.device)
    with torch.inference_mode():
        waves = [as_waveform(clip) for clip in clips]
        spec = torch.stack([model.spectrogram(wave) for wave in waves])
        entered = Entered(model, spec, request.blocks)
        shared = seconds_now(model.device) - begun
        for rate in [1.0, *request.pruned]:
            begun = seconds_now(model.device)
            outputs[rate] = entered.output(rate, score, method, seed)
            seconds[rate] = (shared + seconds_now(model.device) - begun) / len(waves)
        statistics = {name: to_numpy(values) for name, values in entered.statistics.items()}
    explorations = []
    for clip, wave in enumerate(waves):
        points = {
            rate: _point(config, rate, out, request.blocks, seconds[rate], clip)
            for rate, out in outputs.items()
        }
        explorations.append(
            Exploration(
                config=config,
                spectrogram=to_numpy(spec[clip]),
                real_frames=real_frames(model, wave),
                unpruned=points[1.0],
                points={score: tuple(points[rate] for rate in request.rates)},
                blocks=request.blocks,
                method=method,
                seed=seed,
                **{name: values[clip] for name, values in statistics.items()},
            )
        )
    return explorations


@dataclass(frozen=True)
class _Request:
    """What to explore: checked, keep-rates ascending, those below 1 in the order in which they run."""

    rates: list[KeepRate]
    pruned: list[KeepRate]
    scores: list[str]
    blocks: tuple[int, ...]
    method: str
    seed: int

    @classmethod
    def checked(
        cls,
        model: AudioViT,
        keep_rates: Sequence[float | Sequence[float]],
        scores: Sequence[str] | None,
        blocks: Sequence[int],
        method: str,
        seed: int,
    ) -> _Request:
        check_classifier(model)
        blocks = check_blocks(blocks, model.config.depth)
        ascending = sorted({check_keep_rates(rate, blocks) for rate in check_list(keep_rates, "keep_rates")})
        rates = [shortest_keep_rate(each) for each in ascending]
        check_method(method)
        scores = scores_of(method) if scores is None else check_list(scores, "scores")
        scores = [check_score(score) for score in scores]
        for score in scores:
            check_method(method, score)
        seed = check_whole(seed, "seed", 0)
        return cls(rates, [rate for rate in rates if rate != 1], scores, blocks, method, seed)


def _mean(rate: KeepRate) -> float:
    return rate if isinstance(rate, float) else sum(rate) / len(rate)


def _steps(model: AudioViT, clip: np.ndarray | Tensor, request: _Request) -> Iterator[Exploration]:
    config, blocks, method = model.config, request.blocks, request.method
    # A generator must not hold inference mode between its steps: it would leak into its caller.
    with torch.inference_mode():
        wave = as_waveform(clip)
        spec = model.spectrogram(wave)[None]
        started = seconds_now(model.device)
        entered = Entered(model, spec, blocks)
        shared_seconds = seconds_now(model.device) - started
        out = entered.output()
        unpruned = _point(config, 1.0, out, blocks, seconds_now(model.device) - started)
        statistics = {name: to_numpy(values[0]) for name, values in entered.statistics.items()}
    whole = (unpruned,) if 1.0 in request.rates else ()
    # Until the end, a score appears only after it has started.
    scores = request.scores[:1] if request.pruned else request.scores
    points = dict.fromkeys(scores, whole) if whole else {}
    exploration = Exploration(
        config=config,
        spectrogram=to_numpy(spec[0]),
        real_frames=real_frames(model, wave),
        unpruned=unpruned,
        points=points,
        blocks=blocks,
        method=method,
        seed=request.seed,
        **statistics,
    )
    yield exploration
    for score in request.scores:
        begun = seconds_now(model.device)
        with torch.inference_mode():
            entered.attend_first(score, method)
        before = shared_seconds + seconds_now(model.device) - begun
        for rate in request.pruned:
            begun = seconds_now(model.device)
            with torch.inference_mode():
                out = entered.output(rate, score, method, request.seed)
                point = _point(config, rate, out, blocks, before + seconds_now(model.device) - begun)
            row = (*points.get(score, whole), point)
            row = sorted(row, key=lambda point: check_keep_rates(point.keep_rate, blocks))
            points = {**points, score: tuple(row)}
            exploration = replace(exploration, points=points)
            yield exploration


def _point(
    config: ModelConfig, rate: KeepRate, out: Output, blocks: Sequence[int], seconds: float, clip: int = 0
) -> Point:
    fate = out.fate.clip(clip)
    if not out.logits[clip].isfinite().all():  # or NaN would pass for the first class's answer
        raise InputError(
            f"{config.name} answers NaN or infinity; expected weights, mean and std that fit each other and"
            f" its number type, {out.logits.dtype}."
        )
    return Point(
        keep_rate=rate,
        logits=to_numpy(out.logits[clip]),
        probabilities=to_numpy(probabilities(out.logits[clip], config)),
        kept={block: fate.present_after(block) for block in fate.holders},
        macs=config.macs(rate, blocks, out.method),
        seconds=seconds,
        scores={
            stage.block: to_numpy(stage.scores[clip]) for stage in out.stages if stage.scores is not None
        },
        fate=fate,
    )


def real_frames(model: AudioViT, clip: np.ndarray | Tensor) -> int:
    """Frames that the clip fills: one per 10 ms once a 25 ms window fits."""
    return min(model.config.frames, (len(clip) - ANALYSIS_WINDOW) // HOP + 1)
