"""The rulebook: every threshold the product decides by, read strictly from one reviewable YAML file."""

import math
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from library.canaries import check_steps
from library.errors import InputError
from policies.health.evidence import ScanSettings
from policies.sampling import RepeatRules


class Rules(BaseModel):
    """A section: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Share = Field(ge=0, le=1)


class HealthRules(Rules):
    """What the monitor promises; the names are those of `policies.health.evidence.ScanSettings`."""

    look_steps: int = Field(ge=1)
    alpha: float = Field(gt=0, lt=0.5)
    watch_alpha: float = Field(gt=0, lt=0.5)
    looks: int = Field(ge=1)
    look_scores: int = Field(ge=1)
    look_patience: int = Field(ge=1)
    look_period: int = Field(ge=1)
    n_base: int = Field(ge=10)
    min_segment: int = Field(ge=10)
    min_effect: float = Share
    min_effect_relative: float = Share
    floor_scores: int = Field(ge=0)
    fdr: float = Field(gt=0, lt=0.5)
    fdr_small: float = Field(gt=0, lt=0.5)
    small_fleet: int = Field(ge=1)

    @property
    def settings(self) -> ScanSettings:
        """The same values as the scan takes them."""
        return ScanSettings(**self.model_dump(exclude={"look_steps", "min_effect_relative"}))

    @property
    def relative(self) -> ScanSettings:
        """The same for time and money, which are scored on a logarithmic scale."""
        return replace(self.settings, min_effect=self.min_effect_relative)


class HarvestRules(Rules):
    """How traces of an incident become test items."""

    max_items: int = Field(ge=20)
    max_earlier_items: int = Field(ge=0)
    trusted_sources: tuple[str, ...]


class TeacherRules(Rules):
    """What one request to the teacher may hold."""

    failing_examples: int = Field(ge=1)
    passing_examples: int = Field(ge=0)
    free_failing_examples: int = Field(ge=1)
    free_passing_examples: int = Field(ge=0)
    field_characters: int = Field(ge=50)
    request_characters: int = Field(ge=1000)
    free_request_characters: int = Field(ge=1000)
    similar_failures: int = Field(ge=0)
    earlier_attempts: int = Field(ge=0)
    bad_answers: int = Field(ge=0)
    repairs: int = Field(ge=0)


class SearchRules(Rules):
    """How long and how widely a cycle looks for a better prompt."""

    max_rounds: int = Field(ge=1)
    patience: int = Field(ge=1)
    strategies: tuple[str, ...] = Field(min_length=1)
    candidates: int = Field(ge=1, le=20)
    race_items: int = Field(ge=6)
    race_confidence: float = Field(gt=0.5, lt=1)
    same_idea: float = Field(gt=0, le=1)
    recall_similarity: float = Share
    recall_items: int = Field(ge=1)
    ablation_calls: int = Field(ge=0)
    doubt_calls: int = Field(ge=0)
    target: float = Share
    min_gain_items: float = Field(ge=0)
    select_items: int = Field(ge=1)
    gate_items: int = Field(ge=1)
    duplicate_similarity: float = Share


class OproRules(Rules):
    """How much the strategy `opro` asks for and shows."""

    candidates: int = Field(ge=1, le=20)
    trajectory: int = Field(ge=1)
    exemplars: int = Field(ge=0)
    score_items: int = Field(ge=1)


class StrategyRules(Rules):
    """The numbers of single strategies, by their names."""

    opro: OproRules


class AcceptanceRules(Rules):
    """When a candidate counts as proven better."""

    alpha: float = Field(gt=0, lt=0.5)
    life_error: float = Field(gt=0, lt=1)
    gate_looks: int = Field(ge=1)
    power: float = Field(gt=0.5, lt=1)
    min_effect: float = Share
    margin: float = Field(gt=0, le=1)
    protected_margin: float = Field(gt=0, le=1)
    max_excluded: float = Share
    min_pairs: int = Field(ge=6)
    max_golden_loss: float = Share
    judge_agreement: float = Share
    asked_again: int = Field(ge=1)
    least_asked_again: int = Field(ge=2)


class DiagnosisRules(Rules):
    """When something other than the prompt is to blame, and what is told of the failures."""

    cause_z: float = Field(gt=0)
    min_cause_share: float = Share
    max_calls: int = Field(ge=100)
    max_peers: int = Field(ge=0)
    min_kind_share: float = Share
    max_kinds: int = Field(ge=1)


class OnlineRules(Rules):
    """How new traffic is judged without a reference; `policies.sampling` has the words."""

    judge_share: float = Share
    repeat_similarity: float = Share
    repeat_minutes: float = Field(gt=0, le=24 * 60)
    field_characters: int = Field(ge=50)
    request_characters: int = Field(ge=1000)
    bad_answers: int = Field(ge=0)
    judge_tries: int = Field(ge=1)
    judge_hours: float = Field(gt=0)
    round_minutes: float = Field(gt=0)

    @property
    def repeat(self) -> RepeatRules:
        """The same values as the reading of sessions takes them."""
        return RepeatRules(similarity=self.repeat_similarity, window=timedelta(minutes=self.repeat_minutes))


class ProposalRules(Rules):
    """How long a proposal waits."""

    expire_days: int = Field(ge=1)
    author_may_approve: bool


class PrivacyRules(Rules):
    """What of production text is kept, and how long; a prompt of its own may be named under `prompts`."""

    redact: Literal["none", "secrets", "all"]
    keep_days: int = Field(ge=0)
    prompts: dict[str, int] = {}

    def days(self, prompt: str) -> int:
        """How many days traces of a prompt are kept; 0: for ever."""
        return self.prompts.get(prompt, self.keep_days)


class RunRules(Rules):
    """How long a claim lasts without a sign of life, and how long the background rests after a fruitless cycle."""

    lease_seconds: int = Field(ge=5)
    rest_hours: int = Field(ge=0)


class NotificationRules(Rules):
    """How hard it is tried to deliver a notice, and how long it is kept. Times in seconds and days."""

    tries: int = Field(ge=1, le=50)
    first_wait_seconds: float = Field(gt=0)
    growth: float = Field(ge=1, le=10)
    longest_wait_seconds: float = Field(gt=0)
    timeout_seconds: float = Field(gt=0, le=60)
    lease_seconds: float = Field(ge=300)
    max_parallel: int = Field(ge=1, le=64)
    round_seconds: float = Field(ge=1)
    keep_days: int = Field(ge=1)

    def wait(self, tried: int, chance: float) -> timedelta:
        """The wait after so many failed tries. chance: evenly in [0, 1), so that what failed together parts."""
        # The exponent is held down because a float has an end; the longest wait is reached long before.
        step = min(self.longest_wait_seconds, self.first_wait_seconds * self.growth ** min(tried - 1, 60))
        return timedelta(seconds=step * (0.5 + 0.5 * chance))


class ReleaseRules(Rules):
    """How an approved version goes out; `policies.rollout.ReleaseTerms` has the words of the judgement."""

    staged: Literal["live", "always", "never"]
    steps: tuple[int, ...]
    min_scores: int = Field(ge=20)
    max_days: int = Field(ge=1)
    live_days: int = Field(ge=1)
    silent_hours: int = Field(ge=1)
    promote: Literal["automatic", "second_signature"]
    approver_may_promote: bool
    cache_seconds: int = Field(ge=0, le=3600)
    alpha: float = Field(gt=0, lt=0.5)
    doubt: float = Field(gt=0, lt=1)
    margin: float = Field(gt=0, le=1)
    margin_relative: float = Field(gt=0, le=1)

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return check_steps(steps, "release.steps")
        except InputError as error:
            raise ValueError(f"{error.thing}: let them rise and end at 100") from error

    @property
    def shares(self) -> tuple[int, ...]:
        """The steps at which both arms are compared: those below 100 percent."""
        return self.steps[:-1]

    @property
    def needed_calls(self) -> int:
        """Scored calls of the whole prompt until every step has had its scores."""
        return math.ceil(sum(self.min_scores * 100 / share for share in self.shares))


class Rulebook(Rules):
    """The whole book."""

    version: int = Field(ge=1, le=1)
    health: HealthRules
    harvest: HarvestRules
    teacher: TeacherRules
    search: SearchRules
    strategies: StrategyRules
    acceptance: AcceptanceRules
    diagnosis: DiagnosisRules
    online: OnlineRules
    proposals: ProposalRules
    release: ReleaseRules
    privacy: PrivacyRules
    runs: RunRules
    notifications: NotificationRules


@cache
def _shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((files("policies") / "packs" / "rulebook.yaml").read_text(encoding="utf-8"))
    return loaded


def read_rulebook(text: str | None, place: str) -> Rulebook:
    """The shipped rulebook with the values of a project's own file laid over it; InputError names file and key."""
    try:
        own = yaml.safe_load(text) if text else {}
    except yaml.YAMLError as error:
        raise InputError(
            f"not readable as YAML ({' '.join(str(error).split())})", place, "Correct the file."
        ) from error
    if own is None:
        own = {}
    if not isinstance(own, dict):
        raise InputError("the rulebook is not a table of sections", place, "Write 'section:' and indented values.")
    merged: dict[str, Any] = {}
    for section in sorted({*_shipped(), *own}, key=str):
        shipped, mine = _shipped().get(section, {}), own.get(section, _shipped().get(section, {}))
        merged[str(section)] = {**shipped, **mine} if isinstance(shipped, dict) and isinstance(mine, dict) else mine
    try:
        return Rulebook.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"rule '{key}': {first['msg']}", place, "Correct the value.") from error


@cache
def shipped() -> Rulebook:
    """The rulebook as shipped."""
    return read_rulebook(None, "pack:rulebook")
