"""The ledger's page: what calls to services cost."""

from assets.overview import calls_markdown, canaries_markdown
from vidpipe.ledger.canaries import Score
from vidpipe.ledger.sums import Sum
from vidpipe.models.calls import Usage


def spent(model: str, told: str, nusd: int = 1_500_000) -> Sum:
    """Two calls, one of which did not arrive whole."""
    of = {"service": "gemini", "asset": "shots", "name": "video", "model": model, "model_reported": told}
    return Sum(of, 2, 1, 0, Usage(text=10, video=20, out=5), nusd, 0, 1.0)


def rows(*sums: Sum) -> list[str]:
    """The lines below the table's head."""
    return calls_markdown(sums).splitlines()[2:]


def test_calls_stand_with_their_tokens_and_price() -> None:
    assert rows(spent("one", "one")) == ["| gemini | shots | video | one | 2 | 1 | 30 | 5 | 0.001500 |"]


def test_another_model_than_was_asked_is_named() -> None:
    assert "| one, answered by two |" in rows(spent("one", "two"))[0]
    assert "| two |" in rows(spent("", "two"))[0]
    assert "| one |" in rows(spent("one", "None"))[0]


def test_what_a_service_calls_itself_is_plain_text() -> None:
    (row,) = rows(spent("one", "<script>|x|"))
    assert "<" not in row
    assert row.count("|") == 10


def test_where_nobody_was_asked_it_says_so() -> None:
    assert calls_markdown([]) == "No service was asked."


def test_what_models_told_of_made_films_stands_by_version() -> None:
    good = Score("shots", "one", "one-001", 0.9, 0.8, 0.25, 0, 7, is_bad=False, latest=1.0)
    blind = Score("shots", "one", "", 0.0, 0.0, None, 3, 2, is_bad=True, latest=2.0)
    assert canaries_markdown([good, blind]).splitlines()[2:] == [
        "| shots | one-001 | 7 | 0.90 | 80% | 0.2 | 0 |",
        "| shots | one | 2 | 0.00 | 0% |  | 3 |",
    ]
