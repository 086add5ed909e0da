"""Choose an example in the browser: a server's answer could overwrite the user's next choice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from gradio.route_utils import API_PREFIX

from tpexplore.checkpoints.bundled import Example, bundled_names

from .choices import ModelChoice, fitting_source

# The event drops the user's own sound if it is still being sent.
_SCRIPT = """(index, model) => {{
    const {{ clip, models }} = {offers}[index];
    const url = new URL(clip.url, document.baseURI).href;
    document.dispatchEvent(new Event("tp-clip-chosen"));
    return [{{ ...clip, url }}, models[model] ?? model, null, Math.random()];
}}"""


def pick_script(examples: Sequence[Example], choices: Sequence[ModelChoice]) -> str:
    """(example's index, model) -> (clip, model that knows what is in it, no start, number of the request)."""
    offers = [{"clip": file_value(one), "models": _other_models(one, choices)} for one in examples]
    return _SCRIPT.format(offers=json.dumps(offers))


def file_value(example: Example) -> dict[str, Any]:
    """What `gr.File` holds of it; Gradio serves the examples, see `set_static_paths`."""
    path = example.path
    return {
        "path": str(path),
        "url": f"{API_PREFIX.lstrip('/')}/file={quote(str(path))}",
        "orig_name": path.name,
        "size": path.stat().st_size,
        "meta": {"_type": "gradio.FileData"},
    }


def _other_models(example: Example, choices: Sequence[ModelChoice]) -> dict[str, str]:
    """For each model without a class for the example, a model that has one."""
    fitting = {source: fitting_source(source, example, choices) for source in bundled_names()}
    return {source: other for source, other in fitting.items() if other != source}
