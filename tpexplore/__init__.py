"""tpexplore: see what a pruned audio transformer throws away.

The names below are imported on first use, so that ``import tpexplore`` and the command line's help
do not wait for torch.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "AudioViT": "vit",
    "InputError": "errors",
    "ModelConfig": "vit",
    "count_macs": "macs",
    "explore": "exploration",
    "load_audio": "audio",
    "load_model": "checkpoints",
    "pack": "packing",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
