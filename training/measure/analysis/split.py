"""The analysis of a whole split: Kendall's tau, clusters, survival, removal, attention of kept patches.

python -m training.analyze ast-spc12 FEATURES
torchrun --nproc_per_node=2 -m training.analyze ast-spc12 FEATURES

Writes assets/analysis/NAME.json. A rerun, or a run on several processes, writes the same bytes except "date"
and "commit".
"""

from __future__ import annotations

import torch

from tpexplore.checkpoints.load import load_model
from training.data.features import Features
from training.engine.identity import check_bundled
from training.engine.loop import pick_device
from training.measure.analysis import correlation, kept_scores, removal, survival
from training.measure.analysis.view import view_of
from training.measure.batches import gather_clips, gather_counts, split_batches, split_rows
from training.measure.patch_clusters import card_clusters, patch_histograms, read_clusters
from training.measure.provenance import provenance
from training.scoring.scores import scorer_for


@torch.inference_mode()
def analyze(name: str, features: Features, split: str = "test") -> dict:
    """Measure a bundled model on a split; returns the content of its analysis file."""
    model = load_model(name).to(pick_device())
    check_bundled(features, model.config)
    described, rows = card_clusters(name), split_rows(features, split)
    clusters, scorer = read_clusters(described), scorer_for(features, rows, model.config)
    device = model.device
    edges = survival.histogram_edges(patch_histograms(features, model.config, split, device))
    clips_of, counts = {}, {}
    for batch in split_batches(features, split, model.config, device, name):
        view = view_of(model, batch, clusters)
        survived, survivors = survival.measure(view, edges)
        answers, removed = removal.measure(view, scorer.keep)
        attended, scores = kept_scores.measure(view)
        clips_of[batch.index] = correlation.measure(view) | survived | answers | attended
        for key, count in (survivors | removed | scores).items():
            counts[key] = counts.get(key, 0) + count
    clips, totals = gather_clips(clips_of), gather_counts(counts)
    made_by = f"python -m training.analyze {name} FEATURES"
    return {
        **provenance(name, features, scorer.metric, len(rows), sha256=model.config.sha256, made_by=made_by),
        "clusters": described,
        **correlation.report(clips),
        **survival.report(clips, totals, edges),
        **removal.report(clips, totals, scorer),
        **kept_scores.report(clips, totals),
    }
