"""What the calls of one model cost: prices from the settings before prices from litellm's table."""

from collections.abc import Mapping, Sequence
from typing import Any

from library.calls import Caps
from library.errors import InputError
from library.prompts import Message
from tools.litellm_gate import Gate, Said
from tools.model_names import same_model
from tools.model_settings import ModelSettings
from tools.prices import Price, configured_price, worst_case


class Tariff:
    """Prices of one model and its fallbacks, through the gate that knows the table."""

    def __init__(self, settings: ModelSettings, gate: Gate) -> None:
        self.gate = gate
        self._settings = settings
        self._own = configured_price(settings.input_usd_per_million, settings.output_usd_per_million, settings.place)

    def price(self, name: str) -> Price | None:
        """The price of one model; the settings' own price is for the model they name."""
        return self._own if self._own and name == self._settings.model else self.gate.price(name)

    def worst_case(
        self, name: str, messages: Sequence[Message], parameters: Mapping[str, Any], caps: Caps
    ) -> float | None:
        """The most a call may cost in US dollars, None when unknown; InputError when a money cap needs to know."""
        price = self._highest(name)
        if price is None and (caps.usd_per_scope is not None or caps.usd_per_day is not None):
            raise InputError(
                f"the price of model '{name}' is unknown, so a money budget cannot be kept",
                self._settings.place,
                "Set input_usd_per_million and output_usd_per_million there, or remove usd_per_cycle and usd_per_day"
                " from [budget].",
            )
        return worst_case(price, messages, parameters)

    def cost(self, name: str, said: Said) -> float | None:
        """What a finished call cost in US dollars, by the model that answered; None when unknown."""
        answered = next((n for n in (name, *self._settings.fallbacks) if same_model(n, said.model)), name)
        price = self.price(answered)
        if price is None:
            return None
        # The table's own arithmetic knows discounts for cached input; a price from the settings is plain.
        from_table = price is not self._own and said.cost is not None
        return said.cost if from_table else price.of(said.tokens_in, said.tokens_out)

    def _highest(self, name: str) -> Price | None:
        prices = [self.price(one) for one in (name, *self._settings.fallbacks)]
        known = [price for price in prices if price is not None]
        if len(known) < len(prices):
            return None
        return Price(input=max(p.input for p in known), output=max(p.output for p in known))
