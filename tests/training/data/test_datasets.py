"""Every dataset parser on a miniature of the official layout, and the downloads from a local server."""

import hashlib
import http.server
import io
import json
import sys
import tarfile
import threading
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests import ROOT
from tests.shared_audio import SHARED, shared
from tpexplore.checkpoints.bundled import bundled_card
from tpexplore.errors import InputError
from tpexplore.locking import locked_beside
from training.data import download
from training.data.cache import content_key
from training.data.datasets import DATASETS, load_dataset
from training.data.datasets.audioset import youtube_id
from training.data.datasets.base import Dataset, Item
from training.data.features import short_hash
from training.download import main
from training.engine.command import run_command


def _clip() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(8, dtype=np.float32), 16_000, format="WAV")
    return file.getvalue()


CLIP = _clip()


def wav(path: Path) -> Path:
    """A tiny clip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CLIP)
    return path


def text(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def by_split(dataset: Dataset) -> dict[str, list[str]]:
    """File names (without endings) of every split that has any."""
    names = {}
    for item in dataset.items:
        names.setdefault(item.split, []).append("+".join(path.stem for path in item.paths))
    return names


def refused(name: str, root: Path, **options) -> str:
    """The sentence with which a parser refuses a folder."""
    with pytest.raises(InputError) as caught:
        load_dataset(name, root, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- what all datasets share


def test_a_source_or_a_file_in_two_splits_is_refused():
    def dataset(*items: Item) -> Dataset:
        return Dataset("d", "D", "test", ("a",), 128, items, "")

    clips = [Path("one.wav"), Path("two.wav")]
    dataset(Item((clips[0],), (0,), "train", "s"), Item((clips[1],), (0,), "train", "s"))
    with pytest.raises(InputError, match="source 's' is in two splits, train and test"):
        dataset(Item((clips[0],), (0,), "train", "s"), Item((clips[1],), (0,), "test", "s"))
    with pytest.raises(InputError, match=r"file 'two\.wav' is in two splits, valid and test"):
        dataset(Item(tuple(clips), (0,), "valid", "s"), Item(tuple(clips[1:]), (0,), "test", "t"))
    with pytest.raises(InputError, match="no clip of D"):
        dataset()


def test_unknown_names_folders_and_options_are_named(tmp_path):
    assert "'audioset2'" in refused("audioset2", tmp_path)
    assert "nowhere" in refused("esc50", tmp_path / "nowhere")
    sentence = refused("esc50", tmp_path, words=["up"])
    assert "no option words" in sentence
    assert "fold" in sentence


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("audioset", "class_labels_indices.csv"),
        ("esc50", "esc50.csv"),
        ("folders", "Classes with clips in"),
        ("speech_commands", "validation_list.txt"),
        ("urbansound8k", "audio"),
        ("voxceleb", "iden_split.txt"),
        ("dspspeech20", "0 words"),
    ],
)
def test_an_empty_folder_is_refused_with_what_is_missing(tmp_path, name, piece):
    assert piece in refused(name, tmp_path)
    assert name in DATASETS


# -- AudioSet

MIDS = ("/m/09x0r", "/t/dd00088", "/m/0dgw9r")
TRAIN_IDS = ("--PJHxphWEs", "Yabc_123456", "abcdefgh_12")
EVAL_IDS = ("ZZZZZZZZZZ0", "-0xzrMun0Rs")


def audioset_csv(root: Path, name: str, ids) -> Path:
    rows = [f'{clip}, 30.000, 40.000, "{",".join(MIDS[: 1 + i % 2])}"' for i, clip in enumerate(ids)]
    return text(
        root / name,
        "# Segments csv created Sun Mar  5 10:54:31 2017",
        f"# num_ytids={len(rows)}, num_segs={len(rows)}, num_unique_labels=2, num_positive_labels=3",
        "# YTID, start_seconds, end_seconds, positive_labels",
        *rows,
    )


@pytest.fixture
def audioset_root(tmp_path) -> Path:
    """All usual names of clips; the second evaluation clip was never downloaded."""
    classes = [
        "index,mid,display_name",
        f'1,{MIDS[1]},"Female speech, woman speaking"',
        f'0,{MIDS[0]},"Speech"',
        f'2,{MIDS[2]},"Snoring"',
    ]
    text(tmp_path / "class_labels_indices.csv", *classes)
    audioset_csv(tmp_path, "balanced_train_segments.csv", TRAIN_IDS)
    audioset_csv(tmp_path, "eval_segments.csv", EVAL_IDS)
    wav(tmp_path / "balanced_train" / "Y--PJHxphWEs_30.000_40.000.wav")
    wav(tmp_path / "balanced_train" / "Yabc_123456.wav")
    wav(tmp_path / "balanced_train" / "deep" / "abcdefgh_12_30000.flac")
    wav(tmp_path / "eval" / "YZZZZZZZZZZ0.wav")
    text(tmp_path / "eval" / "._-0xzrMun0Rs.wav", "left by macOS, no audio")
    return tmp_path


@pytest.mark.parametrize(
    ("stem", "clip"),
    [
        ("--PJHxphWEs", "--PJHxphWEs"),
        ("Y--PJHxphWEs", "--PJHxphWEs"),
        ("--PJHxphWEs_30", "--PJHxphWEs"),
        ("--PJHxphWEs_30.000_40.000", "--PJHxphWEs"),
        ("Y--PJHxphWEs_0.000", "--PJHxphWEs"),
        ("Yabc_123456", "Yabc_123456"),  # the Y is the id's own
        ("Yabc_123456_30000", "Yabc_123456"),
        ("YYabc_123456_30", "Yabc_123456"),
        ("abcdefgh_12", "abcdefgh_12"),  # no time, part of the id
        ("someone's own name", "someone's own name"),
    ],
)
def test_youtube_ids_are_read_from_file_names(stem, clip):
    assert youtube_id(stem) == clip


def test_audioset_from_its_csv_lists(audioset_root):
    dataset = load_dataset("audioset", audioset_root)
    assert dataset.multilabel
    assert dataset.frames == 1024
    assert dataset.labels == ("Speech", "Female speech, woman speaking", "Snoring")
    assert {i.source: i.split for i in dataset.items} == {
        **dict.fromkeys(TRAIN_IDS, "train"),
        "ZZZZZZZZZZ0": "test",
    }
    assert [i.labels for i in dataset.items] == [(0,), (0, 1), (0,), (0,)]
    assert dataset.items[2].paths[0].name == "abcdefgh_12_30000.flac"
    assert dataset.missing == 1


def test_audioset_from_the_json_lists_of_ast(audioset_root, tmp_path_factory):
    lists = tmp_path_factory.mktemp("lists")
    for split, ids in (("train", TRAIN_IDS), ("eval", EVAL_IDS)):
        clips = [{"wav": f"/elsewhere/{clip}_30.000.flac", "labels": f"{MIDS[2]},{MIDS[0]}"} for clip in ids]
        (lists / f"{split}_data.json").write_text(json.dumps({"data": clips}))
        (audioset_root / f"{'balanced_train' if split == 'train' else split}_segments.csv").unlink()
    lists_of_ast = {"train_list": lists / "train_data.json", "eval_list": lists / "eval_data.json"}
    dataset = load_dataset("audioset", audioset_root, **lists_of_ast)
    assert Counter(i.split for i in dataset.items) == {"train": 3, "test": 1}
    assert {i.labels for i in dataset.items} == {(0, 2)}
    for path in lists_of_ast.values():
        path.rename(audioset_root / path.name)
    assert load_dataset("audioset", audioset_root).items == dataset.items  # found by their names
    (audioset_root / "more_train.json").write_text("{}")
    assert "train_list" in refused("audioset", audioset_root)


def test_audioset_clips_in_another_folder_or_behind_a_link(audioset_root, tmp_path_factory):
    audio = tmp_path_factory.mktemp("audio")
    (audioset_root / "eval").rename(audio / "eval")
    dataset = load_dataset("audioset", audioset_root, audio=audio)
    assert [i.split for i in dataset.items] == ["test"]
    assert dataset.missing == 4
    (audioset_root / "linked").symlink_to(audio)
    (audio / "loop").symlink_to(audio)
    assert len(load_dataset("audioset", audioset_root).items) == 4


def test_audioset_that_cannot_be_right_is_refused(audioset_root, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    assert "None of the 5 clips" in refused("audioset", audioset_root, audio=empty)
    eval_list = audioset_root / "eval_segments.csv"
    leaking = audioset_csv(audioset_root, "leaking.csv", TRAIN_IDS[:1])
    assert "'--PJHxphWEs' is in two splits" in refused("audioset", audioset_root, eval_list=leaking)
    eval_list.write_text(eval_list.read_text().replace("/m/09x0r", "/m/unheard"))
    assert "'/m/unheard'" in refused("audioset", audioset_root)
    text(eval_list, "YTID, start")
    assert "eval_segments.csv" in refused("audioset", audioset_root)
    eval_list.unlink()
    assert "eval_segments.csv is missing" in refused("audioset", audioset_root)
    text(audioset_root / "class_labels_indices.csv", "index,mid,display_name", "1,/m/09x0r,Speech")
    assert "every index from 0 once" in refused("audioset", audioset_root)


# -- VoxCeleb1

IDEN_SPLIT = (
    "3 id10003/na8-QEFmj44/00003.wav",
    "1 id10003/tCq2LcKO6xY/00002.wav",
    "2 id10003/tCq2LcKO6xY/00004.wav",
    "1 id10001/K5zRxtXc27s/00001.wav",
    "2 id10001/zzzzzzzzzzz/00001.wav",
    "3 id10001/tCq2LcKO6xY/00001.wav",
)


def voxceleb_root(root: Path, *folders: str) -> Path:
    """The miniature, its speakers spread over the folders."""
    text(root / "iden_split.txt", *IDEN_SPLIT)
    for line in IDEN_SPLIT:
        name = line.split()[1]
        wav(root / folders[int(name[6]) % len(folders)] / name)
    return root


@pytest.mark.parametrize("folders", [("wav",), (".",), ("dev/wav", "test/wav"), ("vox1_dev_wav/wav", "wav")])
def test_voxceleb_identification_split(tmp_path, folders):
    dataset = load_dataset("voxceleb", voxceleb_root(tmp_path, *folders))
    assert dataset.labels == ("id10001", "id10003")
    assert dataset.frames == 1024
    assert [i.split for i in dataset.items] == ["test", "train", "valid", "train", "valid", "test"]
    assert [i.labels for i in dataset.items] == [(1,), (1,), (1,), (0,), (0,), (0,)]
    assert dataset.items[1].source == "id10003/tCq2LcKO6xY"
    assert dataset.items[2].source == "id10003/tCq2LcKO6xY/00004"  # a validation clip of a training video


@pytest.mark.parametrize("part", [1, 2])
def test_a_voxceleb_test_video_elsewhere_is_a_leak(tmp_path, part):
    root = voxceleb_root(tmp_path, "wav")
    wav(root / "wav/id10003/na8-QEFmj44/00009.wav")
    text(root / "iden_split.txt", *IDEN_SPLIT, f"{part} id10003/na8-QEFmj44/00009.wav")
    assert "'id10003/na8-QEFmj44' is in two splits" in refused("voxceleb", root)


def test_voxceleb_names_missing_files_and_odd_lines(tmp_path):
    root = voxceleb_root(tmp_path, "wav")
    (root / "wav/id10001/zzzzzzzzzzz/00001.wav").unlink()
    sentence = refused("voxceleb", root)
    assert "1 of the 6" in sentence
    assert "id10001/zzzzzzzzzzz/00001" in sentence
    text(root / "iden_split.txt", "1 id10003/tCq2LcKO6xY/00002.wav", "4 id1/v/1.wav")
    assert "Line 2" in refused("voxceleb", root)


# -- folders


def test_folders_are_split_by_a_hash_that_nothing_else_changes(tmp_path):
    for name in ("dog", "cat"):
        for i in range(200):
            wav(tmp_path / name / f"{name}{i}.wav")
    dataset = load_dataset("folders", tmp_path)
    assert dataset.labels == ("cat", "dog")
    assert dataset.frames == 512
    sizes = Counter(i.split for i in dataset.items)
    assert 290 <= sizes["train"] <= 350
    assert 25 <= sizes["valid"] <= 55
    assert 25 <= sizes["test"] <= 55
    before = {i.source: i.split for i in dataset.items}
    for i in range(150):
        (tmp_path / "cat" / f"cat{i}.wav").unlink()
    wav(tmp_path / "ant" / "ant1.wav")
    after = {i.source: i.split for i in load_dataset("folders", tmp_path, frames=1024).items}
    assert {s: split for s, split in after.items() if s in before}.items() <= before.items()
    assert before["dog0"] == after["dog0"] == "train"  # the hash itself, on any machine


def test_folders_keep_a_source_in_one_split(tmp_path):
    for name in ("no", "yes"):
        for speaker in range(30):
            for take in range(3):
                wav(tmp_path / name / f"spk{speaker}-{take}.wav")
    dataset = load_dataset("folders", tmp_path, source=r"^(\w+)-")
    assert {i.source for i in dataset.items} == {f"spk{s}" for s in range(30)}
    assert Counter(Counter(i.source for i in dataset.items).values()) == {6: 30}
    wav(tmp_path / "no" / "nobody.wav")
    assert "nobody.wav" in refused("folders", tmp_path, source=r"^(\w+)-")
    assert "'('" in refused("folders", tmp_path, source="(")


def test_folders_that_are_split_already(tmp_path):
    for split in ("train", "val", "test"):
        for name in ("dog", "cat"):
            wav(tmp_path / split / name / "1.wav")
    dataset = load_dataset("folders", tmp_path, frames=128)
    assert Counter((i.split, i.labels) for i in dataset.items) == {
        (split, (label,)): 1 for split in ("train", "valid", "test") for label in (0, 1)
    }
    assert "'1' is in two splits" in refused("folders", tmp_path, source=r"\d+")
    wav(tmp_path / "test" / "bird" / "2.wav")
    assert "bird" in refused("folders", tmp_path)
    wav(tmp_path / "extra" / "dog" / "2.wav")
    assert "extra" in refused("folders", tmp_path)


def test_folders_that_cannot_be_a_task_are_refused(tmp_path):
    wav(tmp_path / "dog" / "0.wav")
    assert ": 1; expected 2" in refused("folders", tmp_path)
    wav(tmp_path / "cat" / "0.wav")
    assert "testing" in refused("folders", tmp_path)  # both clips are for training
    for frames in (0, 100, 1040, -16):
        assert f"frames = {frames}" in refused("folders", tmp_path, frames=frames)


# -- ESC-50


@pytest.fixture
def esc50_root(tmp_path) -> Path:
    """One clip per fold of each of two classes; recording 900 has clips in folds 1 and 5."""
    rows = []
    for fold in range(1, 6):
        for target, category in enumerate(("dog", "door_wood_knock")):
            source = 900 if (fold, target) in ((1, 0), (5, 0)) else 100 * fold + target
            name = f"{fold}-{source}-A-{target}.wav"
            rows.append(f"{name},{fold},{target},{category},True,{source},A")
            wav(tmp_path / "audio" / name)
    text(tmp_path / "meta" / "esc50.csv", "filename,fold,target,category,esc10,src_file,take", *rows)
    return tmp_path


@pytest.mark.parametrize("fold", [1, 2, 3, 4, 5])
def test_esc50_folds_leave_out_recordings_that_the_test_holds(esc50_root, fold):
    dataset = load_dataset("esc50", esc50_root, fold=fold)
    assert dataset.labels == ("dog", "door wood knock")
    names = by_split(dataset)
    assert {name[0] for name in names["test"]} == {str(fold)}
    assert len(names["test"]) == 2
    assert str(fold) not in {name[0] for name in names["train"]}
    assert len(names["train"]) == (7 if fold in (1, 5) else 8)  # of 8, one shares recording 900


def test_esc50_without_a_piece_is_refused(esc50_root):
    assert "Fold 6" in refused("esc50", esc50_root, fold=6)
    (esc50_root / "audio" / "3-300-A-0.wav").unlink()
    sentence = refused("esc50", esc50_root)
    assert "1 clips" in sentence
    assert "3-300-A-0.wav" in sentence
    text(esc50_root / "meta" / "esc50.csv", "filename,fold,target,category", "a.wav,1,0,dog")
    assert "src_file" in refused("esc50", esc50_root)


# -- Speech Commands


@pytest.fixture
def commands_root(tmp_path) -> Path:
    for word in ("bed", "cat"):
        for speaker in ("aaa", "bbb", "ccc", "ddd"):
            wav(tmp_path / word / f"{speaker}_nohash_0.wav")
    wav(tmp_path / "_background_noise_" / "pink_noise.wav")
    text(tmp_path / "validation_list.txt", "bed/ccc_nohash_0.wav", "cat/ccc_nohash_0.wav")
    text(tmp_path / "testing_list.txt", "bed/ddd_nohash_0.wav", "cat/ddd_nohash_0.wav")
    return tmp_path


def test_speech_commands_follow_their_lists(commands_root):
    dataset = load_dataset("speech_commands", commands_root)
    assert dataset.labels == ("bed", "cat")  # noise is not a word
    assert {(i.source, i.split) for i in dataset.items} == {
        ("aaa", "train"),
        ("bbb", "train"),
        ("ccc", "valid"),
        ("ddd", "test"),
    }
    assert dataset.missing == 0
    (commands_root / "cat" / "ddd_nohash_0.wav").rename(commands_root / "cat" / "ddd_nohash_0.opus")
    assert load_dataset("speech_commands", commands_root).items[-1].split == "test"
    (commands_root / "cat" / "ddd_nohash_0.opus").unlink()
    assert load_dataset("speech_commands", commands_root).missing == 1


def test_some_words_of_speech_commands(commands_root):
    dataset = load_dataset("speech_commands", commands_root, words=["cat", "cat"])
    assert dataset.labels == ("cat",)
    assert dataset.name == "spc1"
    assert len(dataset.items) == 4
    assert "dog" in refused("speech_commands", commands_root, words=["cat", "dog"])


def test_speech_commands_leaks_and_foreign_lists_are_refused(commands_root):
    testing = commands_root / "testing_list.txt"
    honest = testing.read_text()
    testing.write_text(honest + "bed/ccc_nohash_0.wav\n")
    assert "bed/ccc_nohash_0 is in two lists" in refused("speech_commands", commands_root)
    wav(commands_root / "bed" / "ccc_nohash_1.wav")
    testing.write_text(honest + "bed/ccc_nohash_1.wav\n")
    assert "'ccc' is in two splits" in refused("speech_commands", commands_root)
    testing.write_text(honest)
    assert "'ccc' is in two splits, valid and train" in refused("speech_commands", commands_root)
    text(testing, "marvin/ddd_nohash_0.wav")
    assert "testing_list.txt names no clip" in refused("speech_commands", commands_root)


# -- UrbanSound8K


@pytest.fixture
def urban_root(tmp_path) -> Path:
    for fold, names in {1: ("100-3-0-0", "100-3-0-1", "101-9-0-0"), 2: ("200-0-0-0",)}.items():
        for name in names:
            wav(tmp_path / "audio" / f"fold{fold}" / f"{name}.wav")
    return tmp_path


def test_urbansound8k_classes_folds_and_sources_are_in_the_names(urban_root):
    dataset = load_dataset("urbansound8k", urban_root, fold=2)
    assert by_split(dataset) == {"train": ["100-3-0-0", "100-3-0-1", "101-9-0-0"], "test": ["200-0-0-0"]}
    assert [dataset.labels[i.labels[0]] for i in dataset.items] == [
        "dog bark",
        "dog bark",
        "street music",
        "air conditioner",
    ]
    assert {i.split for i in load_dataset("urbansound8k", urban_root).items} == {"train"}


def test_urbansound8k_without_what_esc50_uses(urban_root, tmp_path_factory):
    esc50 = tmp_path_factory.mktemp("esc50")
    rows = ["filename,fold,target,category,esc10,src_file,take", "1-100-A-0.wav,1,0,dog,True,100,A"]
    text(esc50 / "meta" / "esc50.csv", *rows)
    dataset = load_dataset("urbansound8k", urban_root, without_esc50=esc50)
    assert by_split(dataset) == {"train": ["101-9-0-0", "200-0-0-0"]}
    assert "esc50.csv" in refused("urbansound8k", urban_root, without_esc50=urban_root)


def test_urbansound8k_leaks_and_foreign_names_are_refused(urban_root):
    assert "fold7" in refused("urbansound8k", urban_root, fold=7)
    leaking = wav(urban_root / "audio" / "fold2" / "100-3-0-2.wav")
    assert "'100' is in two splits" in refused("urbansound8k", urban_root, fold=2)
    leaking.rename(leaking.with_name("100-10-0-2.wav"))
    assert "100-10-0-2.wav" in refused("urbansound8k", urban_root)


# -- DSPSpeech-20


@pytest.fixture
def speech20_root(tmp_path) -> Path:
    for speaker in ("spk01", "spk02"):
        for word in range(9):
            for take in (1, 2, 3):
                wav(tmp_path / speaker / f"{speaker}-{word:02}-{take:02}.wav")
    return tmp_path


def check_speech20(dataset: Dataset, words: int) -> None:
    """The test split has only the last four words, each take once; no take is in two splits."""
    takes = {s: Counter() for s in ("train", "valid", "test")}
    for item in dataset.items:
        assert len(item.paths) == 3
        assert {path.parent.name for path in item.paths} == {dataset.labels[item.labels[0]]}
        takes[item.split].update(path.stem for path in item.paths)
    heard = {s: {int(take.split("-")[1]) for take in counts} for s, counts in takes.items()}
    assert heard["test"] == set(range(words - 4, words))
    assert heard["valid"] == set(range(words - 6, words - 4))
    assert heard["train"] == set(range(words - 6))
    assert set(takes["test"].values()) == set(takes["valid"].values()) == {1}
    assert len(takes["test"]) == len(dataset.labels) * 4 * 3
    assert len(takes["train"]) == len(dataset.labels) * (words - 6) * 3


def test_dspspeech20_tests_unseen_words(speech20_root):
    dataset = load_dataset("dspspeech20", speech20_root)
    assert dataset.labels == ("spk01", "spk02")
    check_speech20(dataset, words=9)
    assert load_dataset("dspspeech20", speech20_root).items == dataset.items


def test_dspspeech20_names_what_does_not_fit(speech20_root):
    odd = wav(speech20_root / "spk01" / "hello.wav")
    assert "hello.wav" in refused("dspspeech20", speech20_root)
    odd.unlink()
    for path in speech20_root.glob("*/*-0[678]-*"):
        path.unlink()
    assert "6 words" in refused("dspspeech20", speech20_root)


# -- the shared audio packs


@pytest.mark.shared_data
def test_shared_speech_commands():
    dataset = load_dataset("speech_commands", shared("speech_commands"))
    speakers = {s: {dataset.items[i].source for i in dataset.indices(s)} for s in ("train", "valid", "test")}
    assert {s: len(dataset.indices(s)) for s in speakers} == {"train": 7555, "valid": 728, "test": 680}
    assert {s: len(names) for s, names in speakers.items()} == {"train": 1244, "valid": 113, "test": 147}
    assert len(dataset.labels) == 12
    assert dataset.missing == 0


@pytest.mark.shared_data
@pytest.mark.parametrize("fold", [1, 2, 3, 4, 5])
def test_shared_esc50(fold):
    root = shared("esc50")
    dataset = load_dataset("esc50", root, fold=fold)
    assert len(list((root / "audio").iterdir())) == 2000
    assert len(dataset.indices("test")) == 400
    assert 1590 <= len(dataset.indices("train")) <= 1600
    assert set(Counter(dataset.items[i].labels for i in dataset.indices("test")).values()) == {8}


@pytest.mark.shared_data
def test_shared_urbansound8k():
    root = shared("urbansound8k")
    assert len(load_dataset("urbansound8k", root, fold=10).items) == 2598
    sources = {item.source for item in load_dataset("esc50", shared("esc50")).items}
    without = load_dataset("urbansound8k", root, without_esc50=SHARED / "esc50")
    assert not sources & {item.source for item in without.items}
    assert 0 < len(without.items) < 2598


@pytest.mark.shared_data
def test_shared_dspspeech20():
    dataset = load_dataset("dspspeech20", shared("dspspeech20"))
    assert len(dataset.labels) == 34
    check_speech20(dataset, words=20)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["ast-audioset", "audiomae-audioset", "ast-esc50", "audiomae-esc50"])
def test_a_bundled_model_can_be_measured_with_features_made_today(name):
    """Cards of the first edition record the list of clips, which the parser must still produce."""
    items = (dataset := load_dataset("esc50", shared("esc50"))).items
    columns = [[item.name for item in items], [item.labels for item in items], [item.split for item in items]]
    list_key = short_hash([*columns, dataset.labels, dataset.frames])
    noted = bundled_card(name)["data"]["feature_keys"].values()
    assert {list_key, content_key(dataset)} & set(noted)


# -- downloads


class Archive(http.server.BaseHTTPRequestHandler):
    """Serves ``server.body``; handles Range, and can break off or fail if a test needs that."""

    def do_GET(self):
        server, body = self.server, self.server.body
        requested = self.headers.get("Range")
        server.requested_ranges.append(requested)
        if server.fails:
            self.send_error(503)
            return
        start = int(requested.removeprefix("bytes=").rstrip("-")) if requested and server.knows_range else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if server.breaks_at and start < server.breaks_at:
            self.wfile.write(body[start : server.breaks_at])
            server.fails = True  # until the test resets it
        else:
            self.wfile.write(body[start:])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """A local server; downloads come in small pieces and retry without waiting."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 100)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Archive) as server:
        server.requested_ranges, server.body = [], b""
        server.knows_range, server.fails, server.breaks_at = True, False, 0
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def serve_commands(server, monkeypatch, root: Path, **changes) -> None:
    """Offer a folder as the official Speech Commands archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(root, arcname=".")
    offer(
        server,
        monkeypatch,
        "speech_commands",
        packed.getvalue(),
        ".tar.gz",
        {"clips": 8, "top": ".", **changes},
    )


def serve_esc50(server, monkeypatch, root: Path, **changes) -> None:
    """Offer a folder as the archive that GitHub makes of the ESC-50 repository."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, Path("ESC-50-master") / path.relative_to(root))
    changes = {"clips": 10, "top": "ESC-50-master", "sha256": None, **changes}
    offer(server, monkeypatch, "esc50", packed.getvalue(), ".zip", changes)


