"""The shared audio packs, not part of the project: tests that need them are skipped without them."""

from pathlib import Path

import pytest

from tests import ROOT

SHARED = ROOT.parent / "shared" / "data"


def shared(name: str) -> Path:
    """Folder of a pack."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"{SHARED / name} is not there")
    return SHARED / name
