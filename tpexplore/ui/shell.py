"""The page: clip and model in a bar on top, tabs below, and what happens when either changes."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import gradio as gr

from tpexplore.checkpoints.bundled import example_clips
from tpexplore.errors import InputError
from tpexplore.signal.checks import check_seconds

from . import controls, endpoints, link, own_model
from .choices import NO_CLIP, NO_MODEL, ModelChoice, check_request, fitting_source
from .clips import clip_name, excerpt_of
from .controls import Controls
from .tabs import (
    PAGE_STATE,
    Tab,
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

log = logging.getLogger(__name__)

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
"""Further names that a link may call a tab by."""


def places() -> dict[str, ModuleType]:
    """Everything that can be open, id -> module: tabs, and what is behind their inner switches."""
    modules = {}
    for id, (_, content) in TABS.items():
        inner = content if isinstance(content, dict) else {id: ("", content)}
        modules |= {id: module for id, (_, module) in inner.items()}
    return modules


# One analysis at a time, whatever asks for it: the cores are few.
QUEUED = {"concurrency_limit": 1, "concurrency_id": "model"}
HIDDEN = {"api_visibility": "private"}
_BROWSER_ONLY = {"fn": None, "queue": False, "show_progress": "hidden", **HIDDEN}


def build(choices: list[ModelChoice]) -> None:
    """Lay out the page inside the current `gr.Blocks`.

    Parameters
    ----------
    choices : list of ModelChoice
        Models to choose from; the first one analyses the first example while the page is built.
    """
    examples = example_clips()
    problem = NO_MODEL if not choices else NO_CLIP if not examples else ""
    offers_own = own_model.is_offered()
    with gr.Column(elem_id="page"):
        with gr.Column(elem_id="controls"):
            chosen = controls.build(choices, examples, problem, offers_own)
            own = own_model.build() if offers_own else None
        with gr.Column(elem_id="left"), gr.Tabs(overflow_behavior="wrap") as tabs:
            panes, groups = [], []
            for id, (label, content) in TABS.items():
                if isinstance(content, dict):
                    groups.append(Group(id, label, content, choices))
                    panes += groups[-1].panes
                else:
                    panes.append(Pane(id, label, content, choices))
    settings = [component.value for component in panes[0].tab.inputs]
    first = panes[0].key(examples[0].path, choices[0], None, settings) if not problem else None
    page = Page(tabs, panes, chosen, choices, first, groups)
    page.wire()
    if own:
        page.wire_own_model(own)
    inside = {group.id: [pane.id for pane in group.panes] for group in groups}
    names = link.TabNames([pane.id for pane in panes], inside, ALIASES)
    page.wire_link(link.create_link(choices, examples, names, page.settings, page.shared, offers_own))
    endpoints.build(choices)


class Pane:
    """A tab, and what the page adds to it: a line that says what is shown, or why nothing is.

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
        """What a tab was filled for: filled once, it is not filled again for the same."""
        inputs = zip(self.tab.inputs, settings, strict=False)  # a link to the tab names none
        components = {*self.tab.page, *self.tab.request}
        shared = [value for component, value in inputs if component in components]
        return (*_key(path, choice, start), *shared)

    @property
    def outputs(self) -> list[Any]:
        """Everything that `fill` may change."""
        return [self.line, self.content, *self.tab.outputs]

    def fill(
        self, path: str | None, choice: ModelChoice | None, start: float | None, settings: list
    ) -> Iterator[tuple[dict, str, bool]]:
        """What the tab shows of a clip, component -> value; what is wrong, if anything is; whether it is all.

        Each set of values stands for itself: a browser that is behind leaves out all but the last.
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
        line = _problem_html(problem) if problem else about
        return {self.line: line, self.content: gr.update(visible=not problem)}

    def js(self, at: int) -> str:
        """A script that reads what the tab's picture shows into the settings, which begin at input ``at``."""
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


