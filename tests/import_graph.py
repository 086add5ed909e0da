"""Which module imports which, read from the code: also inside functions, and for type checking only."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Graph = Mapping[str, set[str]]
"""Module -> what it imports: modules of its own tree by full name, others by the name of their package."""


def import_graph(root: Path, paths: Iterable[Path]) -> dict[str, set[str]]:
    """The imports of some files below ``root``."""
    modules = {_module_name(path.relative_to(root)): path for path in paths}
    return {
        name: {
            imported if imported in modules else imported.partition(".")[0]
            for imported in _imported(name, path, modules)
        }
        for name, path in modules.items()
    }


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, modules: Mapping[str, Path]) -> Iterable[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                yield submodule if submodule in modules else base


def find_cycle(graph: Graph) -> list[str]:
    """Modules that import one another in a circle, the first again at the end; [] where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []
