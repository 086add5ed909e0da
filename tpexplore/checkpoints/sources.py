"""Where a model's files lie: bundled here, one file, a folder, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import Tensor

from tpexplore.checkpoints import bundled, lfs
from tpexplore.checkpoints.adapters import ADAPTER, refuse_adapter
from tpexplore.checkpoints.bundled import (
    HUB_PREFIX,
    bundled_card,
    check_model_name,
    is_bundled,
)
from tpexplore.checkpoints.files import read_safetensors, read_torch_file, sha256_of
from tpexplore.checkpoints.hub import fetch
from tpexplore.checkpoints.huggingface import (
    CONFIG,
    EXTRACTOR,
    Settings,
    read_config,
    read_json,
    read_settings,
)
from tpexplore.errors import InputError, short

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Files of weights in a folder or repository, the best first; of each there may be parts, with an index."""
INDEX = ".index.json"

Get = Callable[[str], Path | None]
"""Maps a file's name to its path, or None if there is no such file."""


@dataclass(frozen=True)
class ModelSource:
    """A model's files.

    Attributes
    ----------
    name : str
        What to call the model.
    weights : tuple of Path
        One file, or its parts.
    settings : Settings or None
        Of the transformers library, where they lie beside the weights.
    sha256 : str
        Of the weights; of parts the SHA-256 of their SHA-256s.
    """

    name: str
    weights: tuple[Path, ...]
    settings: Settings | None
    sha256: str

    def read(self) -> tuple[object, dict[str, str]]:
        """Contents of the weights, and the metadata of a safetensors file."""
        if len(self.weights) == 1:
            return _read(self.weights[0])
        tensors: dict[str, Tensor] = {}
        for path in self.weights:
            contents, _ = _read(path)
            if not isinstance(contents, dict):
                raise InputError(f"{path.name} holds no weights.")
            tensors |= contents
        return tensors, {}


def find_source(source: str) -> ModelSource:
    """Find a model's files; those on the Hub are fetched, their settings first.

    Parameters
    ----------
    source : str
        A bundled name, a file, a folder, or "hf_hub:owner/name".

    Raises
    ------
    InputError
        If there are no files, or they cannot be used.
    """
    check_model_name(source)
    if source.startswith(HUB_PREFIX):
        return _in_repository(source, partial(fetch, source.removeprefix(HUB_PREFIX)))
    if is_bundled(source):
        path = bundled.MODELS_FOLDER / f"{source}.safetensors"
        return ModelSource(source, (path,), None, _checked_digest(path))
    path = Path(source)
    name = path.resolve().name or str(path.resolve())  # the root has no name
    if path.is_dir():
        _refuse_folder_of_models(name, path)
        return _in_repository(name, partial(_beside, path))
    beside = partial(_beside, path.parent)
    # A file with an unusual name may be in a folder of downloads, beside files of other models.
    is_described = path.name in WEIGHTS or _is_of_ast(beside(CONFIG))
    settings = _settings(name, beside) if is_described else None
    return ModelSource(name, (path,), settings, _checked_digest(path))


def files_of_model(source: str) -> list[Path]:
    """The files on this machine that a model is read from, without the cache of the Hub."""
    if bundled.is_bundled(source):
        return [bundled.MODELS_FOLDER / f"{source}{ending}" for ending in (".safetensors", ".json")]
    path = Path(source)
    if not path.is_dir():
        return [path]
    return [path / name for name in wanted_files([file.name for file in path.iterdir()])]


def wanted_files(names: Collection[str]) -> list[str]:
    """Of a repository's files those that `find_source` reads; of parts those that look like them."""
    settings = [name for name in (CONFIG, EXTRACTOR) if name in names]
    for weights in WEIGHTS:
        if weights in names:
            return [*settings, weights]
        if weights + INDEX in names:
            stem, ending = weights.split(".")
            parts = [name for name in names if re.fullmatch(rf"{stem}-\d+-of-\d+\.{ending}", name)]
            return [*settings, weights + INDEX, *parts]
    return settings


