"""The server's messenger: reads the audit log on for each channel, and has what is due sent by a child process.

Collecting is a little SQL and done here; sending waits for machines that nobody knows, so it happens elsewhere.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.channel_settings import ChannelSection
from agent.entrypoints.scheduler import Children
from agent.notifying.collecting import collect
from library.errors import PromptkeeperError
from library.store.stores import Library

log = logging.getLogger("promptkeeper.background")


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Notifies by the channels of the settings. public_url: of the pages, for links."""

    library: Library
    channels: Mapping[str, ChannelSection]
    public_url: str
    children: Children
    now: Callable[[], datetime]

    def __call__(self) -> None:
        """One round; what goes wrong is told to the log, and the next round tries again."""
        try:
            self._round()
        except (OSError, PromptkeeperError) as error:
            log.error("notices: %s", error)

    def _round(self) -> None:
        # Also where there is no channel: one that is out of the settings must be forgotten.
        collect(self.library, self.channels, public_url=self.public_url, now=self.now())
        if not self.library.notices.due(self.channels, now=self.now()):
            return
        done = self.children.run("notices", "send")
        said = " ".join((done.stdout or done.stderr).split())[-300:]
        (log.info if done.returncode == 0 else log.error)("notices: %s", said or f"exit code {done.returncode}")
