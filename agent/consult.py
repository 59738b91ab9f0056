"""Asking the teacher for a JSON object, and asking again when the answer is unreadable."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from agent.services import Services
from library.prompts import Message
from tools.errors import ProviderError
from tools.models import Request
from tools.structured import parse_object


async def consult(
    services: Services,
    messages: Sequence[Message],
    *required: Mapping[str, type],
    turn: int = 0,
    tries: int | None = None,
    temperature: float | None = None,
) -> dict[str, Any]:
    """The teacher's answer as an object with at least the required keys; of several sets of them the first that fits.

    An unreadable answer is asked for again (with another repeat index, so that the ledger does not repeat it).
    turn: tells apart requests that are equal to the letter but should be drawn anew. tries: as the rulebook says when
    None. temperature: instead of the teacher's own.
    Raises ProviderError when the teacher stays unreadable or unreachable.
    """
    tries = services.rulebook.teacher.bad_answers + 1 if tries is None else tries
    for attempt in range(tries):
        request = Request(messages=tuple(messages), repeat=turn * tries + attempt, temperature=temperature)
        reply = await services.teacher.complete(request, scope=services.scope, caps=services.caps)
        try:
            if reply.finish_reason == "length":
                place, mend = services.teacher.name, "Raise [models.teacher] max_tokens."
                raise ProviderError("bad_answer", "the teacher's answer was cut off", place, mend)
            return _read(reply.text, required)
        except ProviderError as error:
            if error.kind != "bad_answer" or attempt + 1 == tries:
                raise
    raise AssertionError("the loop returns or raises")


def _read(text: str, required: Sequence[Mapping[str, type]]) -> dict[str, Any]:
    for keys in required[:-1]:
        with contextlib.suppress(ProviderError):
            return parse_object(text, keys)
    return parse_object(text, required[-1])
