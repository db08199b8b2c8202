"""How long answers about a video are likely to be, and the tokens of questions that cannot be put yet.

What belongs here: numbers to plan with, before anything was asked; bills follow what a service counts. The lengths are
those of answers whose lists have two items and whose texts have ten words, as the emulated services of the tests give
them (measured 2026-11-21 for 1 to 20 scenes: 570 tokens a scene); who has asked real models has lengths of one's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vidpipe.annotation.annotate import Unasked
from vidpipe.annotation.plans import Call, Plan
from vidpipe.annotation.told import form_of
from vidpipe.annotation.wire_schema import wire_json
from vidpipe.models.calls import Question, Usage
from vidpipe.models.tokens import expected, of_text

SCENE_S = 5.0
"""How long a scene is taken to be where no shots are known."""
_OF_FIELD = {
    "characterList": 100,
    "scenes": 15,
    "storylines": 70,
    "qAndA": 225,
    "trimmingSuggestions": 95,
    "description": 25,
    "title": 20,
}
_PER_SCENE = {"scenes": 567, "storylines": 1}
_FREE_TEXT, _FREE_TEXT_PER_SCENE = 10, 56
_DIGEST_SHARE = 0.15  # of a call's scenes, what later calls read
_THOUGHTS = {"low": 64, "medium": 256, "high": 1024}


@dataclass(frozen=True, slots=True)
class Lengths:
    """The tokens of answers about one part of a video; `factors`: how much longer they were until now, by call."""

    plan: Plan
    factors: Mapping[str, float]

    def out(self, call: Call, n_scenes: float) -> int:
        """The expected tokens of an answer, thoughts included."""
        settings = self.plan.settings if call.is_shown_the_video else self.plan.text_settings or self.plan.settings
        if call.fields:
            said = sum(_OF_FIELD[name] + _PER_SCENE.get(name, 0) * n_scenes for name in call.fields)
        else:
            said = _FREE_TEXT + _FREE_TEXT_PER_SCENE * n_scenes
        whole = (said + _THOUGHTS.get(settings.thinking_level or "", 0)) * self.factors.get(call.name, 1.0)
        return max(1, round(min(whole, settings.max_output_tokens or whole)))

    def usage(self, unasked: Unasked, n_scenes: float, seen: Usage) -> Usage:
        """The expected tokens of a call about a part with so many scenes; `seen` are those of what it is shown."""
        call = self.call(unasked.call)
        out = self.out(call, n_scenes)
        if unasked.question is not None:
            return expected(unasked.question, Usage(video=seen.video, audio=seen.audio, out=out))
        return Usage(text=self._text_later(call, n_scenes), out=out)

    def call(self, name: str) -> Call:
        """The plan's call of this name."""
        return next(call for call in self.plan.calls if call.name == name)

    def model(self, question: Question | None) -> str:
        """Who is asked; a question that cannot be put yet is about text."""
        return (question.settings if question else self.plan.text_settings or self.plan.settings).model

    def _text_later(self, call: Call, n_scenes: float) -> int:
        """The text of a question that shows what other calls have yet to say."""
        known = {other.name: other for other in self.plan.calls}
        read = 0.0
        for other in (known[name] for name in call.reads if name in known):
            read += self.out(other, n_scenes) * (_DIGEST_SHARE if "scenes" in other.fields else 1.0)
        schema = of_text(wire_json(form_of(call.fields))) if call.fields else 0
        return round(read) + schema + of_text(self.plan.prompts[call.name].text)