def offer(server, monkeypatch, name: str, body: bytes, suffix: str, about: dict) -> None:
    server.body = body
    about = {"sha256": hashlib.sha256(body).hexdigest(), **about}
    source = download.DatasetSource(f"{server.url}/archive{suffix}", **about)
    monkeypatch.setitem(download.SOURCES, name, source)


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def download_refused(name: str, root: Path) -> str:
    with pytest.raises(InputError) as caught:
        download.download(name, root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def command(monkeypatch, *arguments: str) -> int:
    """Exit code of python -m training.download."""
    monkeypatch.setattr(sys, "argv", ["download", *arguments])
    try:
        run_command(main)
    except SystemExit as stop:
        return stop.code
    return 0


def test_the_sources_are_the_official_ones():
    from torchaudio.datasets import speechcommands

    source = download.SOURCES["speech_commands"]
    assert speechcommands._CHECKSUMS[source.url] == source.sha256
    assert download.SOURCES["esc50"].url.startswith("https://github.com/karolpiczak/ESC-50/")


def test_downloads_end_in_the_official_layout(server, monkeypatch, commands_root, tmp_path_factory, capsys):
    work = tmp_path_factory.mktemp("work")
    serve_commands(server, monkeypatch, commands_root)
    assert command(monkeypatch, "speech_commands", str(work / "deep" / "commands")) == 0
    assert "8 clips" in capsys.readouterr().out
    dataset = load_dataset("speech_commands", work / "deep" / "commands")
    expected = load_dataset("speech_commands", commands_root)
    assert by_split(dataset) == by_split(expected)
    assert leftovers(work / "deep") == {"commands"}
    assert command(monkeypatch, "speech_commands", str(work / "deep" / "commands")) == 0  # already there
    assert len(server.requested_ranges) == 1


def test_esc50_is_taken_out_of_its_repository_folder(server, monkeypatch, esc50_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    serve_esc50(server, monkeypatch, esc50_root)
    (work / "esc50").mkdir()  # an empty folder may be there already
    download.download("esc50", work / "esc50")
    assert by_split(load_dataset("esc50", work / "esc50")) == by_split(load_dataset("esc50", esc50_root))
    assert leftovers(work) == {"esc50"}


def test_an_interrupted_download_goes_on_where_it_stopped(
    server, monkeypatch, commands_root, tmp_path_factory, capsys
):
    work = tmp_path_factory.mktemp("work")
    serve_commands(server, monkeypatch, commands_root)
    server.breaks_at = len(server.body) // 2
    assert command(monkeypatch, "speech_commands", str(work / "commands")) == 2
    captured = capsys.readouterr()
    assert "could not be downloaded" in captured.err
    assert "Traceback" not in captured.err
    (part,) = work.iterdir()
    there = part.stat().st_size
    assert part.name == "commands.tar.gz.part"
    assert server.breaks_at - 100 <= there <= server.breaks_at
    assert part.read_bytes() == server.body[:there]
    server.fails, server.breaks_at = False, 0
    assert command(monkeypatch, "speech_commands", str(work / "commands")) == 0
    assert server.requested_ranges[-1] == f"bytes={there}-"
    assert leftovers(work) == {"commands"}


def test_a_server_that_cannot_continue_sends_all_again(server, monkeypatch, esc50_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    serve_esc50(server, monkeypatch, esc50_root)
    server.knows_range = False
    (work / "esc50.zip.part").write_bytes(b"the beginning of last week's archive")
    download.download("esc50", work / "esc50")
    assert server.requested_ranges == ["bytes=36-"]
    assert leftovers(work) == {"esc50"}


def test_a_download_that_was_killed_before_its_check(server, monkeypatch, commands_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    serve_commands(server, monkeypatch, commands_root)
    (work / "commands.tar.gz.part").write_bytes(server.body)
    download.download("speech_commands", work / "commands")
    assert server.requested_ranges == [f"bytes={len(server.body)}-"]
    assert leftovers(work) == {"commands"}


def test_unpacking_that_was_killed_starts_again(server, monkeypatch, commands_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    serve_commands(server, monkeypatch, commands_root)
    (work / "commands.tar.gz").write_bytes(server.body)  # checked when it was renamed
    wav(work / "commands.unpacking" / "bed" / "half_nohash_0.wav")
    download.download("speech_commands", work / "commands")
    assert server.requested_ranges == []
    assert leftovers(work) == {"commands"}
    assert not (work / "commands" / "bed" / "half_nohash_0.wav").exists()


def test_two_downloads_at_once_do_not_mix(server, monkeypatch, commands_root, tmp_path_factory):
    """Both used to append to the same part, and each deleted what the other was unpacking."""
    work = tmp_path_factory.mktemp("work")
    serve_commands(server, monkeypatch, commands_root)
    monkeypatch.setitem(download.TAGGERS, "mn04_as", download.File(server.url, "0" * 64))
    unpack, sentences = download._unpack, []

    def during(*arguments):
        sentences.append(download_refused("speech_commands", work / "commands"))
        return unpack(*arguments)

    monkeypatch.setattr(download, "_unpack", during)
    download.download("speech_commands", work / "commands")
    expected = f"Another process is working on {work / 'commands'}; wait for it or choose another name."
    assert sentences == [expected]
    assert leftovers(work) == {"commands"}
    with locked_beside(work / "mn04.pt"), pytest.raises(InputError, match="Another process is working"):
        download.download_tagger("mn04_as", work / "mn04.pt")
    assert leftovers(work) == {"commands"}


def test_what_arrives_damaged_is_deleted(server, monkeypatch, commands_root, esc50_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    serve_commands(server, monkeypatch, commands_root, sha256="0" * 64)
    assert "checksum" in download_refused("speech_commands", work / "commands")
    assert leftovers(work) == set()
    serve_esc50(server, monkeypatch, esc50_root)
    spoilt = bytearray(server.body)
    spoilt[server.body.index(b"RIFF") + 8] ^= 1  # inside the first clip, which the zip stores as it is
    server.body = bytes(spoilt)
    assert "CRC" in download_refused("esc50", work / "esc50")
    server.body = b"<html>Please sign in to the hotel's network</html>"
    assert "damaged" in download_refused("esc50", work / "esc50")
    assert not any(name.endswith((".zip", ".part")) for name in leftovers(work))


def test_an_archive_without_all_its_clips_is_refused(server, monkeypatch, esc50_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    serve_esc50(server, monkeypatch, esc50_root, clips=2000)
    sentence = download_refused("esc50", work / "esc50")
    assert "10 clips" in sentence
    assert "2,000" in sentence
    assert not (work / "esc50").exists()
    serve_esc50(server, monkeypatch, esc50_root, top="ESC-50-main")
    assert "ESC-50-main" in download_refused("esc50", work / "esc50")


def test_archives_cannot_write_outside(server, monkeypatch, esc50_root, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../evil.txt"))
    offer(server, monkeypatch, "speech_commands", packed.getvalue(), ".tar.gz", {"top": ".", "clips": 1})
    assert "outside" in download_refused("speech_commands", work / "deep" / "commands")
    serve_esc50(server, monkeypatch, esc50_root)
    packed = io.BytesIO(server.body)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("../../evil.txt", "")
    server.body = packed.getvalue()
    download.download("esc50", work / "deep" / "esc50")
    assert not list(work.rglob("evil.txt"))
    assert not (work.parent / "evil.txt").exists()


def test_a_dead_network_is_one_sentence(monkeypatch, server, tmp_path, capsys):
    gone = download.DatasetSource("http://127.0.0.1:9/archive.zip", top=".", clips=1)  # nobody listens there
    monkeypatch.setitem(download.SOURCES, "esc50", gone)
    assert command(monkeypatch, "esc50", str(tmp_path / "esc50")) == 2
    error = capsys.readouterr().err.strip()
    assert error.count("\n") == 0
    assert error.startswith("http://127.0.0.1:9/archive.zip could not be downloaded (")
    assert leftovers(tmp_path) == set()


def test_folders_that_hold_something_else_are_left_alone(server, monkeypatch, esc50_root, tmp_path):
    assert "'sounds'" in download_refused("sounds", tmp_path / "sounds")
    mine = text(tmp_path / "mine" / "thesis.txt", "years of work")
    assert "is not empty" in download_refused("esc50", mine.parent)
    assert "is a file" in download_refused("esc50", mine)
    assert "cannot be made" in download_refused("esc50", mine / "deep" / "esc50")
    assert mine.read_text() == "years of work\n"
    assert server.requested_ranges == []


def test_a_tagger_is_fetched_checked_and_not_fetched_twice(server, monkeypatch, tmp_path, capsys):
    server.body = b"weights" * 100
    file = download.File(f"{server.url}/mn04.pt", hashlib.sha256(server.body).hexdigest())
    monkeypatch.setitem(download.TAGGERS, "mn04_as", file)
    server.breaks_at = 350
    assert command(monkeypatch, "mn04_as", str(tmp_path / "new" / "tagger.pt")) == 2
    server.fails, server.breaks_at = False, 0
    for _ in range(2):
        assert command(monkeypatch, "mn04_as", str(tmp_path / "new" / "tagger.pt")) == 0
    assert server.requested_ranges[-1].startswith("bytes=")  # it resumed where it stopped, once
    assert (tmp_path / "new" / "tagger.pt").read_bytes() == server.body
    count = len(server.requested_ranges)
    assert download.download_tagger("mn04_as", tmp_path / "new" / "tagger.pt").name == "tagger.pt"
    assert len(server.requested_ranges) == count
    assert download.download_tagger("mn04_as", tmp_path) == tmp_path / "mn04.pt"

    (tmp_path / "mn04.pt").write_bytes(b"other")
    with pytest.raises(InputError, match="is another file than mn04_as"):
        download.download_tagger("mn04_as", tmp_path)
    (tmp_path / "mn04.pt").unlink()
    server.body = b"damaged"
    with pytest.raises(InputError, match=r"arrived with checksum .* it was deleted"):
        download.download_tagger("mn04_as", tmp_path)
    assert leftovers(tmp_path) == {"new"}


@pytest.mark.shared_data
def test_the_tagger_is_the_published_one():
    published = ROOT.parent / "shared" / "teacher" / "mn04_as_mAP_432.pt"
    if not published.exists():
        pytest.skip("no tagger here")
    file = download.TAGGERS["mn04_as"]
    assert file.url.endswith(f"/v0.0.1/{published.name}")
    assert hashlib.sha256(published.read_bytes()).hexdigest() == file.sha256
