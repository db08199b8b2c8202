"""Which project may be asked: chosen by state, load and where the file is; days end in Los Angeles."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.gemini_projects import Pool, next_day
from vidpipe.errors import CredentialError, QuotaExhaustedError

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
MODEL = "gemini-3.8-flash"
moments = st.integers(0, 8 * 366 * 86_400).map(lambda seconds: NOW + timedelta(seconds=seconds))
steps = st.lists(
    st.tuples(st.sampled_from(["rest", "spend", "bury"]), st.integers(0, 3), st.floats(0, 100_000)), max_size=12
)


def after(taken: list[tuple[str, int, float]], now: datetime = NOW) -> Pool:
    pool = Pool(4)
    for what, project, seconds in taken:
        if what == "rest":
            pool = pool.resting(project, MODEL, now + timedelta(seconds=seconds))
        else:
            pool = pool.spent(project, MODEL, now) if what == "spend" else pool.without(project)
    return pool


def test_the_project_with_the_least_to_do_is_asked() -> None:
    assert Pool(3).choose(MODEL, NOW, load=[2, 0, 1]).project == 1


def test_the_project_that_has_the_file_is_asked_first() -> None:
    assert Pool(3).choose(MODEL, NOW, load=[9, 0, 1], home=0).project == 0


@pytest.mark.parametrize(("moving_s", "place"), [(4.0, (1, 0.0)), (20.0, (0, 17.0))])
def test_a_resting_home_is_waited_for_only_when_moving_takes_longer(moving_s: float, place: tuple[int, float]) -> None:
    pool = Pool(2).resting(0, MODEL, NOW + timedelta(seconds=17))
    chosen = pool.choose(MODEL, NOW, load=[0, 0], home=0, moving_s=moving_s)
    assert (chosen.project, chosen.wait_s) == place


def test_a_project_rests_for_one_model_only() -> None:
    pool = Pool(1).resting(0, MODEL, NOW + timedelta(seconds=17))
    assert pool.choose("another", NOW, load=[0]).wait_s == 0


def test_a_spent_home_is_left_however_long_moving_takes() -> None:
    assert Pool(2).spent(0, MODEL, NOW).choose(MODEL, NOW, load=[0, 5], home=0, moving_s=1e9).project == 1


def test_when_all_are_spent_the_first_midnight_is_named() -> None:
    pool = Pool(2).spent(0, MODEL, NOW).spent(1, MODEL, NOW)
    with pytest.raises(QuotaExhaustedError) as caught:
        pool.choose(MODEL, NOW, load=[0, 0])
    assert caught.value.until == datetime(2026, 11, 22, 8, tzinfo=UTC)  # midnight at UTC-8
    assert pool.choose(MODEL, caught.value.until, load=[0, 0]).wait_s == 0


def test_spent_and_dead_together_are_spent_not_dead() -> None:
    with pytest.raises(QuotaExhaustedError):
        Pool(2).spent(0, MODEL, NOW).without(1).choose(MODEL, NOW, load=[0, 0])


def test_dead_keys_alone_are_a_matter_of_credentials() -> None:
    with pytest.raises(CredentialError):
        Pool(2).without(0).without(1).choose(MODEL, NOW, load=[0, 0])


def test_a_pool_without_projects_is_a_bug() -> None:
    with pytest.raises(ValueError, match="at least"):
        Pool(0)


@given(
    steps,
    st.one_of(st.none(), st.integers(0, 3)),
    st.floats(0, 1000),
    st.lists(st.integers(0, 9), min_size=4, max_size=4),
)
def test_whatever_happened_the_chosen_project_lives_and_is_open_after_the_wait(
    taken: list[tuple[str, int, float]], home: int | None, moving_s: float, load: list[int]
) -> None:
    pool = after(taken)
    dead = {project for what, project, _ in taken if what == "bury"}
    spent = {project for (project, _), closed in pool.closed.items() if closed.for_today}
    if dead | spent == {0, 1, 2, 3}:
        with pytest.raises(CredentialError if len(dead) == 4 else QuotaExhaustedError):
            pool.choose(MODEL, NOW, load=load, home=home, moving_s=moving_s)
        return
    place = pool.choose(MODEL, NOW, load=load, home=home, moving_s=moving_s)
    assert place.project not in dead
    later = NOW + timedelta(seconds=place.wait_s)
    again = pool.choose(MODEL, later, load=load, home=place.project)
    assert again.project == place.project
    assert again.wait_s <= 1e-5  # a microsecond is what a datetime can tell


@given(steps)
def test_an_open_project_is_never_waited_past(taken: list[tuple[str, int, float]]) -> None:
    closed = {project for _, project, _ in taken}
    if len(closed) < 4:
        assert after(taken).choose(MODEL, NOW, load=[0] * 4).wait_s == 0


@given(steps, st.integers(0, 3))
def test_news_never_open_a_project(taken: list[tuple[str, int, float]], project: int) -> None:
    pool = after(taken)
    later = pool.resting(project, MODEL, NOW + timedelta(seconds=1))
    assert all(later.closed[key].until >= closed.until for key, closed in pool.closed.items())


@given(moments)
def test_a_day_ends_at_midnight_in_los_angeles(now: datetime) -> None:
    end = next_day(now)
    assert timedelta() < end - now <= timedelta(hours=25, minutes=5)
    there = end.astimezone(ZoneInfo("America/Los_Angeles"))
    is_midnight = (there.hour, there.minute, there.second, there.microsecond) == (0, 0, 0, 0)
    assert is_midnight or end - now == timedelta(minutes=5)


def test_just_after_midnight_the_day_before_may_be_meant() -> None:
    midnight = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert next_day(midnight + timedelta(seconds=3)) == midnight + timedelta(minutes=5, seconds=3)
    assert next_day(midnight - timedelta(seconds=3)) == midnight


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 3, 8, 20, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),  # a day of 23 hours
        (datetime(2026, 11, 1, 20, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)),  # and one of 25
    ],
)
def test_midnight_follows_summer_time(now: datetime, end: datetime) -> None:
    assert next_day(now) == end
