"""What the studies measured: parts of a recipe, random patches, dropping in training, spread, folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tpexplore.checkpoints.bundled import RESULTS_FOLDER, bundled_card, bundled_names
from tpexplore.model.plan import FAMILY_NAMES
from tpexplore.numbers import number, percent
from tpexplore.results.measures import range_text, read_measure, with_interval
from tpexplore.results.methods import Studies
from tpexplore.results.store import find, of_weights, read_json
from training.readme.tables import NOTHING, table

RECIPE_PARTS = {
    "nothing": "nothing",
    "teacher": "the tagger: all its answers, and the unlabelled audio with them",
    "tags": "its tags (the embedding stays)",
    "embedding": "its embedding (the tags stay)",
    "unlabelled": "unlabelled audio (labelled clips in its place)",
    "whitening": "whitened patches (random kernels instead)",
    "muon": "Muon (AdamW instead)",
    "dropping": "dropping half of the patches before pruning starts",
    "elastic": "elastic keep-rates (0.5 instead)",
}
"""What `training.ablation` leaves out, in words."""


def recipe_parts_table(study: Mapping[str, Any] | None = None) -> str:
    """What each part of a recipe is worth, by the study of `training.ablation`.

    Reads the bundled file unless another one's content is passed.
    """
    if study is None:
        study, missing = read_json(RESULTS_FOLDER / "studies" / "recipe-parts.json")
        if missing:
            return "Not measured yet: python -m training.ablation has not been run."
    lines = []
    for part, cells in study["accuracy_without"].items():
        texts = []
        for rate, cell in cells.items():
            text = percent(cell["value"], ".1f")
            if worth := read_measure(find(study, "worth", part, rate)):
                text += f"; {with_interval(worth.scaled(100), '+.1f')}"
            texts.append(text)
        lines.append([RECIPE_PARTS[part], range_text(study["minutes"][part], ".1f"), *texts])
    rates = [f"keep-rate {float(rate):.1f}" for rate in study["accuracy_without"]["nothing"]]
    family, count = FAMILY_NAMES[study["family"]], len(study["seeds"])
    heading = (
        f"{family} on {study['task']}, {study['clips_seen']:,} clips seen,"
        f" {count} {'seed' if count == 1 else 'seeds'}; {study['n']:,} test clips."
        " After the accuracy: how many points the whole recipe has over it, with the 95 % interval."
    )
    return f"{heading}\n\n{table(['left out', 'minutes', *rates], lines)}"


def random_tables(studies: Studies | None = None) -> str:
    """Attention against random patches in thirds of a split, by the study of `training.random_study`.

    Reads the bundled files unless the content of others is passed, by model.
    """

    def rows_of(name: str, study: Mapping[str, Any]) -> list:
        rows = []
        for group, third in study["groups"].items():
            quiet = number(100 * third["median_quiet_share"], ".0f")
            texts = (f"`{name}`", f"{group} ({quiet} % quiet, {third['n']} clips)")
            cells = {rate: cell["attention_minus_random"] for rate, cell in third["keep_rate"].items()}
            rows.append((texts, cells))
        return rows

    return _study_table("random", ("model", "clips"), rows_of, studies)


def drop_study_table(studies: Studies | None = None) -> str:
    """What training on whole pictures changes, by the study of `training.drop_study`.

    Reads the bundled files unless the content of others is passed, by family.
    """

    def rows_of(family: str, study: Mapping[str, Any]) -> list:
        lead, gain = study["attention_minus_random"], study["whole_minus_dropped"]
        return [
            ((family, "attention − random, trained on whole pictures"), lead["whole"]),
            ((family, "attention − random, trained with dropping"), lead["dropped"]),
            ((family, "by attention, whole − dropping"), gain["attention"]),
            ((family, "by random patches, whole − dropping"), gain["random"]),
        ]

    return _study_table("drop", ("family", "points"), rows_of, studies)


def spread_table(studies: Studies | None = None) -> str:
    """What other patches gain over those of the highest attention, by the study of `training.spread_study`.

    Reads the bundled files unless the content of others is passed, by model.
    """

    def rows_of(name: str, study: Mapping[str, Any]) -> list:
        columns = {way: number(cells["0.50"]["value"], ".1f") for way, cells in study["columns"].items()}
        return [
            ((f"`{name}`", f"{way} ({columns[way]} columns; attention {columns['attention']})"), cells)
            for way, cells in study["gain_over_attention"].items()
        ]

    return _study_table("spread", ("model", "kept in place of the highest attention"), rows_of, studies)


def folds_table(studies: Studies | None = None) -> str:
    """Accuracy over all folds of ESC-50 and what pruning loses, by `training.kfold`.

    Reads the bundled files unless the content of others is passed, by family.
    """
    studies = _read_studies("folds") if studies is None else studies
    if not studies:
        return "Not measured yet: python -m training.kfold has not been run."
    lines, sentences = [], []
    for family, study in studies.items():
        accuracy = study["accuracy"]
        each = [number(100 * share, ".1f") for share in accuracy["unpruned"]["folds"]]
        folds = ", ".join(map(str, study["folds"]))
        sentences.append(f"Without pruning folds {folds} of {family} give {', '.join(each)} %.")
        for ranking in ("attention", "random"):
            cells = [accuracy["unpruned"], *accuracy[ranking].values()]
            lines.append([family, f"right by {ranking}, % (SD of the folds)", *map(_with_spread, cells)])
        differences = {
            "by attention − unpruned, points": study["pruned_minus_unpruned"]["attention"],
            "attention − random, points": study["attention_minus_random"],
        }
        for text, cells in differences.items():
            lines.append([family, text, NOTHING, *_points(cells)])
    rates = [
        f"keep-rate {float(rate):.1f}" for rate in next(iter(studies.values()))["attention_minus_random"]
    ]
    return "\n\n".join([" ".join(sentences), table(["family", "", "all patches", *rates], lines)])


def _with_spread(cell: Mapping[str, Any]) -> str:
    """ "81.2 (1.4)": a share with the standard deviation of the folds' shares, both in %."""
    return f"{number(100 * cell['value'], '.1f')} ({number(100 * cell['sd'], '.1f')})"


