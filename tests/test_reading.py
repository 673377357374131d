"""Reading ahead: order, bounds, bad files, early ends."""

import os
import threading
import time

import pytest
import torch

import qualiclip
from qualiclip.errors import InputError
from qualiclip.machine import set_threads
from qualiclip.scoring.reading import MOST_AHEAD, WORKERS, decoded
from qualiclip.scoring.reports import Failure


def image(height, width):
    return torch.zeros((3, height, width))


def test_order_is_kept_when_the_first_takes_longest():
    def read(source):
        time.sleep(0.1 if source == "0" else 0)
        return image(8, 8)

    assert [item.source for item in decoded(read, map(str, range(20)))] == [str(number) for number in range(20)]


def test_a_source_that_can_not_be_read_does_not_stop_the_others():
    def read(source):
        if source == "bad":
            raise InputError("bad: no picture")
        return image(8, 8)

    items = list(decoded(read, ["a", "bad", "b"]))
    assert [item.image is None for item in items] == [False, True, False]
    assert items[1].error == "bad: no picture"


@pytest.mark.parametrize(("side", "most"), [(8, MOST_AHEAD + 1), (2048, 3), (4096, 2)])
def test_few_large_pictures_wait_and_many_small_ones(side, most):
    taken = []

    def sources():
        for number in range(100):
            taken.append(number)
            yield str(number)

    items = decoded(lambda source: torch.empty(1).expand(3, side, side), sources())
    for used in range(1, 50):
        next(items)
        assert len(taken) - used <= most
    assert len(taken) - used >= min(most, 2) - 1
    items.close()


def test_sources_are_taken_lazily_and_an_early_end_stops_the_threads():
    endless = (str(number) for number in iter(int, 1))
    before = set(threading.enumerate())
    items = decoded(lambda source: image(8, 8), endless)
    next(items)
    assert 0 < len(set(threading.enumerate()) - before) <= WORKERS
    items.close()
    assert not set(threading.enumerate()) - before


@pytest.mark.parametrize("engine", ["eager", "fused", "openvino"])
def test_a_score_does_not_depend_on_its_neighbours(tmp_path, engine):
    scorer = qualiclip.load("compact", engine=engine)
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand((3, 96, 96 + 32 * (number // 5)), generator=generator) for number in range(12)]
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    results = list(scorer.score_many([*images[:7], bad, *images[7:]]))
    failure = results.pop(7)
    assert isinstance(failure, Failure)
    assert failure.path == str(bad)
    assert results == [scorer.score(one) for one in images]


def test_a_score_does_not_depend_on_the_number_of_threads(photo):
    scores = []
    before = torch.get_num_threads()
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        scores.append(qualiclip.load("compact").score(photo).score)
    torch.set_num_threads(before)
    assert len(set(scores)) == 1


def test_no_more_threads_than_cores_unless_the_environment_asks(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(64)
    set_threads()
    assert 1 <= torch.get_num_threads() <= len(os.sched_getaffinity(0))
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # as a container's quota of one core
    set_threads()
    assert torch.get_num_threads() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    torch.set_num_threads(7)
    set_threads()
    assert torch.get_num_threads() == 7
    torch.set_num_threads(before)
