"""Refuse adapters of the PEFT library, such as LoRA: they change a model but are not models themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tpexplore.checkpoints.huggingface import read_json
from tpexplore.errors import InputError, shown

ADAPTER = "adapter_config.json"

_MARKS = ("base_model.model.", ".lora_", ".base_layer.")
"""Parts of the names of weights, in an adapter's file and in a model that was saved unmerged."""


def refuse_adapter(settings: Path | None) -> None:
    """Raise InputError if there are an adapter's settings where no whole model lies."""
    if settings is not None:
        raise _advice(read_json(settings))


def refuse_adapted(names: Iterable[str]) -> None:
    """Raise InputError if weights have names that PEFT gives them."""
    if any(mark in name for name in names for mark in _MARKS):
        raise _advice({})


def _advice(settings: dict) -> InputError:
    kind, base = (settings.get(key) for key in ("peft_type", "base_model_name_or_path"))
    kind = "LoRA" if kind in (None, "LORA") else shown(kind)
    of = f" of {shown(base)}" if base else ""
    return InputError(
        f"it holds an adapter ({kind}){of}, not a whole model; load both with PEFT, join them with"
        " merge_and_unload() and save the result with save_pretrained()"
    )
