"""Uploading to a Hugging Face Space, against a fake Hub that records requests; an app run as by a Space."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.utils import filter_repo_objects

from tpexplore import space
from tpexplore.errors import InputError

START_SECONDS = 120
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24

FRONT_MATTER = """---
title: Test
emoji: 🔊
colorFrom: indigo
colorTo: yellow
sdk: gradio
sdk_version: 6.31.0
python_version: "3.11"
app_file: app.py
short_description: A test
---

# Test
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A small project with a model, its card, and much that must not be uploaded."""
    weights = b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "
    files = {
        "README.md": FRONT_MATTER,
        "LICENSE": "MIT",
        "requirements.txt": "torch==2.11.0\ngradio==6.31.0\n",
        "app.py": "print()",
        "tpexplore/__init__.py": "",
        "tpexplore/ui/viewer.js": "// [x]",
        "tpexplore/ui/odd[1]*.js": "",
        "tpexplore/__pycache__/x.cpython-311.pyc": "",
        "tpexplore/.env": "HF_TOKEN=1",
        "tpexplore.egg-info/PKG-INFO": "",
        "assets/models/tiny.json": json.dumps({"weights_sha256": hashlib.sha256(weights).hexdigest()}),
        "assets/.cache/x": "",
        "tests/test_x.py": "",
        "training/x.py": "",
        "runs/x.pt": "",
        ".git/config": "",
        ".env": "",
        "notes.txt": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "assets/models/tiny.safetensors").write_bytes(weights)
    return tmp_path


EXPECTED = [
    "LICENSE",
    "README.md",
    "app.py",
    "assets/models/tiny.json",
    "assets/models/tiny.safetensors",
    "requirements.txt",
    "tpexplore/__init__.py",
    "tpexplore/ui/odd[1]*.js",
    "tpexplore/ui/viewer.js",
]


class FakeHub:
    """Remembers every request; picks files of a folder as the real client does."""

    def __init__(self):
        self.created, self.uploaded, self.calls = [], [], []

    def create_repo(self, repo_id, **options):
        self.created.append((repo_id, options))
        return f"https://huggingface.co/spaces/{repo_id}"

    def upload_folder(self, *, folder_path, allow_patterns=None, ignore_patterns=None, **options):
        paths = [p.relative_to(folder_path).as_posix() for p in Path(folder_path).glob("**/*") if p.is_file()]
        self.uploaded += filter_repo_objects(
            paths, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns
        )
        self.calls.append(options)


@pytest.fixture
def hub(monkeypatch) -> FakeHub:
    fake = FakeHub()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: fake)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "a token")
    return fake


def test_lists_what_a_space_needs_and_nothing_else(project):
    files = space.uploads(project)
    assert [file.path for file in files] == EXPECTED
    assert [file.size for file in files] == [(project / path).stat().st_size for path in EXPECTED]
    assert not any(file.problem or file.remark for file in files)
    *lines, last = space.listing(files).splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == EXPECTED
    assert last.split()[0] == f"{sum(file.size for file in files):,}"


def test_uploads_exactly_what_was_listed(project, hub):
    address = space.upload("me/space", project)
    assert address == "https://huggingface.co/spaces/me/space"
    assert hub.created == [("me/space", {"repo_type": "space", "space_sdk": "gradio", "exist_ok": True})]
    assert sorted(hub.uploaded) == EXPECTED
    (call,) = hub.calls
    assert (call["repo_id"], call["repo_type"]) == ("me/space", "space")
    gone = ["assets/models/old.json", "tpexplore/ui/old.js", "packages.txt", ".gitattributes"]
    assert list(filter_repo_objects(gone, allow_patterns=call["delete_patterns"])) == gone[:2]


def test_this_project_can_go_up(hub, capsys):
    files = space.uploads()
    space.check_uploads(files)
    assert space.check_front_matter()["app_file"] == "app.py"
    paths = [file.path for file in files]
    assert {"app.py", "tpexplore/ui/__init__.py", "assets/examples/happy.wav"} < set(paths)
    assert {path.split("/")[0] for path in paths} == set(space.UPLOADED)
    assert not [path for path in paths if "__pycache__" in path or "/." in path]
    assert sum(file.size for file in files) < 60e6
    assert space.main(["me/space"]) == 0
    assert sorted(hub.uploaded) == paths
    assert "huggingface.co/spaces/me/space" in capsys.readouterr().out


def test_dry_run_contacts_nothing_and_lists_everything(monkeypatch, capsys):
    monkeypatch.setattr(huggingface_hub, "HfApi", None)
    monkeypatch.setattr(huggingface_hub, "get_token", None)
    assert space.main(["me/space", "--dry-run"]) == 0
    output = capsys.readouterr().out
    for file in space.uploads():
        assert f"{file.size:>12,}  {file.path}" in output
    assert "Nothing was sent" in output


@pytest.mark.parametrize("dry_run", [False, True])
def test_pointer_instead_of_weights_is_recognised(project, hub, capsys, dry_run):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5638968\n"
    (project / "assets/models/tiny.safetensors").write_text(pointer)
    assert space.main(["me/space", *["--dry-run"] * dry_run], project) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert "assets/models/tiny.safetensors is a Git LFS pointer" in output.err
    assert ("REFUSED: is a Git LFS pointer" in output.out) is dry_run
    assert (hub.created, hub.uploaded) == ([], [])


def test_weights_other_than_on_the_card(project):
    (project / "assets/models/tiny.safetensors").write_bytes(b"other")
    with pytest.raises(InputError, match=r"tiny\.safetensors differs from the sha256 on its card"):
        space.check_uploads(space.uploads(project))
    for card in ("{}", "[]", "no json"):
        (project / "assets/models/tiny.json").write_text(card)
        with pytest.raises(InputError, match=r"has no card; expected tiny\.json"):
            space.check_uploads(space.uploads(project))


def test_large_files_are_marked(project):
    big = project / "assets/models/big.json"
    big.write_bytes(bytes(space.LARGEST + 1))
    (project / "assets/models/exact.json").write_bytes(bytes(space.LARGEST))
    marked = [file for file in space.uploads(project) if file.remark]
    assert [file.path for file in marked] == ["assets/models/big.json"]
    assert "10 MiB" in space.listing(marked)
    space.check_uploads(marked)


@pytest.mark.parametrize(
    "secret",
    ["hf_" + "a1B2" * 9, "ghp_" + "x" * 36, "AKIA" + "ABCD" * 4, "-----BEGIN RSA " + "PRIVATE KEY-----"],
)
def test_secrets_stay_at_home(project, hub, secret):
    (project / "tpexplore/ui/viewer.js").write_text(f'const token = "{secret}";')
    with pytest.raises(
        InputError, match=r"tpexplore/ui/viewer\.js holds a.*; expected nothing secret"
    ) as raised:
        space.upload("me/space", project)
    assert secret not in str(raised.value)
    assert hub.created == []


def test_links_do_not_carry_other_files_up(project, hub):
    outside = project / "notes.txt"
    (project / "assets/link.txt").symlink_to(outside)
    (project / "assets/folder").symlink_to(project / "runs")
    with pytest.raises(InputError, match=r"assets/folder is a link.*and 1 more of the 11 files"):
        space.upload("me/space", project)
    assert hub.created == []


@pytest.mark.parametrize("name", ["LICENSE", "assets", "app.py"])
def test_missing_parts_are_named(project, name):
    path = project / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=f"^{name} is missing"):
        space.uploads(project)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (FRONT_MATTER, "# Test\n", "has no front matter; expected YAML"),
        ("sdk: gradio", "sdk: [gradio", "is not YAML"),
        ("title: Test", "title: Test\ncolour: red", "'colour' is not a Space setting"),
        ("title: Test\n", "", "title is missing"),
        ("colorFrom: indigo", "colorFrom: violet", "colorFrom is 'violet', expected one of red"),
        ("colorTo: yellow", "colorTo: [red]", "colorTo is"),
        ("sdk: gradio", "sdk: docker", "sdk is 'docker'"),
        (
            'python_version: "3.11"',
            "python_version: 3.10",
            "python_version is the number 3.1, expected it in",
        ),
        ('python_version: "3.11"', 'python_version: "three"', "python_version is 'three'"),
        ("sdk_version: 6.31.0", "sdk_version: 6.30.0", "sdk_version is '6.30.0', expected '6.31.0'"),
        ("app_file: app.py", "app_file: run.py", "app_file is 'run.py'"),
        ("app_file: app.py", "app_file: notes.txt", "app_file is 'notes.txt'"),
        ("description: A test", f"description: {'x' * 61}", "expected at most 60 characters"),
    ],
)
def test_front_matter_is_checked(project, hub, old, new, words):
    text = (project / "README.md").read_text()
    assert old in text
    (project / "README.md").write_text(text.replace(old, new))
    with pytest.raises(InputError) as raised:
        space.upload("me/space", project)
    assert words in str(raised.value)
    assert hub.created == []


def test_a_good_front_matter_passes(project):
    assert space.check_front_matter(project)["python_version"] == "3.11"


@pytest.mark.parametrize("name", ["space", "me/", "/x", "a/b/c", "me/sp ace", "me/../x", "-a/b", "me/é"])
def test_names_are_checked(name, hub, capsys):
    for options in ([], ["--dry-run"]):
        assert space.main([*options, "--", name]) == 2
    assert capsys.readouterr().err.count("expected OWNER/NAME") == 2
    assert hub.created == []


def test_no_token(project, hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(InputError, match="set HF_TOKEN"):
        space.upload("me/space", project)
    assert hub.created == []


def test_a_refusal_of_the_hub_is_one_sentence(project, hub):
    def refuse(*_args, **_options):
        raise OSError("401 Client Error: who are you?\nRequest ID: 1")

    hub.create_repo = refuse
    with pytest.raises(InputError) as raised:
        space.upload("me/space", project)
    assert str(raised.value) == "me/space could not be uploaded (401 Client Error: who are you?)."


# -- under a Space's conditions


@pytest.fixture
def as_a_space(tmp_path):
    """What goes up, copied into a folder that cannot be written, as a Space's app may be."""
    folder = tmp_path / "app"
    for file in space.uploads():
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(space.ROOT / file.path, target)
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    for path in paths:
        path.chmod(path.stat().st_mode | 0o200)


