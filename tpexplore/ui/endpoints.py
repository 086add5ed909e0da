"""The API of a running app for programs: named endpoints with typed arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, check_keep_rate, check_score
from tpexplore.results.store import bundled_models, measured_results
from tpexplore.study.sweep import explore

from .choices import ModelChoice, cached_model, check_request
from .clips import excerpt_of
from .events import MODEL_QUEUE


def build(choices: list[ModelChoice]) -> None:
    """Register the endpoints in the current `gr.Blocks`.

    Parameters
    ----------
    choices : list of ModelChoice
        What may be named as a model; the first is the default.
    """
    by_source = {choice.source: choice for choice in choices}
    default = choices[0].source if choices else ""

    def explore_clip(clip: gr.FileData, model: str = default, start: float | None = None) -> dict[str, Any]:
        """A clip at every keep-rate with all three scores, as Exploration.to_dict() gives it.

        start: where in the file to begin, in seconds; without it the loudest part is taken.
        """
        return _answer(clip, by_source, model, start, KEEP_RATES, None)

    def explore_at(
        clip: gr.FileData,
        model: str = default,
        keep_rate: float = 0.7,
        score: str = "attention",
        start: float | None = None,
    ) -> dict[str, Any]:
        """A clip at one keep-rate with one score, beside the unpruned answer; the cheapest request."""
        return _answer(clip, by_source, model, start, (keep_rate,), score)

    def models() -> list[dict[str, Any]]:
        """The bundled models with their measured accuracy."""
        return bundled_models()

    def results(model: str) -> dict[str, Any]:
        """Measurements of a bundled model, as in its results file."""
        measured = measured_results(model) if model in by_source else None
        if measured is None:
            raise gr.Error(f"Nothing has been measured of model {model!r}.", print_exception=False)
        return measured

    gr.api(explore_clip, api_name="explore", **MODEL_QUEUE)
    gr.api(explore_at, api_name="explore_at", **MODEL_QUEUE)
    gr.api(models, api_name="models")
    gr.api(results, api_name="results")


def _uploaded(clip: dict[str, Any]) -> str:
    """Path of an uploaded clip; Gradio passes a plain dict, unchecked.

    Only what lies in the upload folder counts: the path comes from the caller, who could name any file.
    """
    path = Path(str(clip.get("path") if isinstance(clip, dict) else None))
    uploads = Path(get_upload_folder()).resolve()
    if not path.is_absolute() or uploads not in path.resolve().parents:
        raise InputError("The clip is not an uploaded file; expected one sent with handle_file().")
    return str(path)


def _answer(
    clip: dict[str, Any],
    by_source: dict[str, ModelChoice],
    model: str,
    start: float | None,
    keep_rates: tuple[float, ...],
    score: str | None,
) -> dict[str, Any]:
    """Run the model; a problem with the request is returned as one sentence."""
    try:
        if model not in by_source:
            sources = ", ".join(by_source) or "none"
            raise InputError(f"Model {model!r} is unknown to this app; expected one of: {sources}.")
        for rate in keep_rates:
            check_keep_rate(rate)
        scores = {} if score is None else {"scores": (check_score(score),)}
        choice = by_source[model]
        path = _uploaded(clip)
        check_request(path, choice)
        excerpt = excerpt_of(path, choice, start)
        exploration = explore(cached_model(choice), excerpt.samples, keep_rates=keep_rates, **scores)
    except InputError as error:
        raise gr.Error(str(error), print_exception=False) from None
    return {**exploration.to_dict(), "start": round(excerpt.start, 3)}
