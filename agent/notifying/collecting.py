"""Lines of the audit log become notices: of each channel exactly those that it asked for, each of them once."""

from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex

from agent.channel_settings import ChannelSection
from agent.notifying.channels import wants
from agent.notifying.wording import event_of, telling_or_less
from library.notices import Telling
from library.store.stores import Library


def collect(library: Library, channels: Mapping[str, ChannelSection], *, public_url: str, now: datetime) -> int:
    """Read the audit log on from where each channel stands; how many notices were stored.

    A channel that is new begins at the end of the log. Safe in several processes at once: the first one wins.
    """
    stored = 0
    cursors = dict(library.notices.follow(channels, now=now))
    while cursors and (lines := library.audit.events(after=min(cursors.values()))):
        told = [
            (line.number, telling)
            for line in lines
            if event_of(line) is not None
            and (telling := telling_or_less(line, library, public_url=public_url)) is not None
        ]
        upto = lines[-1].number
        for name, seen in sorted(cursors.items()):
            if seen >= upto:
                continue
            mine = _for(channels[name], told, seen)
            if library.notices.write(name, mine, seen=seen, upto=upto, now=now):
                stored += len(mine)
            cursors[name] = upto
    return stored


def _for(section: ChannelSection, told: list[tuple[int, Telling]], seen: int) -> list[tuple[int, str, Telling]]:
    return [(n, f"notice_{token_hex(16)}", telling) for n, telling in told if n > seen and wants(section, telling)]
