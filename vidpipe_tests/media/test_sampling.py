"""One frame for each step of time, by the rule as it is written down."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.media.sampling import Steps, one_per_step

TIME_BASE = Fraction(1, 30)
RATES = st.sampled_from([Fraction(1, 5), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(30, 7), Fraction(40)])
FILMS = st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=10)


def by_definition(film: list[tuple[int, bool]], rate: Fraction, start_s: Fraction, end_pts: int) -> list[int]:
    """The rule, step by step."""

    def step_of(pts: int) -> int:
        return int((pts * TIME_BASE - start_s) * rate // 1)

    found: list[int] = []
    for step in range(step_of(film[0][0]), step_of(end_pts - 1) + 1):
        keys = [pts for pts, is_key in film if is_key and step_of(pts) == step and rate <= Fraction(1, 2)]
        shown = [pts for pts, _ in film if pts * TIME_BASE - start_s <= step / rate]
        found.append(keys[0] if keys else shown[-1] if shown else film[0][0])
    return sorted(set(found))


@settings(max_examples=60)
@given(FILMS, RATES, st.fractions(-3, 3, max_denominator=97), st.integers(1, 400))
def test_each_step_gets_its_frame(
    gaps: list[tuple[int, bool]], rate: Fraction, start_s: Fraction, n_last_ticks: int
) -> None:
    film, pts = [], 200
    for gap, is_key in gaps:
        pts += gap
        film.append((pts, is_key))
    steps = Steps(rate, time_base=TIME_BASE, start_s=start_s)
    shown = ((pts, is_key, -pts) for pts, is_key in film)
    found = list(one_per_step(shown, steps, end_pts=lambda: pts + n_last_ticks))
    assert [pts for pts, _ in found] == by_definition(film, rate, start_s, pts + n_last_ticks)
    assert all(thing == -pts for pts, thing in found)


def test_nothing_gives_nothing() -> None:
    steps = Steps(Fraction(1), time_base=TIME_BASE, start_s=Fraction(0))
    assert list(one_per_step([], steps, end_pts=lambda: 0)) == []


def test_only_long_steps_prefer_key_frames() -> None:
    preferences = [
        Steps(rate, time_base=TIME_BASE, start_s=Fraction(0)).prefers_keys
        for rate in (Fraction(1, 5), Fraction(1, 2), Fraction(3, 5), Fraction(1))
    ]
    assert preferences == [True, True, False, False]