class Page:
    """What happens when a tab is opened, and when clip, model or a tab's settings change.

    Only the open tab computes. ``shown`` remembers for which request each tab was filled, so that a tab
    opened again is not computed again.
    """

    def __init__(
        self,
        tabs: gr.Tabs,
        panes: list[Pane],
        chosen: Controls,
        choices: list[ModelChoice],
        first: tuple | None = None,
        groups: Sequence[Group] = (),
    ):
        self.tabs = tabs
        self.panes = {pane.id: pane for pane in panes}
        self.groups = {pane.id: group for group in groups for pane in group.panes}
        self.inside = gr.State({group.id: group.panes[0].id for group in groups})
        self.chosen = chosen
        self.choices = {choice.source: choice for choice in choices}
        self.settings = {
            f"{pane.id}.{name}": setting for pane in panes for name, setting in pane.tab.link.items()
        }
        self.shared = {
            f"{pane.id}.{name}": part
            for pane in panes
            for name, setting in pane.tab.link.items()
            if (part := pane.tab.page.get(setting.component) or setting.page)
        }
        self.open = gr.State(panes[0].id)
        self.shown = gr.State({panes[0].id: first} if first else {})
        # How often another clip, start or model was asked for. In the page, though not to be seen: only
        # what is there tells of its change, without a trip to the server.
        self.request_count = gr.Number(0, visible="hidden", elem_id="request-count")

    def wire(self) -> None:
        """Connect the events."""
        chosen = self.chosen
        panes = self.panes.values()
        inputs = [*chosen.request, self.shown, self.open]
        reads = []
        for pane in panes:
            reads.append(pane.js(len(inputs)))
            inputs += pane.tab.inputs
        fill = {
            "inputs": inputs,
            "js": _in_turn(reads),
            "show_progress_on": [chosen.status],
            "trigger_mode": "multiple",
            **QUEUED,
            **HIDDEN,
        }
        # Two events for one change: what a generator answers can be lost while Gradio still builds a tab that
        # was just opened, so only the tab that grows, which is built from the start, is filled by one.
        # Each names no more outputs than it fills: the first answer to a state counts as a change of it.
        about = [chosen.status, chosen.sound, self.shown]
        by_growth = {True: list(about), False: list(about)}
        for pane in panes:
            by_growth[pane.grows] += pane.outputs
        growing = self.request_count.change(self.on_change_growing, outputs=by_growth[True], **fill)
        whole = growing.then(self.on_change_whole, outputs=by_growth[False], **fill)
        whole.then(None, js=link.OPENED, **HIDDEN)
        # Whoever asks for something else does not wait for what they asked for before.
        ask = {"cancels": [growing, whole], "show_progress": "hidden", **HIDDEN}
        # What the boards hand over stands in the page: what an event carries along is not checked by Gradio.
        chosen.menu.choose(
            None,
            self.request_count,
            [chosen.model, self.request_count],
            js="(count) => [globalThis.tpModel, count + 1]",
            **ask,
        )
        for pane in panes:
            if pane.tab.again:
                pane.tab.again(None, self.request_count, self.request_count, js="(count) => count + 1", **ask)
        chosen.sound.move(
            None,
            self.request_count,
            [chosen.start, self.request_count],
            js="(count) => [globalThis.tpStart, count + 1]",
            **ask,
        )
        # A new clip starts at its loudest part, whatever was chosen for the one before.
        chosen.sound.clip(
            None,
            self.request_count,
            [chosen.clip, self.request_count, chosen.start],
            js="(count) => [globalThis.tpClip, count + 1, null]",
            **ask,
        )
        chosen.picks.click(
            self.on_pick,
            [chosen.picks, chosen.model, self.request_count],
            [chosen.clip, chosen.model, chosen.start, self.request_count],
            **ask,
        )
        for pane in panes:
            self._wire_pane(pane)
            if pane.tab.pick:
                place = [chosen.start, self.tabs, self.open, self.request_count]
                pane.tab.pick(self.on_place, self.request_count, place, show_progress="hidden", **HIDDEN)
        for group in dict.fromkeys(self.groups.values()):
            self._wire_group(group)

    def wire_own_model(self, own: own_model.OwnModel) -> None:
        """Connect the field for a person's own model: what is loaded there joins the menu, and is chosen."""
        loaded = gr.on(
            [own.load.click, own.source.submit],
            self.on_own_model,
            own.source,
            [own.status, self.chosen.model, self.chosen.menu, own.used],
            show_progress_on=[own.status],
            **QUEUED,
            **HIDDEN,
        )
        # What a generator answers tells of no change, so the page asks by itself.
        ask = "(count, problem) => (problem ? count : count + 1)"
        loaded.then(
            None,
            [self.request_count, own.status],
            self.request_count,
            js=ask,
            show_progress="hidden",
            **HIDDEN,
        )

    def on_own_model(self, text, progress=gr.Progress(track_tqdm=True)):  # noqa: B008
        """A person names a model of their own."""
        try:
            for sentence, choice in own_model.loading(text):
                if choice is None:
                    yield html.escape(sentence), gr.skip(), gr.skip(), gr.skip()
        except Exception as error:
            yield html.escape(sentence_for(error, None)), gr.skip(), gr.skip(), gr.skip()
            return
        menu = [(entry.label, entry.source) for entry in self.choices.values()]
        self.choices.setdefault(choice.source, choice)
        if (choice.label, choice.source) not in menu:
            menu.insert(0, (choice.label, choice.source))
        offered = [self.choices[source] for _, source in menu]
        chosen = gr.update(choices=menu, value=choice.source)
        yield "", chosen, controls.menu_value(offered), own_model.about(choice)

    def wire_link(self, opener: gr.HTML) -> None:
        """Connect the link: it opens what the address names, and says what is chosen."""
        chosen = self.chosen
        settings = [setting.component for setting in self.settings.values() if setting.component]
        opener.open(
            self.on_link,
            [self.shown, self.request_count, self.inside],
            [
                *(*chosen.request, self.tabs, self.open, self.shown, self.request_count, self.inside),
                *(group.switch for group in dict.fromkeys(self.groups.values())),
                *settings,
            ],
            show_progress="hidden",
            **HIDDEN,
        )
        handles = {pane.id: pane.handle for pane in (*self.groups.values(), *self.panes.values())}
        own = {name: setting for name, setting in self.settings.items() if name not in self.shared}
        link.note(chosen, handles, own)

    def on_link(self, shown, count, inside, event: gr.EventData):
        """The page was opened by a link that names something else than what it was built with."""
        place = link.read_place(
            event._data, list(self.choices.values()), example_clips(), list(self.panes), self.settings
        )
        if isinstance(event._data, dict) and event._data.get("same"):
            # Back or Forward to another tab: it is filled by `on_open`, if it has to be.
            return self._selecting(place.tab, inside)
        opened = dict(zip(self.chosen.request, (place.path, place.source, place.start), strict=True))
        opened |= self._selecting(place.tab, inside)
        if place.tab != next(iter(self.panes)):
            # That tab is filled by `on_change`; when it opens, there is nothing left for `on_open` to do.
            shown = {**shown, place.tab: _key(place.path, self.choices.get(place.source), place.start)}
        opened |= {self.settings[name].component: value for name, value in place.settings.items()}
        return {**opened, self.open: place.tab, self.shown: shown, self.request_count: count + 1}

    def _wire_pane(self, pane: Pane) -> None:
        inputs = [*self.chosen.request, self.shown, *pane.tab.inputs]
        fills = {
            "inputs": inputs,
            "outputs": [self.chosen.status, self.shown, *pane.outputs],
            **QUEUED,
            **HIDDEN,
        }
        group = self.groups.get(pane.id)

        def note(inside):
            return pane.id, {**inside, group.id: pane.id} if group else inside

        # Noted at once, not in the queue: the clip may change before this tab's turn has come.
        noted = [self.open, self.inside]
        pane.handle.select(note, self.inside, noted, queue=False, show_progress="hidden", **HIDDEN)
        js = pane.js(len(inputs) - len(pane.tab.inputs))
        on_open = self.on_open if pane.grows else _whole(self.on_open)
        pane.handle.select(partial(on_open, pane.id), js=js, show_progress_on=[pane.line], **fills)
        for component, name in pane.tab.page.items():
            show = f"() => {PAGE_STATE[name]}"
            opens = [tab.handle.select for tab in (pane, group) if tab]
            gr.on(opens, js=show, outputs=component, **_BROWSER_ONLY)
            change = f"(value) => {{ globalThis.tpPage.set({{ {name}: value }}); return []; }}"
            component.input(js=change, inputs=component, **_BROWSER_ONLY)
        settings = [component for component in pane.tab.inputs if component not in pane.tab.read]
        if settings:
            gr.on(
                [component.input for component in settings],
                partial(_whole(self.on_setting), pane.id),
                show_progress="minimal",
                show_progress_on=[pane.line],
                trigger_mode="always_last",
                **fills,
            )

    def _wire_group(self, group: Group) -> None:
        """Opening the tab opens what was last seen behind its inner switch, which is silent then."""
        select = group.handle.select
        quiet = {"queue": False, "show_progress": "hidden", **HIDDEN}
        select(lambda inside: inside[group.id], self.inside, self.open, **quiet)
        inputs, reads = [*self.chosen.request, self.shown, self.inside], []
        for pane in group.panes:
            reads.append(pane.js(len(inputs)))
            inputs += pane.tab.inputs
        select(
            partial(_whole(self.on_open_group), group),
            inputs,
            [self.chosen.status, self.shown, *(output for pane in group.panes for output in pane.outputs)],
            js=_in_turn(reads),
            show_progress_on=[pane.line for pane in group.panes],
            **QUEUED,
            **HIDDEN,
        )

    def on_open_group(self, group, path, source, start, shown, inside, *settings):
        """A tab with an inner switch was opened again: as `on_open` for what the switch shows."""
        for pane in group.panes:
            own, settings = settings[: len(pane.tab.inputs)], settings[len(pane.tab.inputs) :]
            if pane.id == inside[group.id]:
                yield from self.on_open(pane.id, path, source, start, shown, *own)

    def _selecting(self, id: str, inside: dict) -> dict:
        """What shows a tab, and behind an inner switch the right part of it."""
        group = self.groups.get(id)
        if group is None:
            return {self.tabs: gr.Tabs(selected=id)}
        return {
            self.tabs: gr.Tabs(selected=group.id),
            group.switch: gr.Tabs(selected=id),
            self.inside: {**inside, group.id: id},
        }

    def on_pick(self, index, source, count):
        """An example: with the chosen model, or one that knows what is in it."""
        example = example_clips()[index]
        return (
            str(example.path),
            fitting_source(source, example, list(self.choices.values())),
            None,
            count + 1,
        )

    def on_place(self, count, event: gr.EventData):
        """A tab's picture chose a place in the clip: the first tab shows it."""
        first = next(iter(self.panes))
        return check_seconds(event._data, "The start"), gr.Tabs(selected=first), first, count + 1

    def on_change(self, path, source, start, shown, open_id, *settings, progress=gr.Progress()):  # noqa: B008
        """Another clip, start or model: check it, and fill the open tab."""
        choice = self.choices.get(source)
        try:
            check_request(path, choice)
            progress(None, desc="Analysing")
            excerpt_of(path, choice, start)
            status = {self.chosen.status: "", self.chosen.sound: controls.sound_value(path, choice, start)}
        except Exception as error:
            status = {self.chosen.status: html.escape(sentence_for(error, path))}
        own = []
        for pane in self.panes.values():
            count = len(pane.tab.inputs)
            if pane.id == open_id:
                own = list(settings[:count])
            settings = settings[count:]
        for filled in self._filled(open_id, path, source, start, shown, own):
            yield {**status, **filled}

    def on_change_growing(self, *request):
        """`on_change`, where the open tab grows."""
        if self.panes[request[len(self.chosen.request) + 1]].grows:
            yield from self.on_change(*request)
        else:
            yield {self.shown: gr.skip()}

    def on_change_whole(self, *request):
        """`on_change`, where the open tab is filled at once."""
        if self.panes[request[len(self.chosen.request) + 1]].grows:
            return {self.shown: gr.skip()}
        return _whole(self.on_change)(*request)

    def on_open(self, id, path, source, start, shown, *settings, progress=gr.Progress()):  # noqa: B008
        """A tab was opened: fill it, unless it shows this request already."""
        key = self.panes[id].key(path, self.choices.get(source), start, settings)
        if shown.get(id) in (key, key[:3]):  # the second where a link opened it
            yield {self.shown: gr.skip()}
            return
        progress(None, desc="Computing")
        yield from self._filled(id, path, source, start, shown, settings)

    def on_setting(self, id, path, source, start, shown, *settings):
        """One of a tab's own settings changed."""
        yield from self._filled(id, path, source, start, shown, settings)

    def _filled(self, id, path, source, start, shown, settings) -> Iterator[dict]:
        choice = self.choices.get(source)
        pane = self.panes[id]
        for filled, problem, whole in pane.fill(path, choice, start, list(settings)):
            if pane.keeps and problem:
                filled[self.chosen.status] = html.escape(problem)
            key = pane.key(path, choice, start, settings) if whole else None
            # What fails, or is cancelled half way, is tried again when the tab is next opened.
            yield {self.shown: {**shown, id: key}, **filled}


def _whole(answers: Callable[..., Iterator[dict]]) -> Callable[..., dict]:
    """Only the last of the answers."""

    def last(*request):
        *_, answer = answers(*request)
        return answer

    return last


def _in_turn(scripts: list[str]) -> str:
    """A script that passes an event's values through all of these."""
    return f"(...values) => [{', '.join(scripts)}].reduce((passed, script) => script(...passed), values)"


def sentence_for(error: Exception, path: str | None) -> str:
    """The sentence about an error that the page shows; one that nobody foresaw goes to the log in full."""
    if isinstance(error, InputError):
        return str(error)
    log.error("analysing %s failed", path, exc_info=error)
    return f"{clip_name(path) if path else 'This'} could not be analysed; the app's log says why."


def _problem_html(sentence: str) -> str:
    return f'<p class="message" role="alert">{html.escape(sentence)}</p>'


def _about(path: str | None, choice: ModelChoice | None) -> str:
    parts = [clip_name(path)] if path else []
    parts += [choice.label] if choice else []
    return f'<p class="about">{html.escape(" · ".join(parts))}</p>'


def _key(path: Any, choice: ModelChoice | None, start: float | None) -> tuple:
    return str(path), choice, start
