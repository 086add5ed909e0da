"""Files are written whole or not at all, and nothing but a file is ever replaced by one."""

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.faults import full_disk
from tpexplore import locking
from tpexplore.checkpoints.bundled import MODELS_FOLDER
from tpexplore.cli import main
from tpexplore.errors import InputError, sentence_of
from tpexplore.locking import lock_folder
from tpexplore.writing import (
    check_ending,
    check_place,
    remove_parts,
    whole_file,
    write_bytes,
    write_with_card,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_device_or_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_bytes(pipe, b"12345")
    reader.join(10)
    assert read == [b"12345"] and pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    file, link, new = tmp_path / "disk/file", tmp_path / "link", tmp_path / "new"
    file.write_bytes(b"old")
    link.symlink_to("disk/file")
    new.symlink_to("disk/to-come")
    write_bytes(link, b"1")
    write_bytes(new, b"2")
    assert link.is_symlink() and new.is_symlink()
    assert (file.read_bytes(), new.read_bytes()) == (b"1", b"2")
    with full_disk(10), pytest.raises(OSError, match=r".*") as caught:
        write_bytes(link, bytes(20))
    assert sentence_of(caught.value).startswith(f"{link} cannot be used: ")
    assert file.read_bytes() == b"1" and names(tmp_path / "disk") == ["file", "to-come"]


@pytest.mark.parametrize("name", ["folder", ".", "..", "/", "circle", "folder/../folder"])
def test_what_is_no_file_is_named(tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("circle").symlink_to("circle")
    with pytest.raises(OSError, match=r".*") as caught:
        write_bytes(Path(name), b"x")
    assert caught.value.errno in (errno.EISDIR, errno.ELOOP)
    assert sentence_of(caught.value).startswith(f"{name} cannot be used: ")
    assert names(Path()) == ["circle", "folder"] and Path("circle").is_symlink()


def test_two_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    """Both used to share a part file: the first to finish moved away the other's."""
    path = tmp_path / "a"
    with whole_file(path) as first:
        first.write(b"1" * 9)
        with whole_file(path) as second:
            second.write(b"2" * 5)
        assert path.read_bytes() == b"2" * 5
    assert path.read_bytes() == b"1" * 9 and names(tmp_path) == ["a"]


def test_the_longest_name_that_a_disk_allows(tmp_path: Path) -> None:
    write_bytes(tmp_path / ("x" * 255), b"1")
    assert names(tmp_path) == ["x" * 255]


def test_an_interrupted_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and names(tmp_path) == ["a"]


def test_the_next_process_in_a_folder_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), whole_file(tmp_path / "a") as file:
        file.write(b"half")
        file.flush()
        (left,) = tmp_path.iterdir()
        os.link(left, tmp_path / f".{'0' * 16}.part")
        raise KeyboardInterrupt
    (tmp_path / ".mine.part").touch()
    lock = lock_folder(tmp_path)
    assert names(tmp_path) == [".lock", ".mine.part"]
    lock.release()


def test_the_next_file_in_a_folder_removes_parts_that_nobody_is_writing(tmp_path: Path) -> None:
    """No command owns folders of exports and tables: what a kill left there used to stay forever."""
    (tmp_path / f".{'0' * 16}.part").write_bytes(b"half")
    with whole_file(tmp_path / "a") as file:
        file.write(b"1")
        remove_parts(tmp_path)
        (part,) = names(tmp_path)
        assert part != f".{'0' * 16}.part"
    assert names(tmp_path) == ["a"]


def test_the_file_is_named_not_its_card(tmp_path: Path, monkeypatch) -> None:
    """The user did not ask for the card."""

    def refuse(file: Path, *_arguments) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(file))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OSError, match=r".*") as caught:
        write_with_card(tmp_path / "a", b"", tmp_path / "a.json", 3)
    assert sentence_of(caught.value) == f"{tmp_path / 'a'} cannot be used: the disk is read-only."
    monkeypatch.undo()
    (tmp_path / "a.json").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_with_card(tmp_path / "a", b"", tmp_path / "a.json", 3)
    assert caught.value.filename == str(tmp_path / "a.json")


def test_a_file_and_its_card_are_of_one_writer(tmp_path: Path, monkeypatch) -> None:
    """Another writer used to come between the file and the card."""
    file, card = tmp_path / "a", tmp_path / "a.json"
    other = threading.Thread(target=write_with_card, args=(file, b"2", card, 2))
    replace = Path.replace

    def replace_while_another_writes(part: Path, target: Path) -> None:
        replace(part, target)
        if target == file and other.ident is None:
            other.start()
            other.join(0.3)

    monkeypatch.setattr(Path, "replace", replace_while_another_writes)
    write_with_card(file, b"1", card, 1)
    other.join()
    assert file.read_text() == card.read_text().strip() == "2" and names(tmp_path) == ["a", "a.json"]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_kill_between_a_file_and_its_card_leaves_no_other_card(
    tmp_path: Path, monkeypatch, is_link: bool
) -> None:
    file, card = tmp_path / "a", tmp_path / "a.json"
    if is_link:
        card.symlink_to("elsewhere")
    write_with_card(file, b"1", card, 1)
    replace = Path.replace

    def stop_at_card(part: Path, target: Path) -> None:
        if target == Path(os.path.realpath(card)):
            raise KeyboardInterrupt
        replace(part, target)

    monkeypatch.setattr(Path, "replace", stop_at_card)
    with pytest.raises(KeyboardInterrupt):
        write_with_card(file, b"2", card, 2)
    assert file.read_text() == "2" and not card.exists() and card.is_symlink() == is_link
    monkeypatch.undo()
    write_with_card(file, b"2", card, 2)
    assert (file.read_text(), card.read_text(), card.is_symlink()) == ("2", "2\n", is_link)


