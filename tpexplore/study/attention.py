"""The attention that patches get, head by head, in an unpruned pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.forward import to_numpy
from tpexplore.model.plan import PRUNE_BLOCKS, check_blocks
from tpexplore.model.vit import AudioViT
from tpexplore.signal.waveform import as_waveform


def attention_by_head(
    model: AudioViT, clip: np.ndarray | Tensor, blocks: Sequence[int] = PRUNE_BLOCKS
) -> dict[int, np.ndarray]:
    """Each head's attention to every patch; the attention score is the mean over heads.

    AST's is that of the CLS token, AudioMAE's the mean over the patches that attend (paper Eq. 2). Nothing
    is pruned here, so at the first pruning block the mean over heads is the ranking at any keep-rate.

    Parameters
    ----------
    model : AudioViT
    clip : (samples,)
        As for `explore`.
    blocks : sequence of int
        Ascending.

    Returns
    -------
    dict of block -> (heads, patches) float32
        Shares of all attention; they sum to less than 1, because the prefix tokens get the rest.

    Raises
    ------
    InputError
        If the model has no such block.

    Examples
    --------
    >>> shares = attention_by_head(load_model("ast-spc12"), load_audio("assets/examples/happy.wav"))
    >>> {block: values.shape for block, values in shares.items()}
    {4: (3, 64), 7: (3, 64), 10: (3, 64)}
    """
    blocks = check_blocks(blocks, model.config.depth)
    shares, done = {}, 0
    with torch.inference_mode():
        x = model.embed(model.spectrogram(as_waveform(clip))[None])
        for block in blocks:
            x = model.run_blocks(x, done + 1, block - 1)
            done = block - 1
            shares[block] = to_numpy(model.scores_by_head(x, block)[0])
    return shares
