"""A run that takes a while: buttons that start and stop it, and a line that says how far it is."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from tpexplore.ui.problems import problem_html


class RunBar:
    """The buttons and the line, laid out where they are made.

    Parameters
    ----------
    id : str
        Of the tab; the components' ids begin with it.
    label : str
        What the button that starts a run says.
    by_itself : bool
        Whether the run starts without the button, which is then there only after it was stopped or failed.
    """

    def __init__(self, id: str, label: str, *, by_itself: bool = False):
        self.by_itself = by_itself
        with gr.Row(elem_classes="run-bar"):
            self.run = gr.Button(
                label,
                variant="primary",
                visible=not by_itself,
                scale=0,
                min_width=130,
                elem_id=f"{id}-run",
            )
            self.stop = gr.Button("Stop", visible=False, scale=0, min_width=130, elem_id=f"{id}-stop")
        self.status = gr.HTML(elem_id=f"{id}-status", elem_classes="message-box")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below give values for."""
        return [self.run, self.stop, self.status]

    def waiting(self) -> dict:
        """The run was requested and waits for its turn."""
        return {
            self.run: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.status: progress_html(0, 1, "Waiting for its turn"),
        }

    def done(self, sentence: str = "") -> dict:
        """The run has ended."""
        return self._ended(not self.by_itself, status_html(sentence) if sentence else "")

    def stopped(self, sentence: str) -> dict:
        """The person has ended the run."""
        return self._ended(True, status_html(sentence))

    def failed(self, sentence: str) -> dict:
        """The run could not be made."""
        return self._ended(True, problem_html(sentence))

    def _ended(self, again: bool, status: str) -> dict:
        return {
            self.run: gr.update(visible=again),
            self.stop: gr.update(visible=False),
            self.status: status,
        }


def progress_html(done: int, total: int, words: str) -> str:
    """A progress bar with words, which screen readers read out."""
    words, share = html.escape(words), 100 * done / max(total, 1)
    return (
        '<div class="run-progress"><div role="progressbar" aria-label="Progress" aria-valuemin="0"'
        f' aria-valuemax="{total}" aria-valuenow="{done}" aria-valuetext="{words}">'
        f'<div style="width:{share:.1f}%"></div></div><span>{words}</span></div>'
    )


def status_html(sentence: str) -> str:
    """A sentence about what was done."""
    return f'<p class="about" role="status">{html.escape(sentence)}</p>'
