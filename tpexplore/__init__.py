"""tpexplore: see what a pruned audio transformer throws away.

The names below are imported on first use, so that ``import tpexplore`` and the command line's help
do not wait for torch.
"""

from importlib import import_module

from tpexplore.account import name_account

name_account()  # before torch is imported

__version__ = "0.1.0"

_HOMES = {
    "AudioViT": "model.vit",
    "InputError": "errors",
    "ModelConfig": "model.config",
    "clip_from_array": "signal.decode",
    "count_macs": "model.macs",
    "explore": "study.sweep",
    "explore_windows": "study.windows",
    "export": "checkpoints.export",
    "load_audio": "signal.decode",
    "load_model": "checkpoints.load",
    "pack": "model.packing",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
