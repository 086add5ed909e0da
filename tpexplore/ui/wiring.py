"""Which event of the page calls what, see `page.Page`."""

from __future__ import annotations

from functools import partial

import gradio as gr

from tpexplore.checkpoints.bundled import example_clips

from . import link, own_model
from .events import AT_ONCE, BROWSER_ONLY, HIDDEN, MODEL_QUEUE, QUIET
from .page import Page, last_of
from .pane import Group, Pane
from .picking import pick_script
from .tabs import PAGE_STATE


def wire(page: Page, opener: gr.HTML) -> None:
    """Connect the events; ``opener`` reads and writes the address."""
    chosen = page.chosen
    panes = page.panes.values()
    handles = {pane.id: pane.handle for pane in (*page.groups.values(), *panes)}
    own = {name: setting for name, setting in page.settings.items() if name not in page.shared}
    link.note_tabs(handles, own)
    inputs = [*chosen.request, page.shown, page.open]
    reads = []
    for pane in panes:
        reads.append(pane.js(len(inputs)))
        inputs += pane.tab.inputs
    fill = {
        "inputs": inputs,
        "js": _in_turn(reads),
        "show_progress_on": [chosen.status],
        "trigger_mode": "multiple",
        **MODEL_QUEUE,
        **HIDDEN,
    }
    # Two events for one change: a generator's answer can be lost while Gradio still builds a tab that was
    # just opened. So only the tab that is filled in steps, which is built from the start, uses a generator.
    # Each event lists only the outputs that it fills, because the first answer to a state counts as a
    # change of it.
    about = [chosen.status, chosen.sound, page.shown]
    by_growth = {True: list(about), False: list(about)}
    for pane in panes:
        by_growth[pane.grows] += pane.outputs
    growing = page.request_number.change(page.on_change_growing, outputs=by_growth[True], **fill)
    whole = growing.then(page.on_change_whole, outputs=by_growth[False], **fill)
    whole.then(None, js=link.OPENED, **HIDDEN)
    # A new request cancels the user's previous one.
    ask = {"cancels": [growing, whole], **QUIET}
    # The boards pass values through components, because Gradio does not check an event's own data.
    chosen.menu.choose(
        None,
        None,
        [chosen.model, page.request_number],
        js="() => [globalThis.tpModel, Math.random()]",
        **ask,
    )
    for pane in panes:
        if pane.tab.again:
            pane.tab.again(None, None, page.request_number, js="() => Math.random()", **ask)
    chosen.sound.move(
        None,
        None,
        [chosen.start, page.request_number],
        js="() => [globalThis.tpStart, Math.random()]",
        **ask,
    )
    # A new clip starts at its loudest part, whatever was chosen for the one before.
    chosen.sound.clip(
        None,
        None,
        [chosen.clip, page.request_number, chosen.start],
        js="() => [globalThis.tpClip, Math.random(), null]",
        **ask,
    )
    chosen.picks.click(
        None,
        [chosen.picks, chosen.model],
        [chosen.clip, chosen.model, chosen.start, page.request_number],
        js=pick_script(example_clips(), list(page.choices.values())),
        **ask,
    )
    # Back or Forward to another sound or model: a server's answer could overwrite the user's next choice.
    opener.show(
        None,
        None,
        [*chosen.request, page.request_number],
        js="() => { const { clip, model, start } = globalThis.tpPlace;"
        " return [clip, model, start, Math.random()]; }",
        **ask,
    )
    for pane in panes:
        _wire_pane(page, pane)
        if pane.tab.pick:
            place = [chosen.start, page.tabs, page.open, page.request_number]
            pane.tab.pick(page.on_place, None, place, **QUIET)
    for group in dict.fromkeys(page.groups.values()):
        _wire_group(page, group)
    _wire_link(page, opener)


