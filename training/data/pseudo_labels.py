"""Labels for unlabelled clips, learnt from labelled clips and a tagger's embeddings."""

from __future__ import annotations

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

INVERSE_REGULARISATION = 0.1
"""scikit-learn's C. On ESC-50's folds 1 to 4, cross-validated, accuracy hardly depends on it."""


def with_pseudo_labels(targets: Tensor, embeddings: Tensor) -> Tensor:
    """Labels of all clips: their own, or else the class probabilities of a logistic regression [Lee 2013].

    Parameters
    ----------
    targets : (clips, classes)
        1 where a clip has a label, 0 elsewhere; all 0 where it has none.
    embeddings : (clips, channels)
        Standardised.

    Returns
    -------
    Tensor, shape (clips, classes), float32
        Rows add up to 1, but for classes that no clip has.
    """
    labelled, soft = targets.any(1), targets.float()
    if labelled.all() or targets.any(0).sum() < 2:  # no clip without a label, or fewer than two classes
        return soft
    fit = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1000)
    fit.fit(embeddings[labelled].numpy(), targets[labelled].float().argmax(1).numpy())
    shares = torch.from_numpy(fit.predict_proba(embeddings[~labelled].numpy())).float()
    rows = torch.zeros(len(shares), targets.shape[1])
    soft[~labelled] = rows.index_copy(1, torch.from_numpy(fit.classes_), shares)
    return soft
