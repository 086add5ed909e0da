"""Lists and tables of every dataset as spreadsheets and systems save them: all are read, or refused."""

import codecs
import unicodedata
from pathlib import Path

import pytest

from tests.encodings import ENCODINGS
from tests.training.data.test_datasets import MIDS, refused, wav
from tpexplore.errors import InputError
from tpexplore.text import read_text
from training.data.datasets import Dataset, load_dataset
from training.system.text import read_lines, read_table, same_name, whole_number

WORD = "grün"
"""A word folder, a class or a file with an umlaut."""
HEADER = "filename,fold,target,category,esc10,src_file,take"


def esc50_lists(root: Path) -> dict[Path, str]:
    rows = [HEADER]
    for fold in range(1, 6):
        for target, category in enumerate((WORD, "rain")):
            name = f"{fold}-{10 * fold + target}-{WORD}-{target}.wav"
            rows.append(f"{name},{fold},{target},{category},True,{10 * fold + target},A")
            wav(root / "audio" / name)
    return {root / "meta" / "esc50.csv": "\n".join(rows) + "\n"}


def commands_lists(root: Path) -> dict[Path, str]:
    for word in (WORD, "red"):
        for speaker in "abc":
            wav(root / word / f"{speaker}_nohash_0.wav")
    lists = {"validation_list.txt": "b", "testing_list.txt": "c"}
    return {
        root / name: "".join(f"{word}/{speaker}_nohash_0.wav\n" for word in (WORD, "red"))
        for name, speaker in lists.items()
    }


def voxceleb_lists(root: Path) -> dict[Path, str]:
    lines = [f"{part} id1000{speaker}/{WORD}{part}/1.wav" for speaker in (1, 2) for part in (1, 2, 3)]
    for line in lines:
        wav(root / "wav" / line.split()[1])
    return {root / "iden_split.txt": "\n".join(lines) + "\n"}


def audioset_lists(root: Path) -> dict[Path, str]:
    classes = ["index,mid,display_name", f'0,{MIDS[0]},"Speech, {WORD}"', f'1,{MIDS[1]},"Snoring"']
    lists = {root / "class_labels_indices.csv": "\n".join(classes) + "\n"}
    for name, clip in {"balanced_train_segments.csv": "a" * 11, "eval_segments.csv": "b" * 11}.items():
        wav(root / "clips" / f"{clip}.wav")
        lines = ["# Segments csv", "# YTID, start_seconds, end_seconds, positive_labels"]
        lists[root / name] = "\n".join([*lines, f'{clip}, 0.000, 10.000, "{MIDS[0]},{MIDS[1]}"']) + "\n"
    return lists


LISTS = {
    "esc50": esc50_lists,
    "speech_commands": commands_lists,
    "voxceleb": voxceleb_lists,
    "audioset": audioset_lists,
}

WAYS = {
    **ENCODINGS,
    "comments": lambda text: (
        "# mine\n" + text.replace("\n", '\n # left out, "twice\n', 2) + "#end"
    ).encode(),
    "empty lines": lambda text: ("\n" + text.replace("\n", "\n\n  \n")).encode(),
    "trailing commas": lambda text: text.replace("\n", ",\n").encode(),
    "trailing spaces": lambda text: text.replace("\n", "  \n").encode(),
    "a mark in the middle": lambda text: codecs.BOM_UTF8 + text.replace("\n", "\n\ufeff", 1).encode(),
    "decomposed accents": lambda text: unicodedata.normalize("NFD", text).encode(),
}


def write(lists: dict[Path, str], way) -> None:
    for path, text in lists.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(way(text))


def content(dataset: Dataset) -> tuple:
    labels = [unicodedata.normalize("NFC", label) for label in dataset.labels]
    return labels, [
        (item.paths, item.labels, item.split, unicodedata.normalize("NFC", item.source))
        for item in dataset.items
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LISTS)
def test_lists_are_read_in_every_encoding_and_with_every_line_end(tmp_path, name, way):
    lists = LISTS[name](tmp_path)
    write(lists, str.encode)
    expected = content(load_dataset(name, tmp_path))
    assert len({split for _, _, split, _ in expected[1]}) >= 2
    write(lists, WAYS[way])
    assert content(load_dataset(name, tmp_path)) == expected


@pytest.mark.parametrize("name", LISTS)
def test_what_is_no_text_is_refused(tmp_path, name):
    for path in (lists := LISTS[name](tmp_path)):
        write(lists, str.encode)
        for raw in (bytes(range(256)) * 4, b"\xff\xfe\x00", b"", b"\n\n"):
            path.write_bytes(raw)
            assert path.name in refused(name, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(",", ";"),
        lambda line: line.replace(",", "\t"),
        lambda line: line.replace(",", " , "),
        lambda line: ",".join(f'"{cell}"' for cell in line.split(",")),
        lambda line: line if line == HEADER else ",".join(as_decimals(line.split(","), ".")),
        lambda line: line.upper() if line == HEADER else line,
        lambda line: line if line == HEADER else "audio\\" + line,
        lambda line: line + (",Remark" if line == HEADER else ",my own, with a comma"),
        lambda line: ";".join(as_decimals(line.split(","), ",")),
        lambda line: line.replace(",", "|"),
        lambda line: ("sep=;\n" if line == HEADER else "") + line.replace(",", ";"),
        lambda line: ('"sep=,",\n' if line == HEADER else "") + line,
        lambda line: ("# exported\n\n# by hand\n" if line == HEADER else "") + line,
    ],
    ids=[
        *("semicolons", "tabs", "spaces", "quotes", "1.0", "capitals", "Windows paths", "more", "German"),
        *("bars", "sep=;", "sep=, in quotes", "comments"),
    ],
)
def test_esc50_as_a_spreadsheet_saves_it(tmp_path, change):
    ((path, text),) = esc50_lists(tmp_path).items()
    write({path: text}, str.encode)
    expected = content(load_dataset("esc50", tmp_path, fold=2))
    write({path: "\n".join(map(change, text.splitlines()))}, str.encode)
    assert content(load_dataset("esc50", tmp_path, fold=2)) == expected


