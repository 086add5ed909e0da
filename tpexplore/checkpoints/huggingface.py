"""AST as the transformers library saves it: what its two JSON files say, and its names of the weights."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, cat, zeros

from tpexplore.checkpoints.position_grid import Geometry
from tpexplore.errors import UNREADABLE_JSON, InputError, shown
from tpexplore.model.macs import HEAD_WIDTH, MLP_RATIO
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.grid import PATCH
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import AUDIOSET_NORMALISATION
from tpexplore.text import load_json

MODEL_TYPE = "audio-spectrogram-transformer"
CONFIG, EXTRACTOR = "config.json", "preprocessor_config.json"
EXTRACTOR_TYPE = "ASTFeatureExtractor"

PREFIX = "audio_spectrogram_transformer."
"""Before the encoder's weights in a file that has a classifier."""

# Our name of a weight, then transformers' name. Of two names, the first has always been used in files; the
# second is the internal name in version 5, which it sometimes saves.
_OUTER = {
    "cls_token": "embeddings.cls_token",
    "reg_token": "embeddings.distillation_token",
    "pos_embed": "embeddings.position_embeddings",
    "patch_embed.proj": "embeddings.patch_embeddings.projection",
    "norm": "layernorm",
    "head.0": "classifier.layernorm",
    "head.1": "classifier.dense",
}
_BLOCK = {
    "norm1": ("layernorm_before",),
    "norm2": ("layernorm_after",),
    "attn.proj": ("attention.output.dense", "attention.o_proj"),
    "mlp.fc1": ("intermediate.dense", "mlp.fc1"),
    "mlp.fc2": ("output.dense", "mlp.fc2"),
    "attn.query": ("attention.attention.query", "attention.q_proj"),
    "attn.key": ("attention.attention.key", "attention.k_proj"),
    "attn.value": ("attention.attention.value", "attention.v_proj"),
}
_OUTER_BY_THEIRS = {theirs: ours for ours, theirs in _OUTER.items()}
_BLOCK_BY_THEIRS = {name: ours for ours, names in _BLOCK.items() for name in names}
_IN_BLOCK = re.compile(r"(?:encoder\.layer|layers)\.(\d+)\.(.+)\.(weight|bias)")

