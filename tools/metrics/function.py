"""Metric `function`: a function of the user's own, named in the settings. `tools.functions` runs it."""

from dataclasses import dataclass

from library.datasets import Item
from tools.functions import Functions
from tools.metrics.judgement import Judgement, Metric, failed, revision_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What a function of `[metrics.functions]` says of the answer. Its code is in no prompt: only its name is.

    edition: whatever changes when the function judges otherwise; it is part of the revision, since nobody can see
    that from outside. expected: whether it needs an expected answer.
    """

    function: str
    edition: str = ""
    expected: bool = True

    name = "function"

    @property
    def needs_expected(self) -> bool:
        """As the specification says."""
        return self.expected

    @property
    def revision(self) -> str:
        """Of the parameters; see `edition`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Nothing: without the settings there is only a name."""
        return failed(f"function '{self.function}' is not connected")


class Called:
    """The metric with its process behind it."""

    name = Function.name
    off_loop = True

    def __init__(self, spec: Function, functions: Functions) -> None:
        functions.check(spec.function)
        self._spec, self._functions = spec, functions
        self.needs_expected = spec.expected

    @property
    def revision(self) -> str:
        """See `Function`."""
        return self._spec.revision

    def judge(self, output: str, item: Item) -> Judgement:
        """What the function answers; blocks meanwhile."""
        return self._functions.judge(self._spec.function, output, item)


def with_functions(metric: Metric, functions: Functions) -> Metric:
    """The metric, ready to judge: a `function` is connected to its process; InputError where none is declared."""
    return Called(metric, functions) if isinstance(metric, Function) else metric
