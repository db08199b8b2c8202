"""All questions about one video: each is asked once, and what the answers cost stands in the video's record."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from vidpipe.asking.asker import Asker
from vidpipe.errors import PendingError
from vidpipe.models.calls import Answer, Question, Usage, fingerprint_of
from vidpipe.models.paid import Paid, Purpose

Exchange = tuple[Question, Answer]


@dataclass(frozen=True)
class VideoCalls:
    """Asks about one video, and remembers the bills.

    `lacks` says why nobody can be asked, if so: then only kept answers are given. `tokens` gives the tokens that a
    question's media and answer are expected to have. `is_named`: answers were told to repeat the request's name.
    """

    asker: Asker
    purpose: Purpose
    lacks: str = ""
    tokens: Callable[[Question], Usage] = lambda _question: Usage()
    is_named: bool = True
    _paid: dict[str, Paid] = field(default_factory=dict, init=False, repr=False)
    _noted: dict[str, Exchange] = field(default_factory=dict, init=False, repr=False)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every question with the answer that came or was kept, in the order of asking."""
        return tuple(self._noted.values())

    def named(self, name: str) -> Callable[[Question], Answer]:
        """Asks for a call of this name: the kept answer, or a new one.

        The callable raises what `Asker.ask` does, and PendingError where nobody can be asked.
        """

        def ask(question: Question) -> Answer:
            if self.lacks and self.asker.kept(question) is None:
                raise PendingError(self.lacks)
            purpose = replace(self.purpose, name=name)
            given = self.asker.ask(question, purpose, self.tokens(question), is_named=self.is_named)
            return self._note(question, given.paid)

        return ask

    def recall(self, question: Question) -> Answer | None:
        """The kept answer; None where none is kept."""
        kept = self.asker.kept(question)
        return None if kept is None else self._note(question, kept)

    def cost_usd(self, exchanges: Iterable[Exchange]) -> float:
        """What these answers cost, whichever run paid, in US$."""
        addresses = {question.address for question, _ in exchanges}
        return round(sum(self._paid[a].bill.nusd for a in addresses if a in self._paid) / 1e9, 9)

    def provenance(self, exchanges: Sequence[Exchange], *, decided: int = -1) -> Mapping[str, Any]:
        """What a record says of its answers, and first of the one that `decided`, by its place among them."""
        calls = [_told(question, answer) for question, answer in exchanges]
        return {**calls[decided], "calls": calls} if calls else {}

    def _note(self, question: Question, paid: Paid) -> Answer:
        self._paid[paid.call.address] = paid
        self._noted[paid.call.address] = question, paid.answer
        return paid.answer


def _told(question: Question, answer: Answer) -> dict[str, Any]:
    media = question.media
    return {
        "request_id": question.request_id,
        "address": question.address,
        "model": answer.model,
        "model_requested": question.settings.model,
        "tokens": asdict(answer.usage),
        "prompt": fingerprint_of(question.prompt),
        **({"template": fingerprint_of(question.template)} if question.template else {}),
        **({"remark": question.remark} if question.remark else {}),
        **({"shown": media.made_by} if media is not None and media.is_again else {}),
    }
