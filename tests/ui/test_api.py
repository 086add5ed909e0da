"""The app's endpoints, called with gradio_client as by a program."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tpexplore import explore, load_audio, load_model
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.results.store import bundled_models, measured_results

pytest_plugins = ["tests.browser_support"]

EXAMPLE = example_clips()[0].path
MODEL = bundled_models()[0]["name"]


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False)


def test_only_named_endpoints_are_shown(client):
    listed = client.view_api(return_format="dict")
    assert set(listed["named_endpoints"]) == {"/explore", "/explore_at", "/models", "/results"}
    assert listed["unnamed_endpoints"] == {}
    assert all(entry["description"] for entry in listed["named_endpoints"].values())


def test_explore_is_the_librarys(client):
    answer = client.predict(clip=handle_file(EXAMPLE), model=MODEL, start=0.0, api_name="/explore")
    expected = explore(load_model(MODEL), load_audio(EXAMPLE)).to_dict()
    for score, entry in expected["scores"].items():
        for ours, theirs in zip(entry["points"], answer["scores"][score]["points"], strict=True):
            assert theirs["kept"] == ours["kept"]
            assert theirs["macs"] == ours["macs"]
            assert [t["label"] for t in theirs["top"]] == [t["label"] for t in ours["top"]]
    assert answer["model"]["sha256"] == expected["model"]["sha256"]
    assert answer["start"] == 0.0


def test_one_keep_rate_with_defaults(client):
    answer = client.predict(
        clip=handle_file(EXAMPLE), keep_rate=0.5, score="variation", api_name="/explore_at"
    )
    assert list(answer["scores"]) == ["variation"]
    assert [point["keep_rate"] for point in answer["scores"]["variation"]["points"]] == [0.5]
    assert answer["model"]["name"] == MODEL


def test_models_and_results_are_the_files(client):
    assert client.predict(api_name="/models") == bundled_models()
    assert client.predict(model=MODEL, api_name="/results") == measured_results(MODEL)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"keep_rate": 1.5}, "Keep-rate 1.5 is out of range"),
        ({"score": "loudness"}, "Score 'loudness' is unknown"),
        ({"model": "../../etc/passwd"}, "is unknown to this app"),
        ({"start": 1e6}, "expected less than"),
    ],
)
def test_bad_requests_end_in_one_sentence(client, arguments, sentence):
    with pytest.raises(AppError, match=sentence) as caught:
        client.predict(clip=handle_file(EXAMPLE), **arguments, api_name="/explore_at")
    assert "Traceback" not in str(caught.value)


def test_a_file_that_is_no_audio(client, tmp_path):
    (tmp_path / "notes.wav").write_text("no audio at all")
    with pytest.raises(AppError, match=r"notes\.wav"):
        client.predict(clip=handle_file(tmp_path / "notes.wav"), api_name="/explore_at")


@pytest.mark.parametrize("path", ["/etc/passwd", str(Path(__file__).resolve()), "../README.md"])
def test_no_other_file_of_the_server_can_be_named(app_url, path):
    """A caller who writes the request by hand may only name what was uploaded, or the app's own examples."""
    data = {"path": path, "url": None, "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [data, MODEL, 0.5, "attention", None]}).encode()
    call = f"{app_url.rstrip('/')}/gradio_api/call/explore_at"
    request = urllib.request.Request(call, body, {"Content-Type": "application/json"})
    try:
        event = json.load(urllib.request.urlopen(request, timeout=60))["event_id"]
        answer = urllib.request.urlopen(f"{call}/{event}", timeout=120).read().decode()
    except urllib.error.HTTPError as error:
        answer = f"event: error {error.code}"
    assert "event: error" in answer
    # The answer must not reveal whether the file exists or what it holds.
    assert Path(path).name not in answer