def as_decimals(cells: list[str], mark: str) -> list[str]:
    """Cells whose whole numbers have become "1.0"."""
    return [f"{cell}{mark}0" if cell.isdecimal() else cell for cell in cells]


@pytest.mark.parametrize(
    ("old", "new", "piece"),
    [
        (HEADER, "", "no column"),  # the header is missing
        (",fold,", ",part,", "column fold"),
        (",1,0,", ",1.5,0,", "'1.5'; expected a whole number"),
        (",1,0,", ",nan,0,", "'nan'; expected a whole number"),
        (",1,0,", ",1e999,0,", "'1e999'; expected a whole number"),
        (",1,0,", ",one,0,", "'one'; expected a whole number"),
        (",1,0,", ",6,0,", "is 6; expected 1 to 5"),
        (",1,0,", ",,0,", "Row 1 of"),
        (",1,0,", ",1,x,", "target of"),
        (f",1,0,{WORD}", ",1,0,snow", "expected one category"),
    ],
)
def test_an_esc50_table_that_cannot_be_right_is_refused(tmp_path, old, new, piece):
    ((path, text),) = esc50_lists(tmp_path).items()
    assert old in text
    write({path: text.replace(old, new)}, str.encode)
    assert piece in refused("esc50", tmp_path)


@pytest.mark.parametrize("name", ["esc50", "voxceleb", "audioset"])
def test_a_clip_that_is_listed_twice_is_refused(tmp_path, name):
    """It would count twice, and with another label would be two classes at once."""
    lists = LISTS[name](tmp_path)
    write(
        {path: text + text.splitlines()[-1] for path, text in lists.items() if "class" not in path.name},
        str.encode,
    )
    write({path: text for path, text in lists.items() if "class" in path.name}, str.encode)
    assert "is listed twice" in refused(name, tmp_path)


def test_audiosets_list_nested_too_deeply_is_refused(tmp_path):
    write(audioset_lists(tmp_path), str.encode)
    (tmp_path / "train.json").write_text("[" * 100_000)
    assert "train.json" in refused("audioset", tmp_path, train_list=tmp_path / "train.json")


def test_a_part_of_esc50_keeps_its_class_names(tmp_path):
    """ESC-10 has the targets 0, 1, 10, …; labels are renumbered from 0."""
    ((path, text),) = esc50_lists(tmp_path).items()
    write({path: text.replace(",1,rain", ",41,rain")}, str.encode)
    dataset = load_dataset("esc50", tmp_path)
    assert dataset.labels == (WORD, "rain")
    assert {item.labels for item in dataset.items} == {(0,), (1,)}


@pytest.mark.parametrize("separator", ["\t", "  ", ",", ", "])
def test_voxceleb_with_another_separator(tmp_path, separator):
    lists = voxceleb_lists(tmp_path)
    write(lists, str.encode)
    expected = content(load_dataset("voxceleb", tmp_path))
    write({path: text.replace(" ", separator) for path, text in lists.items()}, str.encode)
    assert content(load_dataset("voxceleb", tmp_path)) == expected


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
@pytest.mark.parametrize("preface", ["", "sep={}\n", "# exported\n"])
def test_audioset_as_a_spreadsheet_saves_it(tmp_path, delimiter, preface):
    lists = audioset_lists(tmp_path)
    write(lists, str.encode)
    expected = content(load_dataset("audioset", tmp_path))
    for path, text in lists.items():
        if "segments" in path.name:
            header = ["YTID", "start_seconds", "end_seconds", "positive_labels"]
            rows = [header, text.splitlines()[-1].split(",", 3)]
            lists[path] = preface.format(delimiter) + "\n".join(map(delimiter.join, rows))
    write(lists, str.encode)
    assert content(load_dataset("audioset", tmp_path)) == expected


def test_names_that_disks_and_lists_write_differently():
    assert same_name("gru\u0308n\\1.wav") == "grün/1.wav" == same_name("./grün/1.wav")
    assert same_name(b"gr\xfcn/1.wav".decode("utf-8", "surrogateescape")) == "grün/1.wav"
    assert whole_number(" 1.0", "fold") == 1


def test_text_is_whole_in_any_encoding(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"caf\xe9 \x81\r\n\r\nsecond\r")  # \x81 is no character of cp1252
    assert read_text(path) == "café \x81\n\nsecond\n"
    assert [number for number, _ in read_lines(path)] == [1, 3]


@pytest.mark.parametrize("header", ["filename,fold,fold", "filename,fold,Fold", "fold;filename; fold "])
def test_a_column_that_stands_twice_is_refused(tmp_path, header):
    row = header.lower().replace("filename", "a.wav").replace("fold", "1")
    (tmp_path / "t.csv").write_text(f"{header}\n{row}\n")
    with pytest.raises(InputError, match=r"t\.csv has the column fold twice; expected"):
        read_table(tmp_path / "t.csv", {"filename", "fold"}, "a table")


def test_a_further_column_may_stand_twice(tmp_path):
    (tmp_path / "t.csv").write_text("filename,note,note\na.wav,x,y\n")
    assert read_table(tmp_path / "t.csv", {"filename"}, "a table") == [{"filename": "a.wav"}]
