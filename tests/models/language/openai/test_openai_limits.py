"""The pace of requests, by a clock that the test moves."""

from __future__ import annotations

import pytest

from inpars.models.language.openai.limits import Pace


class Clock:
    """Time that passes only when someone waits."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def starts(pace, clock, count, tokens=0):
    """When each of `count` requests may go, where all are always ready."""
    times = []
    while len(times) < count:
        if wait := pace.claim(tokens):
            clock.now += wait
        else:
            times.append(clock.now)
    return times


def most_in_a_minute(times, weight=1):
    return max(sum(weight for other in times if start <= other < start + 60) for start in times)


@pytest.fixture
def clock():
    return Clock()


def test_without_limits_nobody_waits(clock):
    assert len(set(starts(Pace(clock=clock), clock, 1000))) == 1


def test_no_minute_holds_more_requests_than_the_limit(clock):
    times = starts(Pace(requests_per_minute=30, clock=clock), clock, 100)
    assert most_in_a_minute(times) <= 31
    assert times[-1] - times[0] == pytest.approx(99 * 2, abs=2.1)


def test_idle_time_is_not_saved_up_for_a_burst(clock):
    pace = Pace(requests_per_minute=30, clock=clock)
    starts(pace, clock, 1)
    clock.now += 600
    assert most_in_a_minute(starts(pace, clock, 100)) <= 31


def test_waking_up_late_does_not_lower_the_pace(clock):
    pace = Pace(requests_per_minute=60, clock=clock)
    begun, done = clock.now, 0
    while done < 100:
        if wait := pace.claim():
            clock.now += wait + 0.3
        else:
            done += 1
    assert clock.now - begun < 102


def test_no_minute_holds_more_tokens_than_the_limit(clock):
    times = starts(Pace(tokens_per_minute=6000, clock=clock), clock, 60, tokens=500)
    assert most_in_a_minute(times, weight=500) <= 6000 + 500
    assert times[-1] - times[0] == pytest.approx(59 * 5)


def test_tokens_that_were_not_used_are_given_back(clock):
    pace = Pace(tokens_per_minute=600, clock=clock)
    assert pace.claim(300) == 0
    assert pace.claim(300) == pytest.approx(30)
    pace.settle(booked=300, used=100)
    assert pace.claim(300) == pytest.approx(10)


def test_a_request_larger_than_the_limit_still_goes(clock):
    times = starts(Pace(tokens_per_minute=100, clock=clock), clock, 2, tokens=1000)
    assert times[1] - times[0] == pytest.approx(600)


def test_both_limits_hold_at_once(clock):
    times = starts(Pace(60, 600, clock), clock, 20, tokens=100)
    assert times[-1] - times[0] == pytest.approx(19 * 10)


def test_a_refusal_stops_everyone_and_slows_what_follows(clock):
    pace = Pace(clock=clock)
    pace.refused(sent=clock.now, wait=7)
    first, *_, last = starts(pace, clock, 5)
    assert first - 1000 == pytest.approx(7)
    assert last > first


def test_refusals_of_requests_sent_together_slow_down_once():
    def pace_after(refused_at):
        clock = Clock()
        pace = Pace(clock=clock)
        for sent, now in refused_at:
            clock.now = now
            pace.refused(sent, wait=1)
        first, *_, last = starts(pace, clock, 50)
        return last - first

    once = pace_after([(1000, 1001)])
    assert pace_after([(1000, 1001)] * 16) == pytest.approx(once)
    assert pace_after([(1000, 1001), (1002, 1003)]) == pytest.approx(2 * once)


def test_answers_bring_the_pace_back(clock):
    pace = Pace(clock=clock)
    pace.refused(clock.now, 1)
    for _ in range(20):
        pace.served()
    clock.now += 2
    assert len(set(starts(pace, clock, 100))) == 1
