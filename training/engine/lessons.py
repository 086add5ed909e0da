"""Learning from a tagger's stored answers: the layers that predict them, and their losses."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from training.data.answers import StoredAnswers
from training.data.tagger import TAGS
from training.engine.loop import Batch
from training.recipes.settings import StoredLessons

SMALLEST_SPREAD = 0.05
"""In logits; a tag on which all clips agree must not outweigh the others."""


class TaggerHeads(nn.Module):
    """Linear layers that predict a tagger's answers from a model's pooled features.

    Parameters
    ----------
    dim : int
        Width of the model's tokens.
    lessons : StoredLessons
        A layer whose loss has no weight is left out.
    embedding_width : int
        Channels of the tagger's embedding.
    own_tags : bool
        False where the model's own classes are the tags.
    """

    def __init__(self, dim: int, lessons: StoredLessons, embedding_width: int, own_tags: bool = True):
        super().__init__()
        has_tag_head = own_tags and lessons.any_tags
        self.tag_head = nn.Linear(dim, TAGS) if has_tag_head else None
        self.embedding_head = nn.Linear(dim, embedding_width) if lessons.embedding else None

    def forward(self, pooled: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """(batch, dim) -> logits (batch, 527) and embeddings (batch, channels), None for a layer left out."""
        heads = (self.tag_head, self.embedding_head)
        return tuple(None if head is None else head(pooled).float() for head in heads)


def tag_statistics(answers: StoredAnswers, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (527,) of the tagger's logits over clips."""
    logits = torch.from_numpy(answers.logits[rows].astype(np.float32))
    return logits.mean(0), logits.std(0, correction=0).clamp(min=SMALLEST_SPREAD)


@torch.no_grad()
def begin_head_at(head: nn.Linear, mean: Tensor) -> None:
    """Start the tags' biases at the clips' mean logits (527,); from 0 they would need thousands of steps."""
    head.bias.copy_(mean)


def with_tags(batch: Batch) -> Batch:
    """A batch with the probabilities of its tags added: mixing may blend those, but not logits."""
    return {**batch, "tags": batch["tag_logits"].sigmoid()} if "tag_logits" in batch else batch


def lesson_losses(
    lessons: StoredLessons, part: Batch, spread: Tensor, tag_logits: Tensor | None, embedding: Tensor | None
) -> dict[str, Tensor]:
    """Losses against stored answers by name; "loss" is their weighted sum.

    Parameters
    ----------
    part : Batch
        With "tags", "tag_logits" and "embeddings".
    spread : (527,)
        Standard deviation of each tag's logits, see `tag_statistics`.
    tag_logits, embedding : (batch, 527), (batch, channels) or None
        The student's.
    """
    figures: dict[str, Tensor] = {}
    loss = part["tags"].new_zeros(())
    if lessons.any_tags:
        figures["tag_loss"] = binary_cross_entropy_with_logits(tag_logits, part["tags"])
        off = (tag_logits - part["tag_logits"]) / spread
        figures["tag_logit_loss"] = off.square().mean()
        # Softmax of the logits of the blended probabilities, so that this loss and the binary
        # cross-entropy are smallest at the same logits.
        shares = part["tags"].logit(eps=1e-6).softmax(1)
        figures["tag_softmax_loss"] = cross_entropy(tag_logits, shares)
        loss = loss + lessons.tags * figures["tag_loss"] + lessons.tag_logits * figures["tag_logit_loss"]
        loss = loss + lessons.tag_softmax * figures["tag_softmax_loss"]
    if lessons.embedding:
        figures["embedding_loss"] = (embedding - part["embeddings"]).square().mean()
        loss = loss + lessons.embedding * figures["embedding_loss"]
    return {**figures, "loss": loss}
