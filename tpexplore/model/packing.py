"""Linear layers laid out for oneDNN: the same function in less time on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tpexplore.model.vit import AudioViT

# Tokens that the layout is chosen for. Others run with it too: at 33 to 513 tokens a product of ViT-B's
# width took the time that its MACs promise, give or take a tenth.
_TOKENS = 256


class PackedLinear(nn.Module):
    """What `torch.nn.Linear` computes, for inference on a CPU.

    PyTorch hands float32 products to MKL, which lays the weights out anew in every call, the dearer the
    fewer tokens there are, and does not use all of some processors (AMD's AVX-512). Here they are laid out
    once, and oneDNN multiplies. Sums are added in another order, so results differ in the last bits.

    Parameters
    ----------
    layer : nn.Linear
        On a CPU, float32.
    """

    def __init__(self, layer: nn.Linear):
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.bias = layer.bias
        # The operators that PyTorch's own compiler puts in; there is no public name for them.
        self._packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), _TOKENS)

    def forward(self, x: Tensor) -> Tensor:
        """(…, in_features) -> (…, out_features)."""
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")


def pack(model: AudioViT) -> AudioViT:
    """Switch a model's blocks to `PackedLinear`, in place.

    For inference only: the packed weights can neither be trained nor saved. Where this PyTorch was built
    without oneDNN the model stays as it is.

    Parameters
    ----------
    model : AudioViT
        On a CPU, float32, in evaluation mode.

    Returns
    -------
    AudioViT
        The same model.

    Examples
    --------
    >>> model = pack(load_model("ast-esc50"))
    """
    if torch.backends.mkldnn.is_available():
        for block in model.vit.blocks:
            for part in (block.attn, block.mlp):
                for name, layer in list(part.named_children()):
                    if isinstance(layer, nn.Linear):
                        setattr(part, name, PackedLinear(layer))
    return model