def test_a_card_stays_beside_its_own_file(tmp_path: Path) -> None:
    file, card = tmp_path / "a", tmp_path / "a.json"
    write_with_card(file, b"old", card, 3)
    for new, about in ((bytes(20), 20), (b"new", "x" * 20)):
        with full_disk(10), pytest.raises(OSError, match=r".*"):
            write_with_card(file, new, card, about)
        assert (file.read_bytes(), card.read_text()) == (b"old", "3\n") and names(tmp_path) == ["a", "a.json"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (".csv", "'.csv' is only a file ending; expected a name before it."),
        ("folder/.CSV", "'.CSV' is only a file ending; expected a name before it."),
        ("a.csv.", "'a.csv.' ends in neither .csv nor .parquet; expected one of them."),
        ("/", "'/' ends in neither .csv nor .parquet; expected one of them."),
    ],
)
def test_a_name_without_one_of_the_endings_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        check_ending(Path(name), ".csv", ".parquet")
    assert str(caught.value) == sentence


def test_a_disk_that_locks_no_files_is_named(tmp_path: Path, monkeypatch) -> None:
    def acquire(self) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(locking.FileLock, "acquire", acquire)
    with pytest.raises(InputError, match=f"The disk with {tmp_path} does not support file locks"):
        lock_folder(tmp_path)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOENT, "No usable temporary directory found in ['/a']"),
            "No usable temporary directory",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a"),
            "a cannot be used: it does not exist.",
        ),
    ],
)
def test_an_error_without_a_name_says_what_it_can(error: OSError, sentence: str) -> None:
    assert sentence_of(error).startswith(sentence)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--csv", "clip.wav"), "named twice"),
        (("--labels", "./clip.wav"), "named twice"),
        (("--csv", "out.csv", "--labels", "out.csv"), "named twice"),
        (("--csv", "link"), "named twice"),
        (("--csv", "."), "folder"),
        (("--csv", "clip.wav/out.csv"), "a file is where a folder is expected"),
        (("--labels", "/"), "folder"),
    ],
)
def test_outputs_of_explore_are_checked_before_anything_is_computed(
    tmp_path: Path, monkeypatch, capsys, arguments, part
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("clip.wav", np.zeros(16_000), 16_000)
    Path("link").symlink_to("clip.wav")
    before = Path("clip.wav").read_bytes()
    assert main(["explore", "clip.wav", "--model", "ast-spc12", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and part in output.err
    assert Path("clip.wav").read_bytes() == before and names(Path()) == ["clip.wav", "link"]


def test_a_read_only_disk_is_no_missing_permission(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a"
    path.touch()

    def refuse(file: Path, *_arguments) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(file))

    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OSError, match=r".*") as caught:
        check_place(path)
    assert sentence_of(caught.value) == f"{path} cannot be used: the disk is read-only."


@pytest.mark.parametrize("name", ["new", "old", "deep/er/new", "link"])
def test_a_folder_that_takes_no_new_files_is_reported_first(tmp_path: Path, monkeypatch, name: str) -> None:
    (tmp_path / "old").touch()
    (tmp_path / "link").symlink_to("new")
    really = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: place != tmp_path and really(place, mode))
    with pytest.raises(OSError, match=r".*") as caught:
        check_place(tmp_path / name)
    assert sentence_of(caught.value) == f"{tmp_path / name} cannot be used: permission denied."


def test_a_folder_that_was_deleted_is_named(tmp_path: Path, monkeypatch, capsys) -> None:
    soundfile.write(tmp_path / "clip.wav", np.zeros(16_000), 16_000)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(["explore", str(tmp_path / "clip.wav"), "--model", "ast-spc12", "--csv", "out.csv"]) == 2
    assert capsys.readouterr().err == "The current folder cannot be used: it does not exist any more.\n"


MODEL_FILES = ["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]


@pytest.mark.parametrize("name", MODEL_FILES)
def test_no_table_takes_the_place_of_a_file_of_the_model(tmp_path: Path, monkeypatch, capsys, name) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("clip.wav", np.zeros(16_000), 16_000)
    Path("my-ast").mkdir()
    for file in MODEL_FILES:
        Path("my-ast", file).write_text("{}")
    for place in (Path("my-ast", name), MODELS_FOLDER / "ast-spc12.safetensors"):
        before = place.read_bytes()
        model = "my-ast" if place.parent.name == "my-ast" else "ast-spc12"
        assert main(["explore", "clip.wav", "--model", model, "--csv", str(place)]) == 2
        assert "is named twice" in capsys.readouterr().err and place.read_bytes() == before
