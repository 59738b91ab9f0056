"""What can go wrong between us and a model provider, typed, so that an outage is never scored as a bad prompt."""

from typing import Literal

from library.errors import Outage

FaultKind = Literal[
    "timeout",
    "rate_limit",
    "server",
    "connection",
    "bad_answer",
    "wrong_model",
    "auth",
    "not_found",
    "bad_request",
]

TRANSIENT: frozenset[FaultKind] = frozenset({"timeout", "rate_limit", "server", "connection", "bad_answer"})
"""Worth asking again. A refused key, an unknown model or a bad request gives the same answer every time."""

HOPELESS: frozenset[FaultKind] = frozenset({"auth", "not_found"})
"""No other request to this model can succeed either: work that depends on it ends at once."""

MENDS: dict[FaultKind, str] = {
    "timeout": "Try again later, or raise timeout_s.",
    "rate_limit": "Lower rpm, tpm or max_parallel, or try again later.",
    "server": "Try again later.",
    "connection": "Check api_base and that the server is running.",
    "bad_answer": "Check that api_base speaks the OpenAI chat format and that the model follows instructions.",
    "wrong_model": "Name the model that the provider really serves, so that two models are never compared as one.",
    "auth": "Check the key in the variable named by api_key_env, and the account behind it.",
    "not_found": "Check the model name and api_base.",
    "bad_request": "Check the model settings and the size of the request.",
}


class ProviderError(Outage):
    """A call to a model failed, or its answer cannot be used.

    kind: what happened; transient: whether asking again may help; retry_after: seconds the provider asked us to wait.
    """

    def __init__(
        self, kind: FaultKind, thing: str, place: str = "", mend: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(thing, place, MENDS[kind] if mend is None else mend)
        self.kind: FaultKind = kind
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind in TRANSIENT

    @property
    def hopeless(self) -> bool:
        """Whether every other request to the same model would fail as well."""
        return self.kind in HOPELESS
