"""Which files of a folder tree are recordings."""

import os
from pathlib import Path

import pytest

from tpexplore.study.audio_files import find_recordings
from training.data.datasets.base import all_audio_files


def test_linked_folders_are_looked_at_and_all_usual_endings(tmp_path: Path) -> None:
    """Training used to read six endings only, and tables no linked folder, both without a message."""
    tree, disk = tmp_path / "tree", tmp_path / "disk"
    for folder in (tree, disk, tree / ".hidden"):
        folder.mkdir()
        for name in ("a.AIFF", "b.wma", "c.weba", "d.txt", "._e.wav", "wav", "z.mp4"):
            (folder / name).touch()
    (tree / "link").symlink_to(disk)
    (tree / "loop").symlink_to(tree)
    sounds = [f"{place}{name}" for place in ("link/", "") for name in ("a.AIFF", "b.wma", "c.weba")]
    assert find_recordings(tree) == sorted([*sounds, "link/z.mp4", "z.mp4"])
    assert all_audio_files(tree) == sorted(tree / name for name in sounds)  # no video beside a clip


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch) -> None:
    """Its recordings used to be missing from the table without a message."""
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.wav").touch()
    scandir = os.scandir

    def refusing(folder: Path):
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(PermissionError, match="locked"):
        find_recordings(tmp_path)
