"""A tab in the page, and the groups that tabs stand in."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import gradio as gr

from .choices import ModelChoice
from .clips import clip_name
from .problems import problem_html, sentence_for
from .tabs import PAGE_STATE, Tab, explore


class Pane:
    """A tab, plus a line that says what is shown, or why nothing is shown.

    Two kinds of tab go without the line: the Explore tab, whose viewer names its clip and keeps it until
    there is another, and one that shows no clip, which has no outputs.
    """

    def __init__(self, id: str, label: str, module: ModuleType, choices: list[ModelChoice]):
        self.id = id
        explores = module is explore
        with gr.Tab(label, id=id, elem_id=f"{id}-tab", render_children=explores) as self.handle:
            self.line = gr.HTML(elem_id=f"{id}-line", elem_classes="message-box")
            with gr.Column(elem_id=f"{id}-content") as self.content:
                self.tab: Tab = module.build(choices)
        shared = {component: PAGE_STATE[name] for component, name in self.tab.page.items()}
        self.reads = self.tab.read | shared
        self.keeps = explores or not self.tab.outputs
        self.grows = explores
        self.line.visible, self.content.visible = not self.keeps, self.keeps

    def key(self, path: Any, choice: ModelChoice | None, start: float | None, settings: Sequence) -> tuple:
        """The key of a request; a tab is not filled again for the same key."""
        inputs = zip(self.tab.inputs, settings, strict=False)  # a link to the tab names none
        components = {*self.tab.page, *self.tab.request}
        shared = [value for component, value in inputs if component in components]
        return (*request_key(path, choice, start), *shared)

    @property
    def outputs(self) -> list[Any]:
        """Everything that `fill` may change."""
        return [self.line, self.content, *self.tab.outputs]

    def fill(
        self, path: str | None, choice: ModelChoice | None, start: float | None, settings: list
    ) -> Iterator[tuple[dict, str, bool]]:
        """Yields the tab's values for a clip (component -> value), any problem, whether it is complete.

        Each set of values is complete in itself: a slow browser skips all but the last.
        """
        try:
            refreshed = self.tab.refresh(path, choice, start, *settings)
            grows = isinstance(refreshed, Iterator)
            for values in refreshed if grows else [refreshed]:
                shown = dict(zip(self.tab.outputs, values, strict=True)) | self._status_line(path, choice, "")
                yield shown, "", not grows
            if grows:
                yield shown, "", True
        except Exception as error:
            problem = sentence_for(error, path)
            yield self._status_line(path, choice, problem), problem, False

    def _status_line(self, path: str | None, choice: ModelChoice | None, problem: str) -> dict:
        if self.keeps:
            return {}
        about = _about(path if self.tab.hears_clip else None, None if self.tab.own_models else choice)
        line = problem_html(problem) if problem else about
        return {self.line: line, self.content: gr.update(visible=not problem)}

    def js(self, at: int) -> str:
        """A script that copies the state of the tab's picture into the settings, from input ``at`` on."""
        reads = [
            f"values[{at + i}] = {self.reads[component]};"
            for i, component in enumerate(self.tab.inputs)
            if component in self.reads
        ]
        return f"(...values) => {{ {' '.join(reads)} return values; }}"


class Group:
    """A tab that holds others, one question each, behind an inner switch."""

    def __init__(self, id: str, label: str, content: dict[str, tuple], choices: list[ModelChoice]):
        self.id = id
        with (
            gr.Tab(label, id=id, elem_id=f"{id}-tab", render_children=False) as self.handle,
            gr.Tabs(elem_id=f"{id}-switch", overflow_behavior="wrap") as self.switch,
        ):
            self.panes = [Pane(inner, name, module, choices) for inner, (name, module) in content.items()]


def _about(path: str | None, choice: ModelChoice | None) -> str:
    parts = [clip_name(path)] if path else []
    parts += [choice.label] if choice else []
    return f'<p class="about">{html.escape(" · ".join(parts))}</p>'


def request_key(path: Any, choice: ModelChoice | None, start: float | None) -> tuple:
    """The key of a request without the tab's own settings."""
    return str(path), choice, start
