"""What is said of services that keep people waiting."""

from vidpipe.troubles import AGAIN_S, PATIENT_S, Troubles


class Clock:
    """Steady seconds that a test sets."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def heard() -> tuple[Troubles, Clock, list[str]]:
    """Troubles whose lines are kept."""
    clock, said = Clock(), list[str]()
    troubles = Troubles(clock)
    troubles.say = said.append
    return troubles, clock, said


def test_a_silent_service_is_named_after_a_while_and_now_and_then() -> None:
    troubles, clock, said = heard()
    for _ in range(2):
        troubles.told("gemini", "not reached: ConnectError")
        assert said == []
        clock.now_s += PATIENT_S / 2
    troubles.told("gemini", "not reached: ConnectError")
    assert said == ["gemini: not reached: ConnectError; trying again for 10 s so far"]
    troubles.told("gemini", "503 UNAVAILABLE")
    assert len(said) == 1
    clock.now_s += AGAIN_S
    troubles.told("gemini", "503 UNAVAILABLE")
    assert said[1:] == ["gemini: 503 UNAVAILABLE; trying again for 40 s so far"]


def test_nothing_is_said_of_a_service_that_answers_between_failures() -> None:
    troubles, clock, said = heard()
    for _ in range(9):
        troubles.told("llm", "429")
        clock.now_s += PATIENT_S - 1
        troubles.told("llm", "")
    assert said == []
    troubles.told("gemini", "429")
    troubles.told("llm", "")
    clock.now_s += PATIENT_S
    troubles.told("gemini", "429")
    assert said == ["gemini: 429; trying again for 10 s so far"]