def _beside(folder: Path, name: str) -> Path | None:
    path = folder / name
    with suppress(OSError):  # the name, from an index, is too long
        return path if path.is_file() else None
    return None


def _in_repository(name: str, get: Get) -> ModelSource:
    # The settings first: they are small, and say whether the weights are worth fetching.
    settings = _settings(name, get)
    for weights in WEIGHTS:
        if path := get(weights):
            return ModelSource(name, (path,), settings, _checked_digest(path))
        if index := get(weights + INDEX):
            parts = _parts(name, index, get)
            digests = "\n".join(_checked_digest(part) for part in parts)
            return ModelSource(name, parts, settings, hashlib.sha256(digests.encode()).hexdigest())
    # Last, because a whole model beside an adapter takes precedence, and every check is a request to the Hub.
    _refuse_adapter(name, get)
    raise InputError(f"{name} holds no weights; expected {' or '.join(WEIGHTS)}.")


def _refuse_folder_of_models(name: str, folder: Path) -> None:
    """Raise InputError where weights lie only in folders of the folder, as a trainer saves them."""
    files = [weights + ending for weights in WEIGHTS for ending in ("", INDEX)]
    if any(_beside(folder, file) for file in files):
        return
    if inside := sorted(path.parent.name for file in files for path in folder.glob(f"*/{file}")):
        raise InputError(
            f"{name} holds no weights itself; open a folder in it that does, such as {short(inside[0])}."
        )


def _refuse_adapter(name: str, get: Get) -> None:
    try:
        refuse_adapter(get(ADAPTER))
    except InputError as error:
        raise cannot_use(name, error) from None


def _settings(name: str, get: Get) -> Settings | None:
    path = get(CONFIG)
    try:
        config = path and read_config(path)
    except InputError as error:
        raise cannot_use(name, error) from None
    if not config:
        return None
    extractor = get(EXTRACTOR)
    try:
        return read_settings(config, extractor)
    except InputError as error:
        raise cannot_use(name, error) from None


def _is_of_ast(config: Path | None) -> bool:
    """Whether a config.json was saved by transformers beside an AST."""
    with suppress(InputError):
        return config is not None and read_config(config) is not None
    return False


def _parts(name: str, index: Path, get: Get) -> tuple[Path, ...]:
    """The files of weights that an index names."""
    try:
        names = sorted(set(read_json(index).get("weight_map", {}).values()))
    except (InputError, AttributeError, TypeError):
        names = []
    # A name must not lead out of the folder.
    if not names or any(not isinstance(part, str) or Path(part).name != part for part in names):
        raise cannot_use(name, InputError(f"its {index.name} names no parts of the weights"))
    parts = [get(part) for part in names]
    for part, path in zip(names, parts, strict=True):
        if path is None:
            raise InputError(f"{name} lacks {part}, a part of the weights.")
    return tuple(parts)


def cannot_use(name: str, error: InputError) -> InputError:
    """The error in one sentence that names the model."""
    return InputError(f"{name} cannot be used: {str(error).rstrip('.')}.")


def _read(path: Path) -> tuple[object, dict[str, str]]:
    if path.suffix.lower() == ".safetensors":
        return read_safetensors(path)
    return read_torch_file(path), {}


def _checked_digest(path: Path) -> str:
    """SHA-256 of the weights; a bundled model's must be the one on its card."""
    try:
        with path.open("rb") as file:
            start = file.read(len(lfs.POINTER))
        digest = sha256_of(path)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if start == lfs.POINTER:
        raise InputError(f"{path.name} is a Git LFS pointer, not the weights; fetch it with git lfs pull.")
    if path.parent == bundled.MODELS_FOLDER and digest != bundled_card(path.stem).get("weights_sha256"):
        raise InputError(f"{path.name} differs from the sha256 on its card; fetch the file again.")
    return digest
