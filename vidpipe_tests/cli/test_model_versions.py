"""Another version of a model is noticed; a new model, or no change, is none."""

from vidpipe.cli.model_versions import changed

FLASH = ("gemini", "gemini-3.8-flash")


def test_a_version_that_never_answered_before_is_named_with_those_that_did() -> None:
    before = {FLASH: frozenset({"flash-001"})}
    (line,) = changed(before, {FLASH: frozenset({"flash-001", "flash-002"})})
    assert line.startswith("gemini answers for gemini-3.8-flash as flash-002 now, before as flash-001;")


def test_no_change_and_a_new_model_are_none() -> None:
    before = {FLASH: frozenset({"flash-001"})}
    assert list(changed(before, {**before, ("llm", ""): frozenset({"llama"})})) == []
    assert list(changed({}, before)) == []
