"""Live on the server: fair turns, a limit, sweeping, and answers to what browsers send."""

from __future__ import annotations

import base64
import threading
import time

import numpy as np
import pytest

from tests.browser_support import wait_until
from tpexplore import InputError, explore
from tpexplore.signal.ring import RingBuffer
from tpexplore.ui import listeners as listening
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.listeners import LIFETIME_SECONDS, MOST_LISTENERS, Listeners
from tpexplore.ui.payload import decibels
from tpexplore.ui.tabs import live
from tpexplore.ui.turns import Turns

ID = "0123456789abcdef"


def make() -> RingBuffer:
    return RingBuffer(100, 16_000)


# -- turns


def test_turns_come_in_the_order_of_arrival():
    turns, order, threads = Turns(), [], []

    def wait_and_note(name: int) -> None:
        with turns.take(20) as got:
            order.append((name, got))

    with turns.take(1) as got:
        assert got
        for name in range(6):
            threads.append(threading.Thread(target=wait_and_note, args=(name,)))
            threads[-1].start()
            assert wait_until(lambda count=name + 2: len(turns._line) == count)
    for thread in threads:
        thread.join(20)
    assert order == [(name, True) for name in range(6)]


def test_a_listener_who_gives_up_delays_nobody():
    turns, results = Turns(), []

    def give_up() -> None:
        with turns.take(0.01) as got:
            results.append(got)

    with turns.take(1):
        quitter = threading.Thread(target=give_up)
        quitter.start()
        quitter.join(20)
        with turns.take(0) as got:
            assert not got
    assert results == [False]
    with turns.take(0.5) as got:
        assert got


def test_two_busy_listeners_get_equally_many_turns():
    turns, counts, until = Turns(), [0, 0], time.monotonic() + 0.5

    def ask(who: int) -> None:
        while time.monotonic() < until:
            with turns.take(5):
                counts[who] += 1
                time.sleep(0.002)

    threads = [threading.Thread(target=ask, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert min(counts) > 5
    assert max(counts) - min(counts) <= 2


# -- listeners


def test_each_browser_has_a_buffer_of_its_own_for_as_long_as_nothing_changes():
    listeners = Listeners()
    first = listeners.get(ID, ("model", 16_000), make)
    assert listeners.get(ID, ("model", 16_000), make) is first
    assert listeners.get(ID[::-1], ("model", 16_000), make) is not first
    assert listeners.get(ID, ("other", 16_000), make) is not first
    assert len(listeners) == 2
    assert listeners.drop(ID) and not listeners.drop(ID)
    assert len(listeners) == 1


def test_too_many_are_refused_until_one_is_gone():
    now = [0.0]
    listeners = Listeners(lambda: now[0])
    ids = [f"{i:016x}" for i in range(MOST_LISTENERS + 1)]
    for id in ids[:-1]:
        listeners.get(id, (), make)
    with pytest.raises(InputError, match="already"):
        listeners.get(ids[-1], (), make)
    now[0] = LIFETIME_SECONDS / 2
    for id in ids[1:-1]:
        listeners.get(id, (), make)
    now[0] = LIFETIME_SECONDS + 0.1  # only the first has been silent for too long
    listeners.get(ids[-1], (), make)
    assert len(listeners) == MOST_LISTENERS
    assert not listeners.drop(ids[0]) and listeners.drop(ids[1])


@pytest.mark.parametrize("id", [None, 5, "", "short", "x" * 20, ID + "/", "a" * 100])
def test_strange_names_are_refused(id):
    with pytest.raises(InputError):
        Listeners().get(id, (), make)


# -- answers


@pytest.fixture
def request_for(model, monkeypatch):
    """Make a request that a browser might send."""
    choice = ModelChoice("Tiny", "tiny")
    monkeypatch.setattr(live, "cached_model", lambda choice: model)
    monkeypatch.setattr(live, "listeners", Listeners())
    monkeypatch.setitem(live._choices, "tiny", choice)

    def make_request(samples: np.ndarray, **changes) -> dict:
        pcm = base64.b64encode(np.round(samples * 32768).astype("<i2").tobytes()).decode()
        request = {"id": ID, "source": "tiny", "sampleRate": 16_000, "pcm": pcm, "have": 0}
        return {**request, "score": "attention", "keepRate": 0.5, **changes}

    return make_request


def noise(seconds: float) -> np.ndarray:
    samples = np.random.default_rng(3).normal(0, 0.1, round(16_000 * seconds))
    return np.round(samples * 32768) / 32768  # as 16 bits hold it


def test_an_answer_is_what_explore_says_of_the_last_seconds(model, request_for):
    sound, have = noise(3.2), 0
    pieces = np.split(sound, range(2560, len(sound), 2560))
    picture = np.empty((0, 128), np.uint8)
    for piece in pieces:
        answer = live.hear(request_for(piece, have=have))
        assert "problem" not in answer
        have = answer["end"]
        new = np.frombuffer(base64.b64decode(answer["frames"]), np.uint8).reshape(-1, 128)
        assert len(new) <= 17
        picture = np.concatenate([picture, new])
    frames = model.config.frames
    end = (len(sound) - 400) // 160 + 1
    window = sound[(end - frames) * 160 :][: 400 + (frames - 1) * 160].astype(np.float32)
    expected = explore(model, window, keep_rates=[0.5], scores=["attention"])
    (point,) = expected.points["attention"]
    assert answer["real"] == frames and answer["end"] == end == len(picture)
    assert answer["before"] == model.config.labels[expected.unpruned.answer]
    assert answer["after"] == model.config.labels[point.answer]
    fate = np.frombuffer(base64.b64decode(answer["fate"]), np.uint8)
    np.testing.assert_array_equal(fate, point.fate.block)
    sent = picture[-frames:] / live.DECIBEL_STEPS + live.DECIBEL_FLOOR
    # Each window's mean is removed before its picture is made, so there is a small difference.
    assert np.abs(sent - decibels(expected.spectrogram, model.config)).mean() < 0.5


def test_a_browser_with_no_or_too_many_frames_gets_the_whole_picture(model, request_for):
    live.hear(request_for(noise(2)))
    for have in (0, None, 10_000, "x"):
        answer = live.hear(request_for(noise(0.16), have=have))
        assert len(base64.b64decode(answer["frames"])) == 128 * answer["real"] == 128 * model.config.frames


def test_stopping_forgets_the_sound(request_for):
    assert live.hear(request_for(noise(1)))["end"] > 90
    assert live.forget(ID) == {"gone": True}
    assert live.hear(request_for(noise(0.01)))["end"] == 0  # not yet a frame
    assert live.hear(request_for(noise(0.5)))["end"] < 60


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x"},
        {"source": "other"},
        {"source": None},
        {"sampleRate": 100},
        {"sampleRate": "48000"},
        {"pcm": "%"},
        {"pcm": None},
        {"pcm": "AAA="[:3]},
        {"pcm": base64.b64encode(bytes(2 * 16_000 * 6)).decode()},
        {"keepRate": 0},
        {"keepRate": None},
        {"score": "loudness"},
        {"score": ["attention"]},
        {"method": "lose"},
        {"blocks": "7,4"},
        {"blocks": [4, 7, 10]},
        {"rates": "0.5,0.5,7"},
    ],
)
def test_what_no_board_sends_ends_in_one_sentence(request_for, changes):
    answer = live.hear(request_for(noise(0.2), **changes))
    assert list(answer) == ["id", "problem"] and answer["problem"].endswith(".")
    assert "log says why" not in answer["problem"]


