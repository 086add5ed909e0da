"""Record a model's teacher, start and tagger in its run folder."""

from __future__ import annotations

import json
from pathlib import Path

from tpexplore.errors import InputError
from tpexplore.writing import write_json
from training.data.answers import StoredAnswers
from training.engine.identity import describe_run, read_json
from training.engine.initialise import describe_start
from training.system import parallel


def note_origins(
    folder: Path, teacher: Path | None, init: str | None, answers: StoredAnswers | None = None
) -> None:
    """Write a run's teacher, start and tagger into its folder.

    Raises
    ------
    InputError
        If the folder's run has another teacher, start or tagger.
    """
    origins = {
        "teacher": teacher and describe_run(teacher),
        "start": describe_start(init),
        "tagger": answers and {"weights_sha256": answers.sha256},
    }
    path = folder / "origins.json"
    if path.exists():
        earlier, now = read_json(path), json.loads(json.dumps(origins))
        for part, option in (("start", "--init"), ("teacher", "--teacher")):
            if not _same(earlier.get(part), now[part]):
                raise InputError(
                    f"{folder} was started with another {option}; choose another folder or delete it."
                )
        # Runs that recorded no tagger continue with any.
        if "tagger" in earlier and not _same(earlier["tagger"], now["tagger"]):
            raise InputError(
                f"{folder} was started with the answers of another tagger;"
                " choose another folder or delete it."
            )
    elif parallel.is_main():
        write_json(path, origins)


def _same(earlier: dict | None, now: dict | None) -> bool:
    """Whether two records name the same weights or the same run; a later edition may record more."""
    if not isinstance(earlier, dict) or not now:
        return earlier == now
    if "weights_sha256" in earlier:
        return earlier["weights_sha256"] == now.get("weights_sha256")
    return all(now.get(part) == value for part, value in earlier.items())
