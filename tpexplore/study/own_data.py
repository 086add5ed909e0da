"""How often a pruned model gets a person's own labelled clips right, at every keep-rate."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.plan import check_keep_rate, check_list, check_score
from tpexplore.model.vit import AudioViT, check_classifier
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.stats.intervals import wilson_interval
from tpexplore.study.labels import LabelledClip
from tpexplore.study.sweep import explore
from tpexplore.study.uploads import shown_name


@dataclass(frozen=True)
class AccuracyRow:
    """Accuracy at one keep-rate.

    Attributes
    ----------
    score : str
    keep_rate : float
    right, n : int
        Clips answered right, of how many.
    macs : int
        Multiply-accumulates of one clip.
    """

    score: str
    keep_rate: float
    right: int
    n: int
    macs: int

    @property
    def accuracy(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson_interval(self.right, self.n)


@dataclass
class AccuracyCurve:
    """Answers of a model to labelled clips, added clip by clip.

    A clip is right if its class is the most probable one, also where a model judges classes one by one.

    Attributes
    ----------
    config : ModelConfig
    scores : tuple of str
    keep_rates : tuple of float, ascending
    answers : list of (LabelledClip, {(score, keep-rate): index of the class answered})
        Clips done so far.
    unknown : list of LabelledClip
        Clips whose label the model does not know; they are not run.
    problems : list of str
        A sentence about each clip that could not be read.
    """

    config: ModelConfig
    scores: tuple[str, ...]
    keep_rates: tuple[float, ...]
    answers: list[tuple[LabelledClip, dict[tuple[str, float], int]]] = field(default_factory=list)
    unknown: list[LabelledClip] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def checked(cls, model: AudioViT, scores: Sequence[str], keep_rates: Sequence[float]) -> AccuracyCurve:
        """An empty one; raises InputError if an argument is out of range."""
        scores, keep_rates = check_list(scores, "scores"), check_list(keep_rates, "keep_rates")
        if not scores or not keep_rates:
            raise InputError(
                f"Got {len(scores)} scores and {len(keep_rates)} keep-rates; expected some of each."
            )
        check_classifier(model)
        rates = sorted({check_keep_rate(rate) for rate in keep_rates})
        return cls(model.config, tuple(check_score(score) for score in scores), tuple(rates))

    def add(self, model: AudioViT, clip: LabelledClip, progress: Callable[[int, int], None]) -> None:
        """Run one clip at every keep-rate. If ``progress`` raises, that passes on and nothing is counted.

        Of a clip longer than the model's window, the loudest part is used, as in the app.
        """
        if clip.target is None:
            self.unknown.append(clip)
            return
        try:
            samples = read_excerpt(clip.path, self.config.seconds).samples
        except InputError as error:
            # The file has a number for a name by now.
            self.problems.append(str(error).replace(repr(clip.path.name), shown_name(clip.name)))
            return
        result = explore(model, samples, keep_rates=self.keep_rates, scores=self.scores, progress=progress)
        points = {(score, point.keep_rate): point for score in self.scores for point in result.points[score]}
        self.answers.append((clip, {key: point.answer for key, point in points.items()}))

    def rows(self) -> list[AccuracyRow]:
        """One row for each score and keep-rate, over the clips done so far; none before the first."""
        if not self.answers:
            return []
        return [
            AccuracyRow(
                score,
                rate,
                right=sum(answers[score, rate] == clip.target for clip, answers in self.answers),
                n=len(self.answers),
                macs=self.config.macs(rate),
            )
            for score in self.scores
            for rate in self.keep_rates
        ]


def accuracy_csv(curve: AccuracyCurve) -> str:
    """The rows of a curve as CSV, with the model and its weights on each."""
    head = [
        "model",
        "weights_sha256",
        "score",
        "keep_rate",
        "right",
        "n",
        "accuracy",
        "low95",
        "high95",
        "macs",
    ]
    about = [curve.config.name, curve.config.sha256]
    return _csv(
        head,
        (
            [*about, row.score, f"{row.keep_rate:.2f}", row.right, row.n]
            + [f"{value:.4f}" for value in (row.accuracy, *row.interval)]
            + [row.macs]
            for row in curve.rows()
        ),
    )


def answers_csv(curve: AccuracyCurve) -> str:
    """Every clip's answers as CSV: one line a clip, one column for each score and keep-rate."""
    labels = curve.config.labels
    keys = [(score, rate) for score in curve.scores for rate in curve.keep_rates]
    head = ["clip", "label", *(f"{score} {rate:.2f}" for score, rate in keys)]
    done = (
        [clip.name, labels[clip.target], *(labels[answers[key]] for key in keys)]
        for clip, answers in curve.answers
    )
    return _csv(head, done)


def _csv(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in line] for line in lines)
    return out.getvalue()


def _harmless(value: object) -> object:
    """Text that a spreadsheet would run as a formula, marked as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple("=+-@\t\r")) else value
