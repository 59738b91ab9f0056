"""Why a notice did not arrive, typed, so that only what may succeed later is tried again."""

from library.errors import Outage


class Undelivered(Outage):
    """A try failed. hopeless: the next one would end the same; retry_after: seconds the receiver asked us to wait."""

    def __init__(
        self, thing: str, place: str, mend: str, *, hopeless: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(thing, place, mend)
        self.hopeless = hopeless
        self.retry_after = retry_after
