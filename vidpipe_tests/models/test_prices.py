"""Bills are exact, follow the day and the tier, and say when they had to guess; the worst case is one."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import RecipeError
from vidpipe.models.calls import Usage
from vidpipe.models.prices import FREE, Bill, built_in, nusd_of, read_prices

TODAY = datetime(2026, 11, 21, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
FLASH = "gemini-3.8-flash"
PRO = "gemini-3.1-pro-preview"
MILLION = Usage(text=1_000_000)
usages = st.builds(
    Usage,
    text=st.integers(0, 10**6),
    video=st.integers(0, 10**6),
    audio=st.integers(0, 10**5),
    cached=st.integers(0, 10**6),
    out=st.integers(0, 65_536),
)


def usd(usage: Usage, model: str = FLASH, when: datetime = TODAY, *, is_batch: bool = False) -> float:
    """The bill of a model that answers itself."""
    return built_in().bill(usage, reported=model, requested=model, when=when, is_batch=is_batch).usd


def test_a_bill_is_what_the_price_list_says() -> None:
    assert usd(Usage(text=100_000)) == 0.075
    assert usd(Usage(out=100_000, thoughts=40_000)) == 0.375, "thoughts are part of what comes out"
    assert usd(Usage(text=50_000, video=50_000, audio=100_000, cached=100_000)) == 0.0825
    assert usd(Usage(text=100_000), is_batch=True) == 0.0375


def test_prices_change_on_their_day() -> None:
    assert usd(Usage(out=1000), when=datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == 0.00375
    assert usd(Usage(out=1000), when=NEW_YEAR) == 0.0075


def test_the_day_is_that_of_utc() -> None:
    west = timezone(timedelta(hours=-8))
    assert usd(Usage(out=1000), when=datetime(2026, 12, 31, 16, 0, tzinfo=west)) == 0.0075


def test_a_long_prompt_makes_all_of_it_dearer() -> None:
    assert usd(Usage(text=200_000, out=1000), PRO) == 0.412
    assert usd(Usage(text=200_001, out=1000), PRO) == 0.818004


def test_a_model_that_answers_for_another_has_its_price_from_that_day_on() -> None:
    assert usd(MILLION, "gemini-2.5-pro", datetime(2026, 12, 1, tzinfo=UTC)) == 0.75
    assert usd(MILLION, "gemini-2.5-flash", NEW_YEAR) == 0.30


def test_a_model_without_a_price_is_billed_as_the_one_that_was_asked_for_and_flagged() -> None:
    bill = built_in().bill(MILLION, reported="gemini-3.8-flash-007", requested=FLASH, when=TODAY)
    assert bill == Bill(750_000_000, FLASH, is_flagged=True)
    assert built_in().bill(MILLION, reported=PRO, requested=FLASH, when=TODAY) == Bill(4_000_000_000, PRO)


def test_the_models_folder_before_a_name_means_nothing() -> None:
    bill = built_in().bill(MILLION, reported=f"models/{FLASH}", requested=FLASH, when=TODAY)
    assert bill == Bill(750_000_000, FLASH)
    unknown = built_in().bill(MILLION, reported="models/m-1", requested=f"models/{FLASH}", when=TODAY)
    assert unknown == Bill(750_000_000, FLASH, is_flagged=True)


def test_a_dearer_model_that_may_answer_instead_makes_the_worst_case() -> None:
    def worst(*stand_ins: str) -> int:
        return built_in().worst_case(MILLION, max_out=1000, model=FLASH, when=TODAY, stand_ins=stand_ins)

    assert worst(FLASH, "without-a-price") == worst()
    long = Usage(text=1_000_000, out=1000)
    assert worst(f"models/{PRO}") == built_in().bill(long, reported=PRO, requested=FLASH, when=TODAY).nusd > worst()


def test_no_price_at_all_says_what_to_add() -> None:
    with pytest.raises(RecipeError, match=r"no price of 'm-1' on 2026-11-21; add \{\"m-1\".*per million"):
        built_in().bill(MILLION, reported="m-2", requested="m-1", when=TODAY)
    with pytest.raises(RecipeError, match=r"prices\.json: no price of 'gemini-2\.5-pro'"):
        built_in().worst_case(MILLION, max_out=1, model="gemini-2.5-pro", when=TODAY)


def test_a_price_can_be_looked_for_before_anything_is_asked() -> None:
    built_in().check(FLASH, TODAY)
    FREE.check("", TODAY)
    with pytest.raises(RecipeError, match="no price of 'm-1'"):
        built_in().check("m-1", TODAY)


def test_servers_of_ones_own_cost_nothing_whatever_they_call_their_model() -> None:
    assert FREE.bill(MILLION, reported="a", requested="b", when=TODAY) == Bill(0, "a")
    assert FREE.worst_case(MILLION, max_out=None, model="b", when=TODAY) == 0


@given(usages, st.sampled_from([FLASH, PRO]), st.sampled_from([1, 2]))
def test_a_bill_is_never_below_the_exact_price_and_less_than_one_unit_above(
    usage: Usage, model: str, divisor: int
) -> None:
    texts = ("0.75", "0.075", "3.75") if model == FLASH else ("2", "0.2", "12")
    texts = ("4", "0.4", "18") if model == PRO and usage.n_in > 200_000 else texts
    rates = [Fraction(text) for text in texts]
    cached = min(usage.cached, usage.n_in)
    exact = 1000 * ((usage.n_in - cached) * rates[0] + cached * rates[1] + usage.out * rates[2]) / divisor
    bill = built_in().bill(usage, reported=model, requested=model, when=TODAY, is_batch=divisor == 2)
    assert 0 <= bill.nusd - exact < 1


@given(usages, st.sampled_from([FLASH, PRO]), st.sampled_from([TODAY, NEW_YEAR]))
def test_no_bill_within_the_tokens_expected_exceeds_the_worst_case(usage: Usage, model: str, when: datetime) -> None:
    worst = built_in().worst_case(usage, max_out=65_536, model=model, when=when)
    assert built_in().bill(usage, reported=model, requested=model, when=when).nusd <= worst
    assert worst <= built_in().worst_case(usage, max_out=None, model=model, when=when)


def test_a_project_brings_prices_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"m-1": {"prices": [{"from": "2026-01-01", "in": 1, "out": "0.1", "source": "me"}]}}')
    prices = read_prices(path)
    assert prices.bill(Usage(text=3, out=1), reported="m-1", requested="m-1", when=TODAY).nusd == 3100
    assert prices.bill(MILLION, reported=FLASH, requested=FLASH, when=TODAY).usd == 0.75


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Invalid JSON"),
        ("[]", "object"),
        ('{"m": {"prices": []}}', "m.prices: "),
        ('{"m": {"prices": [{"from": "2026-01-01", "in": 1, "source": "me"}]}}', 'needs "in" and "out"'),
        ('{"m": {"prices": [{"from": "2026-01-01", "in": -1, "out": 1, "source": "me"}]}}', "in: "),
        ('{"m": {"prices": [{"from": "2026-01-01", "in": "NaN", "out": 1, "source": "me"}]}}', "in: "),
        ('{"m": {"prices": [{"from": "soon", "in": 1, "out": 1, "source": "me"}]}}', "from: "),
        ('{"m": {"price": []}}', "m.price"),
        ('{"m": {"prices": [{"from": "2026-01-01", "in": 1, "out": 1, "cached": 2, "source": "me"}]}}', "cached"),
        (
            '{"m": {"prices": [{"from": "2026-01-01", "in": 2, "out": 1, "source": "me",'
            ' "above": {"n_in": 9, "in": 1, "out": 1}}]}}',
            "above",
        ),
    ],
)
def test_what_is_no_table_of_prices_is_refused_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(RecipeError, match=why):
        read_prices(path)


def test_a_file_that_is_not_there_and_names_in_a_circle_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    with pytest.raises(RecipeError, match="cannot be read"):
        read_prices(path)
    path.write_text('{"a": {"prices": [{"from": "2026-01-01", "as": "a", "source": "me"}]}}')
    with pytest.raises(RecipeError, match="no price of 'a'"):
        read_prices(path).worst_case(MILLION, max_out=1, model="a", when=TODAY)


def test_every_price_names_its_source() -> None:
    assert all(price.source for model in built_in().models.values() for price in model.prices)


def test_a_limit_is_what_people_write() -> None:
    assert [nusd_of(usd) for usd in (5, 0.1, 0.07, 1e-10)] == [5_000_000_000, 100_000_000, 70_000_000, 0]
    for usd in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="at least 0"):
            nusd_of(usd)
    assert nusd_of(1e9) == 10**18
    with pytest.raises(ValueError, match="at most 1e9"):
        nusd_of(1e300)
