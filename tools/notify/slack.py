"""A chat that takes Slack's incoming webhooks: Slack itself, Mattermost, Rocket.Chat and others."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from library.notices import Telling
from tools.notify.outgoing import WayOut, post

MOST_TITLE, MOST_TEXT = 150, 3000  # characters that a block takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A channel of a chat; its URL is its secret. place: the setting it comes from."""

    place: str
    url: str
    way: WayOut

    async def send(self, key: str, telling: Telling, *, at: datetime) -> None:
        """Send it once; the chat itself does not look at the id. Undelivered where it was not taken."""
        headers = {"Content-Type": "application/json", "User-Agent": "promptkeeper", "webhook-id": key}
        body = json.dumps(message_of(telling), ensure_ascii=False).encode()
        await post(self.url, body, headers, self.way, place=self.place)


def message_of(telling: Telling) -> dict[str, Any]:
    """`text` for notifications and simple receivers, `blocks` for those that lay messages out."""
    title, text = escaped(telling.title), escaped(telling.text)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": telling.title[:MOST_TITLE]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": text[:MOST_TEXT] or title}},
    ]
    if telling.link:
        link = f"<{telling.link}|Open {escaped(telling.subject)}>"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    about = f"{telling.event} · {escaped(telling.prompt)} · {telling.at:%Y-%m-%d %H:%M} UTC"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": about}]})
    plain = "\n".join(part for part in (f"*{title}*", text, telling.link) if part)
    return {"text": plain, "blocks": blocks, "unfurl_links": False}


def escaped(text: str) -> str:
    """Text in which nothing is a link, a mention or markup of the chat."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