def _heed_permissions() -> None:
    """Make permissions apply to root too, since this test may run as root."""
    if sys.platform == "linux" and os.geteuid() == 0:
        prctl = ctypes.CDLL(None).prctl
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def space_environment(port: int, scratch: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "OMP_NUM_THREADS", "VIRTUAL_ENV") if key in os.environ}
    return {
        **kept,
        "HOME": "/proc/no-home",  # nobody, not even root, can make it
        "TMPDIR": str(scratch),
        "SYSTEM": "spaces",
        "SPACE_ID": "me/space",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPROFILEIMPORTTIME": "1",
        "HF_HUB_OFFLINE": "1",
    }


def test_starts_as_a_space(as_a_space, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    scratch, log = tmp_path / "tmp", tmp_path / "log.txt"
    scratch.mkdir()
    before = sorted(as_a_space.rglob("*"))
    with log.open("w") as output:
        app = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=as_a_space,
            env=space_environment(port, scratch),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_heed_permissions,
        )
    try:
        # An app that listened on 127.0.0.1 only would not answer here.
        page = _fetch(f"http://127.0.0.2:{port}/", app)
        assert page is not None, f"The app did not start:\n{log.read_text()}"
        assert "Token Pruning Explorer" in page
        assert "PermissionError" not in log.read_text()
        # Where home and site-packages are read-only, numba, which librosa needs, cannot be imported.
        imported = set(re.findall(r"^import time:.*\| +(\w+)", log.read_text(), re.M))
        assert "tpexplore" in imported and "numba" not in imported
    finally:
        app.terminate()
        app.wait(20)
    assert sorted(as_a_space.rglob("*")) == before


def _fetch(url: str, app: subprocess.Popen) -> str | None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and app.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return response.read().decode()
        except OSError:
            time.sleep(0.3)
    return None
