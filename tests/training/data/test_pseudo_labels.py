"""Labels for clips that have none."""

from __future__ import annotations

import torch

from training.data.pseudo_labels import with_pseudo_labels


def labels_of(classes: list[int | None], count: int) -> torch.Tensor:
    targets = torch.zeros(len(classes), count, dtype=torch.bool)
    for row, label in enumerate(classes):
        if label is not None:
            targets[row, label] = True
    return targets


def test_a_clip_gets_the_class_whose_side_it_lies_on() -> None:
    embeddings = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    soft = with_pseudo_labels(labels_of([2, 0, None, None, None], 3), embeddings)
    assert soft[2, 2] > 0.5 > soft[2, 0] > 0
    # The two labelled clips mirror each other, so a clip between them belongs to both.
    torch.testing.assert_close(soft[4], torch.tensor([0.5, 0.0, 0.5]), atol=1e-3, rtol=0)
    torch.testing.assert_close(soft[2], soft[3].flip(0), atol=1e-3, rtol=0)
    torch.testing.assert_close(soft.sum(1), torch.ones(5))


def test_a_label_stays_whatever_the_embedding() -> None:
    generator = torch.Generator().manual_seed(0)
    classes = [0, 1, None] * 20
    targets = labels_of(classes, 2)
    soft = with_pseudo_labels(targets, torch.randn(60, 4, generator=generator))
    known = [label is not None for label in classes]
    assert torch.equal(soft[known], targets[known].float())
    assert (soft[[not each for each in known]] < 1).all()


def test_no_labels_are_added_without_two_classes_or_unlabelled_clips() -> None:
    embeddings = torch.randn(3, 4)
    for classes in ([None, None, None], [1, None, 1], [0, 1, 0]):
        targets = labels_of(classes, 2)
        assert torch.equal(with_pseudo_labels(targets, embeddings), targets.float())