@pytest.mark.parametrize("rates", [(0.5,), (0.9, 0.6, 0.5), (0.9, 0.9, 0.8, 0.8)])
@pytest.mark.parametrize("method", ["fuse", "merge"])
def test_method_and_blocks_are_followed(request_for, model, method, rates):
    sound = noise(2)
    blocks = tuple(range(1, 1 + len(rates)))
    texts = {name: ",".join(map(str, values)) for name, values in (("blocks", blocks), ("rates", rates))}
    way = {"method": method, **texts}
    answer = live.hear(request_for(sound, **way))
    heard = live.listeners.get(ID, ("tiny", 16_000), None).ring.clip()
    options = {"keep_rates": [rates], "scores": ["attention"], "blocks": blocks}
    expected = explore(model, heard, method=method, **options)
    (point,) = expected.points["attention"]
    fate = np.frombuffer(base64.b64decode(answer["fate"]), np.uint8)
    assert fate.tolist() == point.fate.block.tolist()
    assert set(fate) == {0, *blocks}
    assert answer["saved"] == round(1 - point.macs / expected.unpruned.macs, 4)
    # Merging ranks nothing, so the page's score makes no difference.
    other = live.hear(request_for(sound, **way, score="intensity"))
    assert ("fate" in other) and (other["fate"] == answer["fate"]) == (method == "merge")


@pytest.mark.parametrize("request_", [None, [], "x", {}])
def test_what_is_no_request_ends_in_one_sentence(request_):
    assert list(live.hear(request_)) == ["id", "problem"]
    assert live.forget(request_) == {"gone": False}


def test_a_busy_app_says_so_and_still_takes_the_sound(request_for, monkeypatch):
    monkeypatch.setattr(live, "TURN_SECONDS", 0.01)
    with live.listeners.turns.take(1):
        assert live.hear(request_for(noise(1)))["busy"] == live.BUSY
    assert live.hear(request_for(noise(0.16)))["end"] > 100


def test_limits_are_those_of_a_small_server():
    window_bytes = 4 * 16_000 * 10.3
    assert MOST_LISTENERS * window_bytes < 10e6
    assert 0 < listening.LIFETIME_SECONDS <= 30
