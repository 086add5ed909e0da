"""The page's tabs, in their order."""

from __future__ import annotations

from types import ModuleType

from .tabs import (
    clusters,
    compare,
    explore,
    kendall,
    live,
    long_recording,
    own_data,
    paper,
    removal,
    stability,
    statistics,
)

WHY = {
    "kendall": ("Ranking", kendall),
    "clusters": ("Clusters", clusters),
    "statistics": ("Kept and dropped", statistics),
}
TABS = {
    "explore": ("Explore", explore),
    "removal": ("Remove", removal),
    "compare": ("Compare", compare),
    "why": ("Why", WHY),
    "stability": ("Robustness", stability),
    "long": ("Long recording", long_recording),
    "live": ("Live", live),
    "own": ("My data", own_data),
    "paper": ("Paper", paper),
}
"""Tabs in their order: id -> label and module, or label and the tabs behind an inner switch."""
ALIASES = {"remove": "removal", "why": "kendall", "robustness": "stability", "data": "own"}
"""Further names of tabs in links."""


def places() -> dict[str, ModuleType]:
    """All tabs that can be open, id -> module, including those behind inner switches."""
    modules = {}
    for id, (_, content) in TABS.items():
        inner = content if isinstance(content, dict) else {id: ("", content)}
        modules |= {id: module for id, (_, module) in inner.items()}
    return modules
