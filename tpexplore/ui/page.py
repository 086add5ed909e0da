"""What happens on the page: the state it keeps, and the answers to its events."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from random import random

import gradio as gr

from tpexplore.checkpoints.bundled import example_clips
from tpexplore.signal.checks import check_seconds

from . import controls, link, own_model
from .choices import ModelChoice, check_request
from .clips import excerpt_of
from .controls import Controls
from .pane import Group, Pane, request_key
from .problems import sentence_for


class Page:
    """What happens when a tab is opened, and when clip, model or a tab's settings change.

    Only the open tab computes. ``shown`` holds the request that each tab was filled for, so that a tab
    opened again is not computed again. `wiring` connects the events.
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
        # A request may name the menu's models and any model that someone has loaded. A visitor's menu
        # offers only the models that they loaded themselves.
        self.choices = {choice.source: choice for choice in choices}
        self.offered = tuple(choices)
        self.own_models = gr.State(())
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
        # A new number for every request of a clip, start or model. It is random, because two simultaneous
        # choices would count up to the same number, and the second would not be a change. It is a hidden
        # part of the page, because only such components report a change without a trip to the server.
        self.request_number = gr.Number(0, visible="hidden", elem_id="request-number")

    def on_own_model(self, text, own_models, progress=gr.Progress(track_tqdm=True)):  # noqa: B008
        """The user has typed a model of their own."""
        try:
            for sentence, choice in own_model.loading(text):
                if choice is None:
                    yield html.escape(sentence), *[gr.skip()] * 4
        except Exception as error:
            yield html.escape(sentence_for(error, None)), *[gr.skip()] * 4
            return
        self.choices.setdefault(choice.source, choice)
        if choice not in (*own_models, *self.offered):
            own_models = (choice, *own_models)
        menu = [*own_models, *self.offered]
        chosen = gr.update(choices=[(one.label, one.source) for one in menu], value=choice.source)
        yield "", chosen, controls.menu_value(menu), own_model.about(choice), own_models

    def on_link(self, own_path, own_source, shown, inside, event: gr.EventData):
        """A link, Back or Forward leads to another view than the one shown."""
        place = link.read_place(
            event._data, list(self.choices.values()), example_clips(), list(self.panes), self.settings
        )
        if isinstance(event._data, dict) and event._data.get("same"):
            # Back or Forward to another tab: it is filled by `on_open`, if it has to be.
            return self._selecting(place.tab, inside)
        path, source = place.path or own_path, place.source or own_source
        opened = dict(zip(self.chosen.request, (path, source, place.start), strict=True))
        opened |= self._selecting(place.tab, inside)
        if place.tab != next(iter(self.panes)):
            # `on_change` fills that tab, so `on_open` must not fill it again.
            shown = {**shown, place.tab: request_key(path, self.choices.get(source), place.start)}
        opened |= {self.settings[name].component: value for name, value in place.settings.items()}
        return {**opened, self.open: place.tab, self.shown: shown, self.request_number: random()}

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

    def on_place(self, event: gr.EventData):
        """A tab's picture chose a place in the clip: the first tab shows it."""
        first = next(iter(self.panes))
        return check_seconds(event._data, "The start"), gr.Tabs(selected=first), first, random()

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
        return last_of(self.on_change)(*request)

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


def last_of(answers: Callable[..., Iterator[dict]]) -> Callable[..., dict]:
    """Only the last of the answers."""

    def last(*request):
        *_, answer = answers(*request)
        return answer

    return last
