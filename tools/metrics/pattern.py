"""Metric `regex`: the answer matches a pattern, within a time limit."""

from dataclasses import dataclass
from typing import Literal

import regex

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, failed, misformatted, revision_of, right

TIMEOUT_S = 0.25
"""Seconds one search may take: a pattern with runaway backtracking must not stop the whole evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex:
    """1 when the pattern is found in the answer (`search`) or covers all of it (`full`); else a format error.

    A pattern that runs into the time limit judges nothing.
    """

    pattern: str
    match: Literal["search", "full"] = "search"

    name = "regex"
    needs_expected = False

    def __post_init__(self) -> None:
        try:
            regex.compile(self.pattern)
        except regex.error as error:
            raise InputError(f"the pattern cannot be read ({error})", "metric regex", "Correct the pattern.") from error

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Match the answer, without the white space around it."""
        find = regex.search if self.match == "search" else regex.fullmatch
        try:
            found = find(self.pattern, output.strip(), timeout=TIMEOUT_S)
        except TimeoutError:
            return failed(f"the pattern took more than {TIMEOUT_S} s")
        return right("matches") if found else misformatted("the answer does not match the pattern")
