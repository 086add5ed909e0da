"""The files in assets/: model cards, measured results, example clips. Needs no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tpexplore.errors import InputError

HUB_PREFIX = "hf_hub:"
"""Before an "owner/name" on the Hugging Face Hub."""


def assets_folder() -> Path:
    """Where models, results and examples lie: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"


ASSETS = assets_folder()
MODELS_FOLDER = ASSETS / "models"
RESULTS_FOLDER = ASSETS / "results"
ANALYSIS_FOLDER = ASSETS / "analysis"
EXAMPLES_FOLDER = ASSETS / "examples"
PUBLISHED_TABLES = ASSETS / "published" / "tables.json"
"""The paper's Tables I-IV."""
PUBLISHED_KENDALL = ASSETS / "published" / "figure4_kendall.json"
"""Its Fig. 4: tau of every block; ties count as concordant there."""
PUBLISHED_CLUSTERS = ASSETS / "published" / "figure5_clusters.json"
"""Its Fig. 5: edges of the intensity clusters."""


@dataclass(frozen=True)
class Example:
    """A clip made by this project: file, what is in it, short title, one sentence on how it was made.

    ``task`` is the data set whose classes it fits, and ``label`` the one a model should answer; None where
    a clip holds several.
    """

    path: Path
    task: str
    label: str | None
    title: str
    description: str

    def fits(self, card: dict) -> bool:
        """Whether a bundled model, by its card, knows what is in the clip."""
        known = card.get("labels", ())
        return self.task in card.get("task", "") and (self.label is None or self.label in known)


def bundled_names() -> list[str]:
    """Names of the models in assets/models: first those that know the app's first example, then by name."""
    examples = example_clips()

    def knows_first(name: str) -> bool:
        has_card = (MODELS_FOLDER / f"{name}.json").is_file()
        return bool(examples) and has_card and examples[0].fits(bundled_card(name))

    names = (p.stem for p in MODELS_FOLDER.glob("*.safetensors"))
    return sorted(names, key=lambda name: (not knows_first(name), name))


def check_model_name(source: str) -> None:
    """Raise InputError unless ``source`` is a bundled name, a file, or a hub id; fetches nothing."""
    if source.startswith(HUB_PREFIX) or source in bundled_names() or Path(source).is_file():
        return
    raise InputError(
        f"Model {source!r} is neither a file nor a bundled model; expected a checkpoint file,"
        f" {HUB_PREFIX}owner/name or one of: {', '.join(bundled_names()) or 'none is bundled'}."
    )


def bundled_card(name: str) -> dict:
    """A bundled model's card."""
    return json.loads((MODELS_FOLDER / f"{name}.json").read_text())


def measured_results(name: str) -> dict | None:
    """What `training.evaluate` measured of a bundled model, or None.

    The form is fixed by the design: "metric", "n", "split", "weights_sha256", … and under "keep_rate"
    score -> rate ("0.70") -> {"value", "ci95"}.
    """
    path = RESULTS_FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def measured_analysis(name: str) -> dict | None:
    """What `training.analyze` measured of a bundled model, or None.

    Kendall's tau, cluster survival, histograms, removal and attention over a whole split, under
    "kendall", "survival", "histograms", "removal" and "attention_of_kept", with the provenance that
    `measured_results` has.
    """
    path = ANALYSIS_FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def bundled_models() -> list[dict]:
    """One entry per bundled model: name, family, task, patches, parameters, bytes, accuracy.

    ``accuracy`` is the measured accuracy at keep-rate 1.0, a fraction, or None where nothing was
    measured.
    """
    models = []
    for name in bundled_names():
        card, results = bundled_card(name), measured_results(name)
        accuracy = results["keep_rate"]["attention"]["1.00"]["value"] if results else None
        entry = {key: card[key] for key in ("name", "family", "task", "patches", "parameters", "bytes")}
        models.append({**entry, "accuracy": accuracy})
    return models


def example_clips() -> list[Example]:
    """The clips of assets/examples, in the order of their list."""
    listing = EXAMPLES_FOLDER / "examples.json"
    if not listing.is_file():
        return []
    return [
        Example(EXAMPLES_FOLDER / e["file"], e["task"], e["label"], e["title"], e["description"])
        for e in json.loads(listing.read_text())
    ]
