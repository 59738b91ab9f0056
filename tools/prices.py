"""What a call costs in US dollars. An unknown price stays unknown: it is never 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from library.errors import InputError
from library.prompts import Message, canonical_json

DEFAULT_MAX_TOKENS = 4096
"""Output tokens assumed for a reservation where max_tokens is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per token, in and out."""

    input: float
    output: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for a call of this size."""
        return tokens_in * self.input + tokens_out * self.output


def configured_price(input_usd: float | None, output_usd: float | None, place: str) -> Price | None:
    """The price from the settings (US dollars per million tokens), None when they name none; InputError for half."""
    if input_usd is None and output_usd is None:
        return None
    if input_usd is None or output_usd is None:
        missing = "input_usd_per_million" if input_usd is None else "output_usd_per_million"
        raise InputError(f"half a price: {missing} is not set", place, f"Set {missing} as well.")
    return Price(input=input_usd / 1e6, output=output_usd / 1e6)


def table_price(row: Mapping[str, Any] | None) -> Price | None:
    """The price in one row of a price table; None where the row is missing or names no price for either side."""
    if row is None:
        return None
    paid_in, paid_out = row.get("input_cost_per_token"), row.get("output_cost_per_token")
    if not isinstance(paid_in, int | float) or not isinstance(paid_out, int | float):
        return None
    return Price(input=float(paid_in), output=float(paid_out))


def worst_case(price: Price | None, messages: Sequence[Message], parameters: Mapping[str, Any]) -> float | None:
    """The most a call may cost: every byte sent counts as a token, and the answer runs to max_tokens."""
    if price is None:
        return None
    return price.of(request_bytes(messages, parameters), int(parameters.get("max_tokens") or DEFAULT_MAX_TOKENS))


def request_bytes(messages: Sequence[Message], parameters: Mapping[str, Any]) -> int:
    """Bytes of everything a model reads: message contents, tools and the response format."""
    read = {key: parameters[key] for key in ("tools", "response_format") if key in parameters}
    return sum(len(m.content.encode()) for m in messages) + (len(canonical_json(read).encode()) if read else 0)