def _study_table(
    kind: str,
    heads: Sequence[str],
    rows_of: Callable[[str, Mapping[str, Any]], list[tuple[Sequence[str], Mapping[str, Any]]]],
    studies: Studies | None,
) -> str:
    """Differences in points with their intervals, a column for each keep-rate.

    Parameters
    ----------
    kind : str
        What the files in assets/results/studies begin with, "random" or "drop".
    rows_of : callable
        Takes a name and its study; returns each row's first cells, and its measured cells by keep-rate.
    studies : mapping or None
        None reads the bundled files.
    """
    studies = _read_studies(kind) if studies is None else studies
    rows = [row for name, study in studies.items() for row in rows_of(name, study)]
    if not rows:
        return f"Not measured yet: python -m training.{kind}_study has not been run."
    lines = [[*texts, *_points(cells)] for texts, cells in rows]
    _, cells = rows[0]
    return table([*heads, *(f"keep-rate {float(rate):.1f}" for rate in cells)], lines)


def _read_studies(kind: str) -> Studies:
    """Content of the files in assets/results/studies that begin with ``kind``, by the rest of their names."""
    files = sorted((RESULTS_FOLDER / "studies").glob(f"{kind}-*.json"))
    return current({file.stem.removeprefix(f"{kind}-"): read_json(file)[0] for file in files})


def current(measured: Studies) -> Studies:
    """Leave out what was measured on other weights of a bundled model than those bundled now."""
    bundled = bundled_names()
    return {
        name: content
        for name, content in measured.items()
        if name not in bundled or of_weights(content, bundled_card(name).get("weights_sha256"))
    }


def _points(cells: Mapping[str, Any]) -> list[str]:
    """Differences by keep-rate in points, each with its interval."""
    differences = [read_measure(cell) for cell in cells.values()]
    return [with_interval(one.scaled(100), "+.1f") if one else "" for one in differences]
