"""The files in assets/: models with their cards, example clips, where results lie. Needs no torch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tpexplore.errors import UNREADABLE_JSON, InputError, shown
from tpexplore.text import load_json

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


@dataclass(frozen=True)
class Example:
    """A clip that comes with the app.

    Attributes
    ----------
    path : Path
    labels : dict of task -> tuple of str
        For each data set whose classes it fits, the right answers, best first; none where a clip holds
        several sounds.
    title : str
        Short, for lists.
    description : str
        One sentence on where it comes from, with its licence.
    """

    path: Path
    labels: dict[str, tuple[str, ...]]
    title: str
    description: str

    def right_answers(self, task: str) -> tuple[str, ...] | None:
        """The right answers of a model of a task; None if the task does not have such sounds."""
        return next((labels for name, labels in self.labels.items() if name in task), None)

    def fits(self, card: dict) -> bool:
        """Whether a bundled model, by its card, knows what is in the clip."""
        right = self.right_answers(card.get("task", ""))
        return right is not None and (not right or not set(right).isdisjoint(card.get("labels", ())))


def bundled_names() -> list[str]:
    """Names of the models in assets/models: first those that know the app's first example, then by name."""
    examples = example_clips()

    def knows_first(name: str) -> bool:
        has_card = (MODELS_FOLDER / f"{name}.json").is_file()
        return bool(examples) and has_card and examples[0].fits(bundled_card(name))

    names = (p.stem for p in MODELS_FOLDER.glob("*.safetensors"))
    return sorted(names, key=lambda name: (not knows_first(name), name))


def is_bundled(source: str) -> bool:
    """Whether a model's source is the name of one in assets/models; no card is read."""
    with suppress(OSError):  # the name is too long
        return Path(source).name == source and (MODELS_FOLDER / f"{source}.safetensors").is_file()
    return False


def check_model_name(source: str) -> None:
    """Raise InputError unless ``source`` is a bundled name, file, folder or hub id; fetches nothing."""
    if source.startswith(HUB_PREFIX):
        if not source.isprintable():
            raise InputError(
                f"{shown(source)} names no repository of the Hub; expected {HUB_PREFIX}owner/name."
            )
        return
    if is_bundled(source):
        return
    with suppress(OSError):  # the name is too long, a folder is closed to us, …
        if Path(source).is_file() or (source and Path(source).is_dir() and any(Path(source).iterdir())):
            return
    name, bundled = shown(source, most=200), ", ".join(bundled_names()) or "none is bundled"
    what = "is neither a file nor a bundled model"
    with suppress(OSError):
        if source and Path(source).is_dir():
            what = "is an empty folder"
    raise InputError(
        f"Model {name} {what}; expected a checkpoint file or"
        f" folder, {HUB_PREFIX}owner/name or one of: {bundled}."
    )


def bundled_card(name: str) -> dict:
    """A bundled model's card, or InputError where it is damaged."""
    path = MODELS_FOLDER / f"{name}.json"
    try:
        card = load_json(path)
    except UNREADABLE_JSON:
        card = None
    if not isinstance(card, dict):
        raise damaged_asset(path)
    return card


def example_clips() -> list[Example]:
    """The clips of assets/examples, in the order of their list, or InputError where that is damaged."""
    listing = EXAMPLES_FOLDER / "examples.json"
    if not listing.is_file():
        return []
    try:
        return [
            Example(
                EXAMPLES_FOLDER / e["file"],
                {task: tuple(labels) for task, labels in e["labels"].items()},
                e["title"],
                e["description"],
            )
            for e in load_json(listing)
        ]
    except (*UNREADABLE_JSON, AttributeError, KeyError, TypeError):
        raise damaged_asset(listing) from None


def damaged_asset(path: Path) -> InputError:
    """One sentence on a file of assets/ that is not what came with the project."""
    return InputError(f"{path} is damaged; restore it.")
