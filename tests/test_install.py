"""The wheel: everything the library needs is in it, and it runs from any folder without the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests import ROOT
from tests.import_graph import import_graph
from tpexplore.results.store import bundled_models

IN_CHECKOUT_ONLY = (".md", ".gitkeep")


def project_files(*folders: str) -> list[str]:
    """Paths of the project's files in these folders, relative to its top, without caches."""
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return [path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that what an earlier build left in the checkout cannot get in."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "setup.py", "requirements.txt", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for folder in ("tpexplore", "assets", "training"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(built)], cwd=source, capture_output=True, check=True)
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder that holds what pip would put into site-packages."""
    folder = wheel.parent / "site"
    ZipFile(wheel).extractall(folder)
    return folder


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Python in a folder with nothing in it; the wheel's content comes before anything else."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=installed.parent, env=environment, capture_output=True, text=True
    )


def test_all_files_of_the_library_are_in_the_wheel(wheel: Path) -> None:
    inside = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {name for name in project_files("tpexplore") if not name.endswith(IN_CHECKOUT_ONLY)}
    expected |= {f"tpexplore/{name}" for name in project_files("assets")}
    assert inside == expected


def test_the_wheel_names_its_command_and_all_it_imports(wheel: Path) -> None:
    content = ZipFile(wheel)
    (metadata,) = (name for name in content.namelist() if name.endswith(".dist-info/METADATA"))
    commands = content.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert "tpexplore = tpexplore.cli:main" in commands
    lines = message_from_bytes(content.read(metadata)).get_all("Requires-Dist")
    required = {_normal(re.match(r"[\w-]+", line)[0]) for line in lines}
    folders = ("tpexplore", "training")
    files = [ROOT / path for path in project_files(*folders) if path.endswith(".py")]
    imported = set().union(*import_graph(ROOT, files).values())
    modules = {name.partition(".")[0] for name in imported} - {*sys.stdlib_module_names, *folders}
    distributions = packages_distributions()
    for module in modules:
        assert {*map(_normal, distributions[module])} & required, (
            f"{module} is imported and not in requirements.txt"
        )


def test_runs_from_any_folder(installed: Path) -> None:
    # One process for two questions, as torch takes seconds to be imported.
    ask = "from tpexplore import __file__, cli; print(__file__); cli.main(['models', '--json'])"
    ran = run(installed, "-c", ask)
    where, listed = ran.stdout.split("\n", 1)
    assert where == str(installed / "tpexplore/__init__.py"), ran.stderr
    assert json.loads(listed) == json.loads(json.dumps(bundled_models())), ran.stderr
    clip = installed / "tpexplore/assets/examples/happy.wav"
    explored = run(installed, "-m", "tpexplore", "explore", str(clip), "--model", "ast-spc12", "--json")
    assert json.loads(explored.stdout)["model"]["name"] == "ast-spc12", explored.stderr
