"""Proposals in the database: the queue that waits for people, and their decisions, each one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.errors import InputError, Stale
from library.prompts import Actor, Content, Version
from library.proposals import Proposal, ProposalState, check_fresh, check_move
from library.runs import Claim
from library.store import labels
from library.store.audit import append
from library.store.canary_rows import begin, give_way, note_ended, note_started
from library.store.engine import Database
from library.store.incidents import settle
from library.store.proposal_rows import (
    change,
    check_person,
    close,
    insert,
    lock_moved,
    lock_pending,
    lock_proposal,
    mark_attempt,
    of_run,
    one,
    some,
    supersede,
)
from library.store.runs import hold
from library.store.versions import insert_version, lock_prompt


class ProposalStore:
    """Proposals of all prompts. Raises NotFound for an unknown id, Stale for a decision that comes too late."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def create(
        self,
        claim: Claim,
        *,
        prompt: str,
        label: str,
        attempt_number: int,
        incident_id: int | None,
        base: Version,
        content: Content,
        policy_digest: str,
        packet: Mapping[str, Any],
        now: datetime,
        expires_at: datetime,
    ) -> Proposal:
        """Put an attempt of the claimed run into the queue; a run has one proposal, so a second call returns it.

        Older pending proposals for the same prompt and label are superseded. packet: plain JSON.
        """
        row = {
            "prompt": prompt,
            "label": label,
            "run_id": claim.run_id,
            "attempt_number": attempt_number,
            "incident_id": incident_id,
            "base_version": base.number,
            "base_hash": base.content_hash,
            "content": content.to_json(),
            "content_hash": content.hash,
            "policy_digest": policy_digest,
            "state": "pending",
            "packet": dict(packet),
            "created_at": now,
            "expires_at": expires_at,
            "comment": "",
        }
        with self._db.write() as connection:
            hold(connection, claim)
            lock_prompt(connection, prompt)
            stored = of_run(connection, claim.run_id)
            if stored is not None:
                return stored
            older = supersede(connection, prompt, label, now=now)
            new = insert(connection, row)
            mark_attempt(connection, new, "proposed")
            freed = {p.incident_id for p in older if p.incident_id is not None} - {incident_id}
            settle(connection, freed, "open", now=now)
            settle(connection, _incidents(new), "proposed", now=now)
            for gone in older:
                self._audit(connection, gone, "superseded", by=claim.owner, at=now, detail={"by": new.id})
            detail = {"content_hash": new.content_hash, "superseded": [p.id for p in older]}
            self._audit(connection, new, "created", by=claim.owner, at=now, detail=detail)
        return new

    def get(self, id: int) -> Proposal:
        """One proposal by id."""
        with self._db.read() as connection:
            return one(connection, id)

    def list(self, *, state: ProposalState | None = None, prompt: str | None = None) -> tuple[Proposal, ...]:
        """Proposals in a state or any, of a prompt or all, newest first."""
        with self._db.read() as connection:
            return some(connection, state=state, prompt=prompt)

    def approve(
        self,
        id: int,
        *,
        content_hash: str,
        actor: Actor,
        now: datetime,
        comment: str = "",
        steps: tuple[int, ...] = (),
        release: str = "",
    ) -> tuple[Proposal, Version]:
        """Release what was shown: add the version, move the label, close proposal, attempt and incident, or nothing.

        content_hash: of the content the reviewer saw. steps: shares in percent of a release in steps; then the label
        stays, a canary begins, and attempt and incident wait for how it ends. A canary that runs gives way. release:
        why in steps or at once, for the record. Raises Stale when the proposal is decided or expired, the label has
        moved or the content differs, and Refused when the actor may not move the label.
        """
        with self._db.write() as connection:
            seen = one(connection, id)
            lock_prompt(connection, seen.prompt)
            proposal = lock_proposal(connection, id)
            check_move(proposal, "approved")
            labels.check_actor(proposal.label, actor)
            current = labels.points_at(connection, proposal.prompt, proposal.label)
            check_fresh(proposal, content_hash=content_hash, label_version=current, now=now)
            note = f"proposal {id}"
            version = insert_version(connection, proposal.prompt, proposal.content, actor=actor, now=now, note=note)
            put = self._begin if steps else self._move
            done = put(connection, proposal, version, actor=actor, now=now, comment=comment, steps=steps)
            detail = {"content_hash": done.content_hash, "version": version.number, "comment": comment}
            detail |= {"release": release} if release else {}
            self._audit(connection, done, "approved", by=actor.name, at=now, detail=detail)
        return done, version

    def _move(
        self,
        connection: sa.Connection,
        proposal: Proposal,
        version: Version,
        *,
        actor: Actor,
        now: datetime,
        comment: str,
        steps: tuple[int, ...],
    ) -> Proposal:
        """The label moves at once."""
        move = labels.move(
            connection,
            prompt=proposal.prompt,
            label=proposal.label,
            version=version.number,
            actor=actor,
            reason=comment or f"proposal {proposal.id}",
            now=now,
            proposal_id=proposal.id,
        )
        gone = give_way(connection, proposal.prompt, proposal.label, to=version.number, by=actor.name, now=now)
        done = close(connection, proposal, "approved", by=actor.name, now=now, comment=comment, version=version.number)
        settle(connection, _incidents(done), "resolved", now=now)
        labels.append_move(connection, self._key, move)
        note_ended(connection, self._key, gone, now=now)
        return done

    def _begin(
        self,
        connection: sa.Connection,
        proposal: Proposal,
        version: Version,
        *,
        actor: Actor,
        now: datetime,
        comment: str,
        steps: tuple[int, ...],
    ) -> Proposal:
        """The label stays and a canary begins; attempt and incident follow when it ends."""
        labels.check_ahead(proposal.prompt, proposal.label, proposal.base_version, version.number)
        gone = give_way(connection, proposal.prompt, proposal.label, to=version.number, by=actor.name, now=now)
        canary = begin(connection, version, proposal=proposal, steps=steps, by=actor.name, now=now)
        decided = {"decided_at": now, "decided_by": actor.name, "comment": comment, "version": version.number}
        done = change(connection, proposal.id, state="approved", **decided)
        settle(connection, _incidents(done), "proposed", now=now)
        note_ended(connection, self._key, gone, now=now)
        note_started(connection, self._key, canary)
        return done

    def reject(self, id: int, *, actor: Actor, reason: str, now: datetime) -> Proposal:
        """Say no, with a reason that the teacher will read; the incident is open again."""
        return self._decline(id, "rejected", actor=actor, said=reason, now=now)

    def revise(self, id: int, *, actor: Actor, comment: str, now: datetime) -> Proposal:
        """Ask for changes; the next cycle starts with the comment, and the incident is open again."""
        return self._decline(id, "revision_requested", actor=actor, said=comment, now=now)

    def expire(self, *, now: datetime) -> tuple[int, ...]:
        """Close pending proposals that are past their date and return their ids; their incidents are open again."""
        with self._db.write() as connection:
            return self._retire(connection, lock_pending(connection, expired_at=now), "expired", now=now)

    def supersede_moved(self, *, now: datetime) -> tuple[int, ...]:
        """Close pending proposals whose label has left the version that they change; else the same as `expire`."""
        with self._db.write() as connection:
            return self._retire(connection, lock_moved(connection), "superseded", now=now)

    def _retire(
        self, connection: sa.Connection, waiting: Sequence[Proposal], to: ProposalState, *, now: datetime
    ) -> tuple[int, ...]:
        gone = [change(connection, p.id, state=to, decided_at=now) for p in waiting]
        settle(connection, {i for p in gone for i in _incidents(p)}, "open", now=now)
        for proposal in gone:
            self._audit(connection, proposal, to, by="library", at=now, detail={})
        return tuple(p.id for p in gone)

    def waive(self, id: int, finding: str, *, actor: Actor, reason: str, expires: datetime, now: datetime) -> Proposal:
        """Set a guardrail finding aside under a reviewer's name until a date: an entry of packet["waivers"]."""
        check_person(actor, f"proposal {id}", reviewer=True)
        if not reason.strip() or expires <= now:
            raise InputError("a waiver needs a reason and a date to come", f"proposal {id}", "Give both.")
        waiver = {
            "finding": finding,
            "actor": actor.name,
            "reason": reason,
            "expires": expires.isoformat(),
            "at": now.isoformat(),
        }
        with self._db.write() as connection:
            proposal = lock_proposal(connection, id)
            if proposal.state != "pending":
                raise Stale(f"the proposal is already {proposal.state}", f"proposal {id}", "Nothing was changed.")
            packet = {**proposal.packet, "waivers": [*proposal.packet.get("waivers", ()), waiver]}
            done = change(connection, id, packet=packet)
            self._audit(connection, done, "waived", by=actor.name, at=now, detail=waiver)
        return done

    def _decline(self, id: int, to: ProposalState, *, actor: Actor, said: str, now: datetime) -> Proposal:
        check_person(actor, f"proposal {id}")
        if not said.strip():
            raise InputError("the decision has no reason", f"proposal {id}", "Say why: the next attempt builds on it.")
        with self._db.write() as connection:
            proposal = lock_proposal(connection, id)
            check_move(proposal, to)
            done = close(connection, proposal, to, by=actor.name, now=now, comment=said)
            settle(connection, _incidents(done), "open", now=now)
            self._audit(connection, done, to, by=actor.name, at=now, detail={"comment": said})
        return done

    def _audit(
        self, connection: sa.Connection, proposal: Proposal, deed: str, *, by: str, at: datetime, detail: dict[str, Any]
    ) -> None:
        append(
            connection,
            self._key,
            at=at,
            actor=by,
            action=f"proposal.{deed}",
            subject=f"proposal {proposal.id}",
            detail={"prompt": proposal.prompt, "label": proposal.label, **detail},
        )


def _incidents(proposal: Proposal) -> set[int]:
    return set() if proposal.incident_id is None else {proposal.incident_id}
