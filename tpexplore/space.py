"""Uploads the app to a Hugging Face Space: ``python -m tpexplore.space OWNER/NAME [--dry-run]``.

Weights go up through the Hub's own client, which stores them as LFS does; a plain git push of them is
refused. The token comes from the environment (HF_TOKEN) or from ``hf auth login``, never from the command
line, where other programs and the shell's history would see it.
"""

from __future__ import annotations

import glob
import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpexplore.checkpoints import lfs
from tpexplore.command_line import OneSentenceParser, exit_code
from tpexplore.errors import InputError
from tpexplore.text import load_json, read_text

ROOT = Path(__file__).resolve().parent.parent

UPLOADED = ("README.md", "LICENSE", "requirements.txt", "app.py", "tpexplore", "assets")
"""Files and folders that a Space needs; nothing else goes up."""

CACHES = ("__pycache__", "*.pyc", "*.pyo", "*.egg-info")

LARGEST = 10 * 2**20
"""Bytes above which the Hub takes a file only through LFS."""

SECRETS = {
    "a Hugging Face token": rb"hf_[A-Za-z0-9]{30,}",
    "a GitHub token": rb"gh[pousr]_[A-Za-z0-9]{36}",
    "an AWS key": rb"AKIA[0-9A-Z]{16}",
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
}

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
LONGEST_DESCRIPTION = 60
REQUIRED = ("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file")
KEYS = {
    *REQUIRED,
    *("license", "models", "datasets", "tags", "preload_from_hub"),
    *("short_description", "thumbnail", "pinned", "fullWidth", "header"),
    *("suggested_hardware", "suggested_storage", "startup_duration_timeout"),
    *("app_build_command", "app_port", "base_path", "custom_headers", "disable_embedding"),
    *("hf_oauth", "hf_oauth_scopes", "hf_oauth_expiration_minutes", "hf_oauth_authorized_org"),
}
"""What a Space's front matter may hold (huggingface.co/docs/hub/spaces-config-reference)."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


@dataclass(frozen=True)
class Upload:
    """One file that goes up.

    Attributes
    ----------
    path : str
        Relative to the project's folder, with forward slashes.
    size : int
        In bytes.
    problem : str
        Why it must not go up as it is; empty if it may.
    remark : str
        A hint that does not stop the upload; empty if there is none.
    """

    path: str
    size: int
    problem: str = ""
    remark: str = ""


def uploads(root: Path = ROOT) -> list[Upload]:
    """What goes up to a Space, in the order of the paths; contacts nothing.

    Hidden files and caches are left out. Links are listed with a problem: what they lead to may lie outside
    of the project.

    Raises
    ------
    InputError
        If one of the files or folders that a Space needs is missing.

    Examples
    --------
    >>> [upload.path for upload in uploads()][:2]
    ['LICENSE', 'README.md']
    """
    for name in UPLOADED:
        if not (root / name).exists():
            raise InputError(f"{name} is missing in {root}; expected {', '.join(UPLOADED)} there.")
    files = (path for name in UPLOADED for path in _files(root / name))
    return sorted((_upload(path, root) for path in files), key=lambda upload: upload.path)


def _files(path: Path) -> Iterator[Path]:
    if path.name.startswith(".") or any(path.match(pattern) for pattern in CACHES):
        return
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            yield from _files(inner)
    else:
        yield path


def _upload(path: Path, root: Path) -> Upload:
    name = path.relative_to(root).as_posix()
    if path.is_symlink() or not path.is_file():
        return Upload(name, 0, "is a link or not a plain file; expected the file itself")
    content = path.read_bytes()
    size = len(content)
    if content.startswith(lfs.POINTER):
        problem = "is a Git LFS pointer, not the file it stands for; fetch it with git lfs pull"
    else:
        problem = _secret_in(content) or _weights_problem(path, content)
    over = size > LARGEST
    remark = (
        f"over {LARGEST / 2**20:.0f} MiB: goes through LFS; a plain git push would be refused" if over else ""
    )
    return Upload(name, size, problem, remark)


def _secret_in(content: bytes) -> str:
    secret = next((what for what, pattern in SECRETS.items() if re.search(pattern, content)), None)
    return f"holds {secret}; expected nothing secret" if secret else ""


def _weights_problem(path: Path, content: bytes) -> str:
    """What is wrong if the weights do not match their card; the app would refuse to start with them."""
    if path.suffix != ".safetensors":
        return ""
    card = path.with_suffix(".json")
    try:
        expected = load_json(card)["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"has no card; expected {card.name} beside it, with its weights_sha256"
    if hashlib.sha256(content).hexdigest() != expected:
        return "differs from the sha256 on its card; fetch the file again"
    return ""


def check_front_matter(root: Path = ROOT) -> dict[str, Any]:
    """The settings at the top of README.md, which a Space is configured by.

    Raises
    ------
    InputError
        If they are missing or not YAML, or if the Hub would refuse or misread one of them.
    """
    settings = _front_matter(read_text(root / "README.md"))
    if problems := list(_setting_problems(settings, root)):
        raise InputError(f"README.md's front matter cannot be used: {'; '.join(problems)}.")
    return settings


def _front_matter(text: str) -> dict[str, Any]:
    import yaml  # comes with huggingface_hub

    front = re.match(r"---\r?\n(.*?)^---\s*$", text, re.DOTALL | re.MULTILINE)
    if not front:
        raise InputError("README.md has no front matter; expected YAML between two lines of --- at its top.")
    try:
        settings = yaml.safe_load(front[1])
    except yaml.YAMLError as error:
        reason = str(getattr(error, "problem", None) or "it cannot be read")
        raise InputError(f"README.md's front matter is not YAML ({reason}); expected key: value.") from error
    if not isinstance(settings, dict):
        raise InputError(f"README.md's front matter is {settings!r}; expected lines of key: value.")
    return settings


def _setting_problems(settings: dict[str, Any], root: Path) -> Iterator[str]:
    for key in REQUIRED:
        if key not in settings:
            yield f"{key} is missing"
    for key in settings:
        if key not in KEYS:
            yield f"{key!r} is not a Space setting"
    for key in ("colorFrom", "colorTo"):
        if settings.get(key, COLOURS[0]) not in COLOURS:
            yield f"{key} is {settings[key]!r}, expected one of {', '.join(COLOURS)}"
    if settings.get("sdk", "gradio") != "gradio":
        yield f"sdk is {settings['sdk']!r}, expected 'gradio'"
    python = settings.get("python_version", "3.11")
    if not isinstance(python, str):  # unquoted, 3.10 is the number 3.1
        yield f"python_version is the number {python!r}, expected it in quotes"
    elif not re.fullmatch(r"3\.\d+(\.\d+)?", python):
        yield f"python_version is {python!r}, expected one like '3.11'"
    pin = _gradio_pin(root)
    if settings.get("sdk_version", pin) != pin:
        yield f"sdk_version is {settings['sdk_version']!r}, expected {pin!r} as in requirements.txt"
    app = settings.get("app_file", "app.py")
    if not isinstance(app, str) or not (root / app).is_file() or app not in UPLOADED:
        yield f"app_file is {app!r}, expected a file of the project"
    description = settings.get("short_description", "")
    if not isinstance(description, str) or len(description) > LONGEST_DESCRIPTION:
        yield f"short_description is {description!r}, expected at most {LONGEST_DESCRIPTION} characters"


def _gradio_pin(root: Path) -> str | None:
    pin = re.search(r"^gradio==(\S+)", read_text(root / "requirements.txt"), re.MULTILINE)
    return pin[1] if pin else None


def check_uploads(files: list[Upload]) -> None:
    """Raise InputError if any of these files must not go up as it is."""
    bad = [f"{file.path} {file.problem}" for file in files if file.problem]
    if bad:
        more = f" (and {len(bad) - 1} more of the {len(files)} files cannot go up)" if len(bad) > 1 else ""
        raise InputError(f"{bad[0]}{more}.")


def upload(repository: str, root: Path = ROOT) -> str:
    """Create the Space if it does not exist, and bring it up to date.

    Files that an earlier upload left in tpexplore/ and assets/ and that are gone here are deleted there.

    Parameters
    ----------
    repository : str
        "owner/name".
    root : Path
        The project's folder.

    Returns
    -------
    str
        Address of the Space.

    Raises
    ------
    InputError
        If anything is wrong with the files, the name or the token, or the Hub refuses; before the first
        three nothing is contacted.
    """
    import huggingface_hub

    repository = check_repository(repository)
    check_front_matter(root)
    files = uploads(root)
    check_uploads(files)
    if not huggingface_hub.get_token():
        raise InputError("No Hugging Face token was found; set HF_TOKEN or log in with `hf auth login`.")
    api = huggingface_hub.HfApi()
    try:
        address = api.create_repo(repository, repo_type="space", space_sdk="gradio", exist_ok=True)
        api.upload_folder(
            repo_id=repository,
            repo_type="space",
            folder_path=root,
            # Exactly the files that were checked, whatever appears beside them later.
            allow_patterns=[glob.escape(file.path) for file in files],
            delete_patterns=[f"{name}/*" for name in UPLOADED if (root / name).is_dir()],
            commit_message="Update the app",
        )
    except Exception as error:  # the client's own kinds, the HTTP library's, the disk's
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise InputError(f"{repository} could not be uploaded ({reason}).") from error
    return str(address)


def check_repository(name: str) -> str:
    """Return ``name``, or raise InputError unless it is "owner/name"."""
    if not _REPOSITORY.fullmatch(name):
        raise InputError(f"{name!r} is not the name of a Space; expected OWNER/NAME.")
    return name


def listing(files: list[Upload]) -> str:
    """The files as text: size, path and problem or hint; the last line is the sum."""
    lines = []
    for file in files:
        mark = f"  REFUSED: {file.problem}" if file.problem else f"  ({file.remark})" if file.remark else ""
        lines.append(f"{file.size:>12,}  {file.path}{mark}")
    total = sum(file.size for file in files)
    return "\n".join([*lines, f"{total:>12,}  bytes in {len(files)} files ({total / 1e6:.1f} MB)"])


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command for the project in ``root``; returns the exit code."""
    parser = OneSentenceParser(
        prog="python -m tpexplore.space", description="Upload the app to a Hugging Face Space."
    )
    parser.add_argument("repository", metavar="OWNER/NAME", help="the Space; created where there is none")
    parser.add_argument(
        "--dry-run", action="store_true", help="list what would go up, with sizes; contacts nothing"
    )
    args = parser.parse_args(arguments)

    def command() -> None:
        if args.dry_run:
            _dry_run(args.repository, root)
        else:
            address = upload(args.repository, root)
            print(f"The app is at {address}; the Space installs it now, which takes minutes.")

    return exit_code(command)


def _dry_run(repository: str, root: Path) -> None:
    check_repository(repository)
    files = uploads(root)
    print(listing(files))
    check_front_matter(root)
    check_uploads(files)
    print(f"Nothing was sent; without --dry-run this would go to huggingface.co/spaces/{repository}.")


if __name__ == "__main__":
    sys.exit(main())
