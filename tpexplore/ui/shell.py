"""The page: clip and model in a bar on top, tabs below."""

from __future__ import annotations

import gradio as gr

from tpexplore.checkpoints.bundled import example_clips

from . import controls, endpoints, link, own_model
from .choices import NO_CLIP, NO_MODEL, ModelChoice
from .page import Page
from .pane import Group, Pane
from .tab_list import ALIASES, TABS
from .wiring import wire, wire_own_model


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
    inside = {group.id: [pane.id for pane in group.panes] for group in groups}
    names = link.TabNames([pane.id for pane in panes], inside, ALIASES)
    opener = link.create_link(choices, examples, names, page.settings, page.shared, offers_own)
    wire(page, opener)
    if own:
        wire_own_model(page, own)
    endpoints.build(choices)
