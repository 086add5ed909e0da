"""The pruned model as a file for other programs: ONNX or torch.export, with a card beside it."""

from __future__ import annotations

import copy
import hashlib
import io
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpexplore.errors import InputError, shown
from tpexplore.model.plan import (
    PRUNE_BLOCKS,
    check_blocks,
    check_keep_rates,
    check_method,
    check_score,
    shortest_keep_rate,
)
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.mel import MEL_BINS
from tpexplore.writing import check_ending, check_place, write_with_card

if TYPE_CHECKING:
    from torch import Tensor
    from torch.export import ExportedProgram

    from tpexplore.model.vit import AudioViT

INPUT = "spectrogram"
ENDINGS = (".onnx", ".pt2")


def export(
    model: AudioViT,
    path: str | os.PathLike[str],
    keep_rate: float | Sequence[float] = 0.7,
    score: str = "attention",
    *,
    blocks: Sequence[int] = PRUNE_BLOCKS,
    method: str = "drop",
) -> dict[str, Any]:
    """Write the pruned model to a file that other programs run without this library.

    The file computes in float32. Its input is "spectrogram" (batch, frames, 128), as
    `AudioViT.spectrogram` makes it, of any batch size; its outputs are "logits" (batch, classes) and for each
    pruning block "kept_4", … (batch, k), the ids of the patches left after it, ascending; none at keep-rate
    1.0. A card beside it, with ".json" added to the name, says how to make the input and read the output.

    Parameters
    ----------
    model : AudioViT
        On any device, in any number type, packed or not; it is not changed.
    path : str or os.PathLike
        Ending in .onnx, or in .pt2 for torch.export's format. A file there is replaced.
    keep_rate : float or sequence of float
        Above 0 and up to 1; one for all pruning blocks, or one for each.
    score : str
        What ranks the patches, see `AudioViT.forward`.
    blocks : sequence of int
        Blocks that prune, ascending.
    method : {"drop", "fuse", "merge"}

    Returns
    -------
    dict
        The card.

    Raises
    ------
    InputError
        If an argument is out of range, the model has no classifier, the file's ending is another, or the
        packages that write ONNX are missing.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> card = export(load_model("ast-spc12"), "pruned.onnx", keep_rate=0.7)
    >>> card["outputs"]
    ['logits', 'kept_4', 'kept_7', 'kept_10']
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"Got {shown(path)} as a file to export to; expected a path.")
    path = Path(path)
    ending = check_export_name(path)
    check_export_places(path)

    from tpexplore.model.vit import check_classifier

    check_classifier(model)
    config = model.config
    blocks = check_blocks(blocks, config.depth)
    rates = check_keep_rates(keep_rate, blocks)
    check_method(method, check_score(score))
    prunes = min(rates) < 1
    outputs = ["logits", *(f"kept_{block}" for block in (blocks if prunes else ()))]

    with _quiet():
        program = _traced(model, keep_rate=rates, score=score, method=method, blocks=blocks)
        content = _onnx(program, outputs) if ending == ".onnx" else _pt2(program)
    macs, unpruned = config.macs(rates, blocks, method), config.macs()
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "source": config.name,
        "source_sha256": config.sha256,
        "family": config.family,
        "task": config.task,
        "input": {"name": INPUT, "shape": ["batch", config.frames, MEL_BINS]},
        "outputs": outputs,
        "labels": list(config.labels),
        "multilabel": config.multilabel,
        "sample_rate": SAMPLE_RATE,
        "frames": config.frames,
        "mean": config.mean,
        "std": config.std,
        "normalisation": "(log-mel - mean) / (2 * std)",
        "padding": config.pad,
        "patches": config.patches,
        "rows": config.grid.rows,
        "mel_stride": config.mel_stride,
        "time_stride": config.time_stride,
        "keep_rate": shortest_keep_rate(rates),
        "score": score,
        "method": method,
        "blocks": list(blocks),
        "macs": macs,
        "unpruned_macs": unpruned,
    }
    write_with_card(path, content, _card_of(path), card)
    return card


def check_export_name(path: Path) -> str:
    """Ending of a file to export to, or InputError where nothing of that kind can be written here."""
    ending = check_ending(path, *ENDINGS)
    if ending == ".onnx" and not all(map(find_spec, ("onnx", "onnxscript"))):
        raise InputError(
            'Writing ONNX needs two more packages; install them with pip install "tpexplore[onnx]", or export'
            " to a .pt2 file."
        )
    return ending


def check_export_places(path: Path) -> None:
    """Raise the OSErrors of writing the file or its card that can be foreseen before the model is traced."""
    check_place(path)
    check_place(_card_of(path))


def _card_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _traced(model: AudioViT, **pruning: Any) -> ExportedProgram:
    """The pruned forward pass as one graph, for any batch size."""
    import torch

    from tpexplore.model.packing import unpack

    class Pruned(torch.nn.Module):
        def __init__(self, whole: AudioViT):
            super().__init__()
            self.whole = whole

        def forward(self, spectrogram: Tensor) -> tuple[Tensor, ...]:
            out = self.whole(spectrogram, **pruning)
            return (out.logits, *out.kept.values())

    plain = unpack(copy.deepcopy(model)).to("cpu", torch.float32).eval()
    # Two clips: of one, torch would take the batch size for a constant.
    example = torch.zeros(2, model.config.frames, MEL_BINS)
    with torch.inference_mode(False), torch.no_grad():
        shapes = ({0: torch.export.Dim("batch", min=1)},)
        return torch.export.export(Pruned(plain), (example,), dynamic_shapes=shapes)


def _onnx(program: ExportedProgram, outputs: list[str]) -> bytes:
    import torch
    from onnxscript import ir

    written = torch.onnx.export(
        program,
        dynamo=True,
        verbose=False,
        input_names=[INPUT],
        output_names=outputs,
        custom_translation_table={torch.ops.aten.sort.stable: _stable_sort},
    )
    graph = written.model.graph
    for value in (*graph.inputs, *graph.outputs):
        value.shape = ir.Shape(["batch", *value.shape[1:]])
    return written.model_proto.SerializeToString()


def _pt2(program: ExportedProgram) -> bytes:
    from torch.export import save

    content = io.BytesIO()  # torch reports a full disk with an error of its own
    save(program, content)
    return content.getvalue()


def _stable_sort(values: Any, *, stable: bool = True, dim: int = -1, descending: bool = False) -> Any:
    """torch's stable sort along an axis counted from the front, which torch cannot translate itself.

    ONNX's TopK returns equal values by ascending index, so the sort is stable.
    """
    from onnxscript import INT32, UINT8
    from onnxscript import opset18 as op

    count = op.Shape(values, start=dim, end=dim + 1)
    is_narrow = values.dtype.numpy().itemsize == 1  # onnxruntime sorts no bytes
    wide = op.Cast(values, to=INT32.dtype) if is_narrow else values
    ordered, places = op.TopK(wide, count, axis=dim, largest=int(descending))
    return (op.Cast(ordered, to=UINT8.dtype) if is_narrow else ordered), places


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the messages of torch and onnxscript about their own internals."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
