"""Linear layers laid out for oneDNN: the same function in less time on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from tpexplore.model.vit import AudioViT, check_model

# Tokens that the layout is chosen for. Others run with it too: at 33 to 513 tokens a product of ViT-B's
# width took the time that its MACs promise, give or take a tenth.
_TOKENS = 256


class PackedLinear(nn.Module):
    """What `torch.nn.Linear` computes, for inference, in less time on a CPU.

    PyTorch passes float32 products to MKL. MKL rearranges the weights in every call, which costs relatively
    more with few tokens, and does not use some processors fully (AMD's AVX-512). Here the weights are
    rearranged once, and oneDNN multiplies. Sums are added in another order, so results differ in the last
    bits.

    Moved to another device or number type, it computes what `torch.nn.Linear` does there; moved back, the
    weights are laid out again. Copies and pickles are laid out anew.

    Parameters
    ----------
    layer : nn.Linear
    """

    def __init__(self, layer: nn.Linear):
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.bias = layer.bias
        self._lay_out(layer.weight.detach())

    def _lay_out(self, weight: Tensor) -> None:
        self._packed = self._plain = None
        if packable(weight):
            # The operators that PyTorch's own compiler inserts; they have no public name.
            self._packed = torch.ops.mkldnn._reorder_linear_weight(weight, _TOKENS)
        else:
            self._plain = weight

    def _weight(self) -> Tensor:
        return self._plain if self._packed is None else self._packed.to_dense()

    def unpacked(self) -> nn.Linear:
        """The layer that this one was made of."""
        with torch.device("meta"):
            layer = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None)
        layer.weight, layer.bias = nn.Parameter(self._weight()), self.bias
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """(…, in_features) -> (…, out_features)."""
        if self._packed is None:
            return linear(x, self._plain, self.bias)
        # Autocast does not convert the input of this operator; it can be bfloat16.
        return torch.ops.mkldnn._linear_pointwise(x.float(), self._packed, self.bias, "none", [], "")

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> PackedLinear:
        super()._apply(fn, recurse)
        self._lay_out(fn(self._weight()))
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_packed": None, "_plain": self._weight()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._lay_out(self._plain)


def packable(weight: Tensor) -> bool:
    """Whether weights can be laid out: on a CPU, in float32, where this PyTorch was built with oneDNN."""
    fits = weight.device.type == "cpu" and weight.dtype == torch.float32
    return fits and torch.backends.mkldnn.is_available()


def pack(model: AudioViT) -> AudioViT:
    """Switch a model's blocks to `PackedLinear`, in place.

    For inference only: the packed weights can neither be trained nor saved with `state_dict`. The model
    stays unchanged if it is not on a CPU, not in float32, or if this PyTorch was built without oneDNN.

    A process that has run it in several threads must not be forked and run it again there: oneDNN's threads
    are not copied, and the pass would wait for them. Start processes with "spawn".

    Parameters
    ----------
    model : AudioViT
        In evaluation mode.

    Returns
    -------
    AudioViT
        The same model.

    Examples
    --------
    >>> model = pack(load_model("ast-esc50"))
    """
    check_model(model)
    for block in model.vit.blocks:
        for part in (block.attn, block.mlp):
            for name, layer in list(part.named_children()):
                if isinstance(layer, nn.Linear) and packable(layer.weight):
                    setattr(part, name, PackedLinear(layer))
    return model


def unpack(model: AudioViT) -> AudioViT:
    """Switch a model's packed layers back to `torch.nn.Linear`, in place; the inverse of `pack`."""
    for block in model.vit.blocks:
        for part in (block.attn, block.mlp):
            for name, layer in list(part.named_children()):
                if isinstance(layer, PackedLinear):
                    setattr(part, name, layer.unpacked())
    return model
