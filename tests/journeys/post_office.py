"""A library with channels around it: what happens in it is told to receivers on loopback."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.channel_settings import ChannelSection
from agent.notifying.channels import open_channel
from agent.notifying.collecting import collect
from agent.notifying.delivering import Delivered, Post, deliver
from library.canaries import Canary
from library.incidents import Degradation, Incident
from library.prompts import Actor, Content
from library.proposals import Proposal
from library.runs import Attempt
from library.store.stores import Library
from policies.rulebook import read_rulebook

START = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
ADA = Actor(name="ada", kind="local", reviewer=True)
NAME = "support/triage"
SECRET = "a-secret-of-more-than-24-bytes"
TEXT = "Sort {{mail}} by topic and urgency."
PACKET = {"comparison": {"gain": 0.08, "low": 0.03, "high": 0.13, "n": 120, "excluded": 2}}


@dataclass
class Office:
    """The library, its channels, and a clock that tests move."""

    library: Library
    channels: dict[str, ChannelSection] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=lambda: {"SECRET": SECRET})
    public_url: str = "https://prompts.example.org/"
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def later(self, **units: float) -> None:
        self.at += timedelta(**units)

    def webhook(self, name: str, url: str, **more: object) -> None:
        """A signed webhook, by default one that may be on loopback."""
        said = {"kind": "webhook", "url": url, "secret_env": "SECRET", "allow_private": True} | more
        self.channels[name] = ChannelSection.model_validate(said)

    def collect(self) -> int:
        return collect(self.library, self.channels, public_url=self.public_url, now=self.at)

    async def deliver(self, rules: Mapping[str, object] | None = None) -> Delivered:
        """Everything that is due, under the shipped rules with these laid over them."""
        book = read_rulebook(None, "shipped").notifications.model_copy(update=dict(rules or {}))

        def open_it(name: str):
            return open_channel(name, self.channels[name], self.environ, timeout_s=book.timeout_seconds)

        post = Post(
            library=self.library,
            names=frozenset(self.channels),
            open_channel=open_it,
            rules=book,
            now=self.now,
            rng=random.Random(7),
        )
        return await deliver(post)

    def prompt(self, name: str = NAME) -> None:
        """A prompt with two versions, the first one in production."""
        self.library.prompts.create(name, actor=ADA, now=self.at)
        for text in ("Sort {{mail}}.", "Sort {{mail}} by topic."):
            self.library.prompts.add_version(name, Content(text=text), actor=ADA, now=self.at)
        self.library.prompts.move_label(name, "production", 1, expected=None, actor=ADA, reason="first", now=self.at)

    def incident(self, name: str = NAME, **more: object) -> Incident:
        """A degradation is found."""
        said = {
            "metric": "exact_match",
            "evaluator": "programmatic",
            "revision": "1",
            "detected_at": self.at,
            "onset": self.at - timedelta(hours=6),
            "onset_earliest": self.at - timedelta(hours=8),
            "onset_latest": self.at - timedelta(hours=5),
            "before": 0.9,
            "after": 0.7,
            "effect": 0.2,
            "effect_low": 0.12,
            "effect_high": 0.28,
            "n_before": 400,
            "n_after": 180,
            "evidence": 14.5,
            "threshold": 9.2,
            "segment": "billing",
            "segments": (),
        }
        return self.library.incidents.open(name, 1, Degradation(**said | more), now=self.at)

    def propose(self, name: str = NAME, *, text: str = TEXT, incident_id: int | None = None) -> Proposal:
        """A cycle ends with a proposal."""
        library = self.library
        claim, _, _ = library.runs.claim(
            name, owner="worker", trigger="force", incident_id=incident_id, base_version=1, seed=7,
            lease=timedelta(minutes=5), now=self.at,
        )  # fmt: skip
        content = Content(text=text)
        attempt = Attempt(
            run_id=claim.run_id, number=1, round=1, prompt=name, strategy="rewrite", hypothesis="Name the urgency.",
            content=content, content_hash=content.hash, state="tested", reason="", result={}, created_at=self.at,
        )  # fmt: skip
        library.runs.save_attempt(claim, attempt)
        proposal = library.proposals.create(
            claim, prompt=name, label="production", attempt_number=1, incident_id=incident_id,
            base=library.prompts.version(name, 1), content=content, policy_digest="sha256:x", packet=PACKET,
            now=self.at, expires_at=self.at + timedelta(days=14),
        )  # fmt: skip
        library.runs.finish(
            claim, state="finished", stop_reason="proposed", detail="", proposal_id=proposal.id, now=self.at
        )
        return proposal

    def canary(self) -> Canary:
        """Version 2 is released in steps."""
        version = self.library.prompts.version(NAME, 2)
        return self.library.canaries.start(version, label="production", steps=(5, 50, 100), actor=ADA, now=self.at)
