"""Imports go one way: app, page, studies, model, signal; never in a circle; Gradio stays in the page."""

from __future__ import annotations

import pytest

from tests import ROOT
from tests.import_graph import find_cycle, import_graph

LAYERS = ("signal", "model", "stats", "checkpoints", "study", "figures", "results", "ui", "commands")
"""The packages of tpexplore: each imports only those before it. The README lists them the other way round."""
SHARED = (
    *("command_line", "errors", "interrupts", "locking", "numbers"),
    *("text", "threads", "torchrun", "writing"),
)
"""Modules beside the packages that any of them may import, and that import no package."""


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    folders = ("tpexplore", "training")
    return import_graph(
        ROOT, [ROOT / "app.py", *(path for folder in folders for path in ROOT.glob(f"{folder}/**/*.py"))]
    )


def part_of(module: str) -> str:
    """The package of tpexplore, or the module beside the packages, that a module belongs to."""
    return module.split(".")[1] if module.startswith("tpexplore.") else ""


def test_no_module_imports_itself_by_way_of_others(graph):
    assert not find_cycle(graph)


def test_a_package_imports_only_those_below_it(graph):
    for module, imported in graph.items():
        if part_of(module) in LAYERS:
            below = {*LAYERS[: LAYERS.index(part_of(module)) + 1], *SHARED, ""}
            assert not {other for other in imported if part_of(other) not in below}, module
        if part_of(module) in SHARED:
            assert not {other for other in imported if part_of(other) in LAYERS}, module


def test_the_library_knows_neither_training_nor_the_app(graph):
    for module, imported in graph.items():
        if module.startswith("tpexplore"):
            assert not {other for other in imported if other.split(".")[0] in ("training", "app")}, module
        if module.startswith("training"):
            assert "app" not in imported and "ui" not in map(part_of, imported), module


def test_gradio_stays_in_the_page(graph):
    users = {module for module, imported in graph.items() if "gradio" in imported}
    assert users
    assert not {module for module in users if module != "app" and part_of(module) != "ui"}


# The reader itself


@pytest.mark.parametrize(
    "import_line",
    [
        "from house.a import x",
        "import house.a",
        "from . import a",
        "from .a import x",
        "def f():\n    from house import a",
        "if TYPE_CHECKING:\n    from house.a import x",
    ],
)
def test_every_way_to_import_closes_a_circle(tmp_path, import_line):
    (tmp_path / "house").mkdir()
    files = {"__init__": "", "a": "from house.b import y", "b": "from ..house import c", "c": import_line}
    for name, text in files.items():
        (tmp_path / f"house/{name}.py").write_text(text)
    graph = import_graph(tmp_path, tmp_path.glob("**/*.py"))
    assert set(find_cycle(graph)) == {"house.a", "house.b", "house.c"}
    (tmp_path / "house/c.py").write_text("import numpy.linalg")
    graph = import_graph(tmp_path, tmp_path.glob("**/*.py"))
    assert graph["house.c"] == {"numpy"} and not find_cycle(graph)
