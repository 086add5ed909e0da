"""Whether an answer may mean nothing: the model is unsure, or it needs speech but hears none.

The sentence names the evidence: the best answer's probability, or the bundled AudioSet model's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tpexplore.checkpoints.bundled import bundled_card, bundled_names
from tpexplore.model.forward import probabilities
from tpexplore.model.vit import AudioViT
from tpexplore.numbers import percent
from tpexplore.study.exploration import Exploration

from .task_names import task_name

UNSURE = {False: 0.5, True: 0.2}
"""Below this probability an answer is unsure: of classes that compete, and of those judged one by one."""
LEAST_SPEECH = 0.1
"""Below this probability of every kind of speech the AudioSet model hears none."""

_SPEECH = ("Speech Commands", "DSPSpeech")
_SOUNDS = "AudioSet"
_SPEECH_LABELS = {
    *("Speech", "Male speech, man speaking", "Female speech, woman speaking", "Child speech, kid speaking"),
    *("Conversation", "Narration, monologue", "Whispering", "Shout", "Yell", "Children shouting", "Singing"),
}


def doubt_of(
    exploration: Exploration, samples: np.ndarray, load: Callable[[str], AudioViT]
) -> dict[str, Any] | None:
    """Why the answer of a model may mean nothing.

    Parameters
    ----------
    exploration : Exploration
    samples : (n,) float32
    load : callable
        Loads a bundled model by its name.

    Returns
    -------
    dict or None
        ``sentence``, and ``source`` and ``task`` of a model that may know better, None if there is none.
    """
    config = exploration.config
    if not config.classes:
        return None
    other = None if _SOUNDS in config.task else _sound_model(config.family)
    knows = task_name(config.task, config.classes)
    source = {"source": other, "task": other and task_name(bundled_card(other)["task"], 0)}
    if other and any(part in config.task for part in _SPEECH):
        best_sound = _heard_instead_of_speech(load(other), samples)
        if best_sound:
            label, probability = best_sound
            sentence = (
                f"This model knows {knows} only, but here {other} hears “{label}” ({percent(probability)})"
                " and no speech."
            )
            return {"sentence": sentence, **source}
    best = float(exploration.unpruned.probabilities.max())
    if best < UNSURE[config.multilabel]:
        sentence = f"The model is unsure: even with all patches its best answer has only {percent(best)}."
        return {"sentence": sentence, **source}
    return None


def _sound_model(family: str) -> str | None:
    fitting = [name for name in bundled_names() if _SOUNDS in bundled_card(name)["task"]]
    return next(iter(sorted(fitting, key=lambda name: bundled_card(name)["family"] != family)), None)


def _heard_instead_of_speech(model: AudioViT, samples: np.ndarray) -> tuple[str, float] | None:
    with torch.inference_mode():
        logits = model(model.spectrogram(samples)[None]).logits
    shares = probabilities(logits, model.config)[0].cpu().numpy()
    labels = model.config.labels
    speech = max(share for label, share in zip(labels, shares, strict=True) if label in _SPEECH_LABELS)
    best = int(shares.argmax())
    return None if speech >= LEAST_SPEECH else (labels[best], float(shares[best]))
