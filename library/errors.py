"""The errors of the product: one line each, naming the thing, the place and the mend.

PromptkeeperError
├── InputError        wrong use or bad input                       exit 2
│   └── NotFound      the thing named does not exist               exit 2
├── Refused           the answer is no                             exit 1
│   ├── Stale         what was shown is no longer what is stored   exit 1
│   ├── ClaimHeld     another cycle works on the prompt            exit 1
│   └── ClaimLost     a write of a cycle that was taken over       exit 1
└── Outage            a provider, store or judge is unreachable    exit 3
    └── BudgetSpent   a money or call budget is used up            exit 3
"""


class PromptkeeperError(Exception):
    """An error a person can act on.

    thing: what is wrong; place: where (file and line, setting, prompt name); mend: what to do about it.
    """

    exit_code = 2

    def __init__(self, thing: str, place: str = "", mend: str = "") -> None:
        self.thing, self.place, self.mend = thing, place, mend
        super().__init__(thing, place, mend)

    def __str__(self) -> str:
        line = f"{self.place}: {self.thing}" if self.place else self.thing
        return " ".join(f"{line}. {self.mend}".split()) if self.mend else " ".join(line.split())


class InputError(PromptkeeperError):
    """Wrong use or bad input: nothing was changed."""


class NotFound(InputError):
    """The named thing does not exist."""


class Refused(PromptkeeperError):
    """A rule of the product says no."""

    exit_code = 1


class Stale(Refused):
    """The decision was made on content, a label or a state that has moved since."""


class ClaimHeld(Refused):
    """Another cycle holds the claim on this prompt."""


class ClaimLost(Refused):
    """A write carried an old fencing number: the run was taken over."""


class Outage(PromptkeeperError):
    """Something outside is down: a provider, a server, a store."""

    exit_code = 3


class BudgetSpent(Outage):
    """A budget is used up; nothing was sent."""