DEFAULTS = {
    "patch_size": PATCH,
    "frequency_stride": 10,
    "time_stride": 10,
    "max_length": 1024,
    "num_mel_bins": MEL_BINS,
    "hidden_size": 768,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
"""Default values of fields that a config.json leaves out."""

UNCHANGED = (0.0, 0.5)
"""Mean and std that leave a spectrogram as it is, which is divided by twice the std."""

LARGEST_EPS = 1e-5
"""Up to here the published models' own eps gives the same logits but for rounding."""


@dataclass(frozen=True)
class Settings:
    """A model's settings from the JSON files.

    Attributes
    ----------
    geometry : Geometry
    labels : tuple of str or None
        None where the model has no names of classes.
    mean, std : float or None
        None if there is no preprocessor_config.json.
    multilabel : bool or None
        None if the files do not say.
    """

    geometry: Geometry
    labels: tuple[str, ...] | None = None
    mean: float | None = None
    std: float | None = None
    multilabel: bool | None = None


def read_config(path: Path) -> dict[str, Any] | None:
    """Settings in a config.json; None where they are not of the transformers library.

    Raises
    ------
    InputError
        If they speak of another architecture.
    """
    config = read_json(path)
    kind = config.get("model_type")
    if kind is None or re.sub(r"\W|_", "", str(kind)).lower() == "audiomae":  # ports contain their own code
        return None
    if kind != MODEL_TYPE:
        raise InputError(f"it is a model of type {shown(kind)}; expected AST or AudioMAE")
    return config


def read_settings(config: Mapping[str, Any], extractor: Path | None) -> Settings:
    """Check what config.json and preprocessor_config.json say.

    Parameters
    ----------
    config : mapping
        From `read_config`.
    extractor : Path or None
        The preprocessor_config.json, where there is one.

    Raises
    ------
    InputError
        If they contain anything unsupported.
    """
    front_end = read_json(extractor) if extractor else None
    if front_end is not None:
        _check_extractor(front_end)
    _check_config(config)
    values = DEFAULTS | config
    problem = config.get("problem_type")
    if problem == "regression":  # its one number would pass for a class of 100 %
        raise InputError(f"its {CONFIG} has problem_type {problem}; expected a classification")
    mean, std = (None, None) if front_end is None else _normalisation(front_end)
    frames, *strides = (_whole(values, key) for key in ("max_length", "frequency_stride", "time_stride"))
    return Settings(
        geometry=Geometry(frames, *strides),
        labels=_labels(config),
        mean=mean,
        std=std,
        multilabel=None if problem is None else problem == "multi_label_classification",
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file in any usual encoding, or InputError."""
    try:
        content = load_json(path)
    except (OSError, *UNREADABLE_JSON) as error:
        raise InputError(f"its {path.name} cannot be read; expected JSON") from error
    if not isinstance(content, dict):
        raise InputError(f"its {path.name} holds no settings; expected a JSON object")
    return content


def _check_extractor(extractor: Mapping[str, Any]) -> None:
    kind = extractor.get("feature_extractor_type", EXTRACTOR_TYPE)
    if kind != EXTRACTOR_TYPE:
        # MAEST, for one, calls itself an AST and hears music through another front end.
        raise InputError(f"its feature extractor is {kind}; expected {EXTRACTOR_TYPE}")
    for key, expected in (("num_mel_bins", MEL_BINS), ("sampling_rate", SAMPLE_RATE)):
        if extractor.get(key, expected) != expected:
            raise InputError(f"its {EXTRACTOR} has {key} {extractor[key]}; expected {expected}")


def _check_config(config: Mapping[str, Any]) -> None:
    values = DEFAULTS | config
    width = _whole(values, "hidden_size")
    if width % HEAD_WIDTH:
        raise InputError(f"its {CONFIG} has hidden_size {width}; expected a multiple of {HEAD_WIDTH}")
    for key in ("frequency_stride", "time_stride"):
        if (stride := _whole(values, key)) > PATCH:
            raise InputError(f"its {CONFIG} has {key} {stride}; expected at most {PATCH}, a patch")
    expected = {
        "num_mel_bins": MEL_BINS,
        "patch_size": PATCH,
        "hidden_act": "gelu",
        "num_attention_heads": width // HEAD_WIDTH,
        "intermediate_size": MLP_RATIO * width,
    }
    for key, value in expected.items():
        if values[key] != value:
            raise InputError(f"its {CONFIG} has {key} {values[key]}; expected {value}")
    eps = values["layer_norm_eps"]
    if not isinstance(eps, int | float) or not 0 <= eps <= LARGEST_EPS:
        raise InputError(f"its {CONFIG} has layer_norm_eps {eps}; expected at most {LARGEST_EPS:g}")


def _labels(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = config.get("id2label")
    if names is None:
        return None
    try:
        by_class = {int(number): str(name) for number, name in names.items()}
        return tuple(by_class[number] for number in range(len(by_class)))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(f"its {CONFIG} has an id2label that does not number the classes from 0 on") from None


def _normalisation(extractor: Mapping[str, Any]) -> tuple[float, float]:
    """Mean and std that a feature extractor means."""
    if not extractor.get("do_normalize", True):
        return UNCHANGED
    # The default of transformers' feature extractor is AudioSet's mean and std.
    mean, std = AUDIOSET_NORMALISATION
    return _number(extractor, "mean", mean), _number(extractor, "std", std)


def _whole(values: Mapping[str, Any], key: str) -> int:
    value = values[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"its {CONFIG} has {key} {value!r}; expected a whole number above 0")
    return value


def _number(values: Mapping[str, Any], key: str, default: float) -> float:
    value = values.get(key, default)
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not abs(value) <= sys.float_info.max or (key == "std" and value <= 0):
        expected = "a number above 0" if key == "std" else "a number"
        raise InputError(f"its {EXTRACTOR} has {key} {value!r}; expected {expected}")
    return float(value)


# -- weights


def is_transformers(state: Mapping[str, Tensor]) -> bool:
    """Whether weights have the names that transformers gives them."""
    return any(f"{prefix}{_OUTER['pos_embed']}" in state for prefix in (PREFIX, ""))


def from_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under timm's names, with query, key and value in one matrix; still frequency-major.

    Raises
    ------
    InputError
        If one of query, key and value is missing.
    """
    renamed = {_ours(key.removeprefix(PREFIX)): value for key, value in state.items()}
    parts = ("query", "key", "value")
    blocks = {m[1] for key in renamed if (m := re.match(rf"(blocks\.\d+\.attn)\.({'|'.join(parts)})\.", key))}
    biased = any(re.search(rf"\.attn\.({'|'.join(parts)})\.bias$", key) for key in renamed)
    for block in sorted(blocks):
        for kind in ("weight", "bias"):
            names = [f"{block}.{part}.{kind}" for part in parts]
            if kind == "bias" and not biased:  # trained with qkv_bias false, where adding 0 is the same
                renamed |= {name: zeros(renamed[f"{block}.qkv.weight"].shape[0] // 3) for name in names}
            for name in names:
                if name not in renamed:
                    raise InputError(f"it lacks {transformers_name(name)}")
            rows = [renamed.pop(name) for name in names]
            if len({row.shape for row in rows}) > 1:
                raise InputError(f"its {transformers_name(names[0])}, key and value differ in shape")
            renamed[f"{block}.qkv.{kind}"] = cat(rows)
    return renamed


def transformers_name(key: str) -> str:
    """What transformers calls the weight that timm calls ``key``; for messages."""
    name, _, kind = key.rpartition(".")
    if key in _OUTER:
        return _OUTER[key]
    if name in _OUTER:
        return f"{_OUTER[name]}.{kind}"
    match = re.fullmatch(r"blocks\.(\d+)\.(.+)", name)
    part = {"attn.qkv": "attn.query"}.get(match[2], match[2]) if match else ""
    return f"encoder.layer.{match[1]}.{_BLOCK[part][0]}.{kind}" if part in _BLOCK else key


def _ours(key: str) -> str:
    if key in _OUTER_BY_THEIRS:
        return _OUTER_BY_THEIRS[key]
    name, _, kind = key.rpartition(".")
    if name in _OUTER_BY_THEIRS:
        return f"{_OUTER_BY_THEIRS[name]}.{kind}"
    match = _IN_BLOCK.fullmatch(key)
    if match and match[2] in _BLOCK_BY_THEIRS:
        return f"blocks.{match[1]}.{_BLOCK_BY_THEIRS[match[2]]}.{match[3]}"
    return key
