"""The shape of a policy file and of a pack: which keys there are and what they hold."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policies.verdict import Severity

LEVELS = ("warn", "flag", "block")
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class Shape(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProtectedShape(Shape):
    """One clause under `protected`."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    text: Text | None = None
    contains_all: tuple[Text, ...] = ()
    mode: Literal["verbatim", "equivalent", "presence"] = "equivalent"
    context: Literal["live", "any"] = "live"
    why: str = ""
    severity: Literal["flag", "block"] = "block"

    @model_validator(mode="after")
    def _one_of_two(self) -> "ProtectedShape":
        if bool(self.text) == bool(self.contains_all):
            raise ValueError("give either 'text' or 'contains_all'")
        return self


class VariablesShape(Shape):
    """The section `variables`."""

    required: tuple[Text, ...] = ()
    optional: tuple[Text, ...] = ()


class ContractShape(Shape):
    """The section `contract`."""

    tools: tuple[Text, ...] = ()
    json_keys: tuple[Text, ...] = ()
    enums: dict[str, tuple[Text, ...]] = {}
    sentinel: tuple[Text, ...] = ()


class BudgetShape(Shape):
    """The section `budget`."""

    max_chars: Annotated[int, Field(gt=0)] | None = None
    max_growth: Annotated[float, Field(gt=0)] | None = None


class LexiconShape(Shape):
    """The section `lexicon`."""

    forbidden: tuple[Text, ...] = ()
    must_keep: tuple[Text, ...] = ()


class UrlsShape(Shape):
    """The section `urls`."""

    allow: tuple[Text, ...] = ()


class ModelsShape(Shape):
    """The section `models`."""

    allow: tuple[Text, ...] = ()


class WaiverShape(Shape):
    """One entry under `waivers`."""

    rule: Text
    candidate: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    reason: Text
    by: Text
    expires: date


class RowShape(Shape):
    """One good or bad example of a pack's check."""

    current: Text
    candidate: Text
    metadata: dict[str, Any] = {}
    current_config: dict[str, Any] = {}
    candidate_config: dict[str, Any] = {}


class CheckShape(Shape):
    """One check of a pack."""

    about: Text
    level: Severity | None = None
    good: Annotated[tuple[RowShape, ...], Field(min_length=1)]
    bad: Annotated[tuple[RowShape, ...], Field(min_length=1)]


class PolicyFile(Shape):
    """The shape of a policy file and of a pack (a pack has `pack` and `checks`, and no `extends`)."""

    version: Literal[1]
    pack: str | None = None
    checks: dict[str, CheckShape] = {}
    extends: tuple[str, ...] | None = None
    prompt: str | None = None
    owners: tuple[Text, ...] = ()
    protected: tuple[ProtectedShape, ...] = ()
    variables: VariablesShape = VariablesShape()
    contract: ContractShape = ContractShape()
    budget: BudgetShape = BudgetShape()
    lexicon: LexiconShape = LexiconShape()
    urls: UrlsShape = UrlsShape()
    models: ModelsShape = ModelsShape()
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None
    rules: dict[str, Severity] = {}
    synonyms: tuple[Annotated[tuple[Text, ...], Field(min_length=2)], ...] = ()
    waivers: tuple[WaiverShape, ...] = ()
