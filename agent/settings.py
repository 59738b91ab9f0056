"""Settings: `promptkeeper.toml`, each value overridable by an environment variable `PROMPTKEEPER_SECTION__KEY`.

Keys of providers come from the environment only; the names of their variables come from the file only.
Relative paths are relative to the folder of the file.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.channel_settings import Channels
from library.errors import InputError, NotFound

FILE_NAME = "promptkeeper.toml"
PREFIX = "PROMPTKEEPER_"
HOME = ".promptkeeper"
DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
LISTS = frozenset({"fallbacks", "events", "prompts", "to"})
"""Settings that hold several values; in an environment variable there are commas between them."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LibrarySection(Section):
    """Where the library lives."""

    url: str = f"sqlite:///{HOME}/library.db"


class MemorySection(Section):
    """Where the failure memory lives and how texts become vectors."""

    path: str = f"{HOME}/memory"
    url: str = ""
    embedding: str = "lexical"


class ModelSection(Section):
    """One model: any litellm name. rpm and tpm are requests and tokens a minute; prices are US dollars."""

    model: str = ""
    api_base: str | None = None
    api_key_env: str | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    rpm: int | None = Field(default=None, ge=1)
    tpm: int | None = Field(default=None, ge=1)
    max_parallel: int = Field(default=8, ge=1, le=512)
    fallbacks: tuple[str, ...] = ()
    timeout_s: float = Field(default=60.0, gt=0)
    retries: int = Field(default=4, ge=0, le=10)
    input_usd_per_million: float | None = Field(default=None, ge=0)
    output_usd_per_million: float | None = Field(default=None, ge=0)


class ModelsSection(Section):
    """The models by what they do; an empty judge means none, an empty chat that answers are computed without one."""

    student: ModelSection = ModelSection(model="embedded/student", max_parallel=64)
    teacher: ModelSection = ModelSection(model="embedded/teacher", max_parallel=4)
    judge: ModelSection = ModelSection()
    chat: ModelSection = ModelSection()


class ScheduleSection(Section):
    """How often the background looks at every prompt."""

    every: str = "15m"

    @field_validator("every")
    @classmethod
    def _is_duration(cls, value: str) -> str:
        if not DURATION.fullmatch(value.strip()):
            raise ValueError("write a number and one of s, m, h, d, such as 15m")
        return value

    @property
    def interval(self) -> timedelta:
        """The time between two sweeps."""
        return parse_duration(self.every, "[schedule] every")


class BudgetSection(Section):
    """Caps; None is no cap. Those with `online` in their names are for judging live traffic, per UTC day."""

    usd_per_cycle: float | None = Field(default=None, ge=0)
    usd_per_day: float | None = Field(default=None, ge=0)
    calls_per_cycle: int | None = Field(default=20_000, ge=1)
    usd_online_per_day: float | None = Field(default=None, ge=0)
    calls_online_per_day: int | None = Field(default=2_000, ge=1)


class PolicySection(Section):
    """Where policy files of prompts and the rulebook live: `<path>/<prompt name>.yaml`, `<path>/rulebook.yaml`."""

    path: str = "policies"


class MetricsSection(Section):
    """The project's own metrics: name to `file.py:function` or `module:function`; timeout_s: seconds for one call."""

    functions: dict[str, str] = {}
    timeout_s: float = Field(default=10.0, gt=0, le=600)


class ServerSection(Section):
    """Where `promptkeeper serve` listens. names: hosts that people type, where it is not only loopback.

    public_url: the address of the pages as people reach them, for links in notifications; empty: no links.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65535)
    names: tuple[str, ...] = ()
    session_hours: float = Field(default=12.0, gt=0, le=24 * 30)
    body_mb: int = Field(default=16, ge=1, le=256)
    public_url: str = Field(default="", pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")


class WorkerSection(Section):
    """How `promptkeeper worker` works. heartbeat_s: seconds between signs of life; after three without one a worker is
    gone. grace_s: seconds that running cycles have when it is told to stop."""

    heartbeat_s: float = Field(default=10.0, ge=0.1, le=600)
    grace_s: float = Field(default=20.0, ge=0, le=86_400)


class McpSection(Section):
    """What agents may ask of `promptkeeper mcp`. approve: a person may sign there, after being shown the change."""

    approve: bool = False


class TelemetrySection(Section):
    """Where spans of our own cycles go: the address of an OTLP/HTTP collector, such as http://127.0.0.1:4318. Empty:
    nowhere."""

    otlp_endpoint: str = Field(default="", pattern=r"^(https?://[^\s?#@]+)?$")


class Settings(Section):
    """Everything that can be set. root: the folder of the file, the base of relative paths."""

    root: Path = Path()
    library: LibrarySection = LibrarySection()
    memory: MemorySection = MemorySection()
    models: ModelsSection = ModelsSection()
    schedule: ScheduleSection = ScheduleSection()
    budget: BudgetSection = BudgetSection()
    policies: PolicySection = PolicySection()
    metrics: MetricsSection = MetricsSection()
    server: ServerSection = ServerSection()
    worker: WorkerSection = WorkerSection()
    mcp: McpSection = McpSection()
    telemetry: TelemetrySection = TelemetrySection()
    notify: Channels = {}

    @property
    def library_url(self) -> str:
        """The database URL with a relative SQLite path made absolute."""
        prefix = "sqlite:///"
        url = self.library.url
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str((self.root / url.removeprefix(prefix)).absolute())
        return url

    def share(self, parts: int) -> "Settings":
        """The settings of one of so many that work at once: every model's rpm and tpm divided, 1 at the least."""

        def divided(section: ModelSection) -> ModelSection:
            limits = {"rpm": section.rpm, "tpm": section.tpm}
            return section.model_copy(
                update={key: max(1, limit // parts) for key, limit in limits.items() if limit is not None}
            )

        roles = {name: divided(getattr(self.models, name)) for name in type(self.models).model_fields}
        return self.model_copy(update={"models": self.models.model_copy(update=roles)})

    def path(self, relative: str) -> Path:
        """A path of the settings, absolute."""
        return (self.root / relative).absolute()


def parse_duration(text: str, place: str) -> timedelta:
    """`15m`, `6h`, `2d`, `30s` as a time span, else InputError at place."""
    match = DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise InputError(f"'{text}' is not a time span", place, "Write a number and one of s, m, h, d, such as 15m.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def find_root(start: Path) -> Path:
    """The nearest folder, from start upwards, that holds the settings file."""
    for folder in [start, *start.parents]:
        if (folder / FILE_NAME).is_file():
            return folder
    raise NotFound(f"no {FILE_NAME} here or above", str(start), "Run 'promptkeeper init' first, or change the folder.")


def load_settings(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a folder; every mistake is one line with the file and the key."""
    file = root / FILE_NAME
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the settings cannot be read ({error})", str(file), "Correct the file.") from error
    _override(values, os.environ if environ is None else environ)
    try:
        return Settings.model_validate({**values, "root": root})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"setting '{key}': {first['msg']}", str(file), "Correct the value.") from error


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        *tables, key = name.removeprefix(PREFIX).lower().split("__")
        at = values
        for table in tables:
            at = at.setdefault(table, {})
            if not isinstance(at, dict):
                raise InputError(f"'{table}' is not a table of settings", name, "Correct the variable's name.")
        # An empty text takes a setting away: PROMPTKEEPER_BUDGET__USD_PER_DAY= is "no cap".
        at[key] = [] if key in LISTS and not text else text.split(",") if key in LISTS else (text or None)
        if at[key] is None and key in {"model", "url"}:
            at[key] = ""