def wire_own_model(page: Page, own: own_model.OwnModel) -> None:
    """Connect the field for the user's own model: a loaded model is added to the menu and chosen."""
    loaded = gr.on(
        [own.load.click, own.source.submit],
        page.on_own_model,
        [own.source, page.own_models],
        [own.status, page.chosen.model, page.chosen.menu, own.used, page.own_models],
        show_progress_on=[own.status],
        **MODEL_QUEUE,
        **HIDDEN,
    )
    # A generator's answer does not trigger a change event, so the page sends the request itself.
    ask = "(number, problem) => (problem ? number : Math.random())"
    loaded.then(
        None,
        [page.request_number, own.status],
        page.request_number,
        js=ask,
        **QUIET,
    )


def _wire_link(page: Page, opener: gr.HTML) -> None:
    """Open the view in the address, and report the chosen clip and model."""
    chosen = page.chosen
    settings = [setting.component for setting in page.settings.values() if setting.component]
    opener.open(
        page.on_link,
        [chosen.clip, chosen.model, page.shown, page.inside],
        [
            *(*chosen.request, page.tabs, page.open, page.shown, page.request_number, page.inside),
            *(group.switch for group in dict.fromkeys(page.groups.values())),
            *settings,
        ],
        # A person's own sound or model that Back leads to: the browser alone remembers it.
        js="(clip, model, ...rest) =>"
        " [globalThis.tpPlace?.clip ?? clip, globalThis.tpPlace?.model ?? model, ...rest]",
        **QUIET,
    )
    link.note_choice(chosen)


def _wire_pane(page: Page, pane: Pane) -> None:
    inputs = [*page.chosen.request, page.shown, *pane.tab.inputs]
    fills = {
        "inputs": inputs,
        "outputs": [page.chosen.status, page.shown, *pane.outputs],
        **MODEL_QUEUE,
        **HIDDEN,
    }
    group = page.groups.get(pane.id)
    # Before the tab is filled: Gradio runs an event's listeners one after the other, each to its end.
    for component, name in pane.tab.page.items():
        show = f"() => {PAGE_STATE[name]}"
        opens = [tab.handle.select for tab in (pane, group) if tab]
        gr.on(opens, js=show, outputs=component, **BROWSER_ONLY)
        change = f"(value) => {{ globalThis.tpPage.set({{ {name}: value }}); return []; }}"
        component.input(js=change, inputs=component, **BROWSER_ONLY)

    def note(inside):
        return pane.id, {**inside, group.id: pane.id} if group else inside

    # Noted at once, not in the queue: the clip may change before this tab's turn has come.
    noted = [page.open, page.inside]
    pane.handle.select(note, page.inside, noted, **AT_ONCE)
    js = pane.js(len(inputs) - len(pane.tab.inputs))
    on_open = page.on_open if pane.grows else last_of(page.on_open)
    pane.handle.select(partial(on_open, pane.id), js=js, show_progress_on=[pane.line], **fills)
    settings = [component for component in pane.tab.inputs if component not in pane.tab.read]
    if settings:
        gr.on(
            [component.input for component in settings],
            partial(last_of(page.on_setting), pane.id),
            show_progress="minimal",
            show_progress_on=[pane.line],
            trigger_mode="always_last",
            **fills,
        )


def _wire_group(page: Page, group: Group) -> None:
    """Opening the tab opens the last tab behind its inner switch, because the switch sends no event then."""
    select = group.handle.select
    select(lambda inside: inside[group.id], page.inside, page.open, **AT_ONCE)
    inputs, reads = [*page.chosen.request, page.shown, page.inside], []
    for pane in group.panes:
        reads.append(pane.js(len(inputs)))
        inputs += pane.tab.inputs
    select(
        partial(last_of(page.on_open_group), group),
        inputs,
        [page.chosen.status, page.shown, *(output for pane in group.panes for output in pane.outputs)],
        js=_in_turn(reads),
        show_progress_on=[pane.line for pane in group.panes],
        **MODEL_QUEUE,
        **HIDDEN,
    )


def _in_turn(scripts: list[str]) -> str:
    """A script that passes an event's values through all of these."""
    return f"(...values) => [{', '.join(scripts)}].reduce((passed, script) => script(...passed), values)"
