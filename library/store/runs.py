"""Runs in the database: who may work on a prompt, how far a cycle got, what it tried."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from library.errors import ClaimHeld, ClaimLost, NotFound
from library.prompts import Content
from library.runs import Attempt, Charge, Claim, Run, RunOptions, RunState, StopReason, Trigger
from library.store.audit import append
from library.store.engine import Database
from library.store.tables import attempts, calls, claims, runs
from library.store.upsert import upsert
from library.store.versions import require_prompt

_ATTEMPT_KEYS = ("run_id", "number")
_ATTEMPT_VALUES = tuple(c.name for c in attempts.c if c.name not in _ATTEMPT_KEYS)


def hold(connection: sa.Connection, claim: Claim) -> None:
    """Raise ClaimLost unless the claim is still the one in force; first statement of every write of a cycle.

    It locks the claim's row, so a takeover waits until this transaction has ended.
    """
    mine = (claims.c.prompt == claim.prompt) & (claims.c.fence == claim.fence) & (claims.c.run_id == claim.run_id)
    if connection.execute(claims.update().where(mine).values(fence=claims.c.fence)).rowcount != 1:
        raise ClaimLost(
            f"run {claim.run_id} no longer holds the claim it began with (number {claim.fence})",
            claim.prompt,
            "Another process has taken the run over, or it has finished: see `promptkeeper runs list`.",
        )


class RunStore:
    """Runs of all prompts. One run at a time per prompt: a lease with a fencing number that only grows."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def claim(
        self,
        prompt: str,
        *,
        owner: str,
        trigger: Trigger,
        incident_id: int | None,
        base_version: int,
        seed: int,
        lease: timedelta,
        now: datetime,
        comment: str = "",
        options: RunOptions | None = None,
        own_seed: bool = False,
        dead_owner: str | None = None,
    ) -> tuple[Claim, Run, bool]:
        """Take the right to work on a prompt: (claim, run, whether an unfinished run goes on).

        Free: a new run. Held by an owner whose lease has ended, or who is known to be dead: the same run goes on under
        a higher number, with its own trigger, seed, options and base version. Otherwise ClaimHeld; so too when options
        are given and the unfinished run is another one. own_seed: a person named the seed, so it counts among them.
        """
        free = {"prompt": prompt, "fence": 0, "run_id": None, "owner": "", "lease_until": now}
        with self._db.write() as connection:
            require_prompt(connection, prompt)
            upsert(connection, claims, [free], keys=["prompt"], update=None)
            held = connection.execute(sa.select(claims).where(claims.c.prompt == prompt).with_for_update()).one()
            resumed = held.run_id is not None
            if resumed and held.lease_until > now and held.owner != dead_owner:
                until = f"{held.lease_until:%Y-%m-%d %H:%M:%S} UTC"
                raise ClaimHeld(f"run {held.run_id} of {held.owner} works on it until {until}", prompt, "Wait for it.")
            if resumed:
                run = _one_run(connection, held.run_id)
                if options is not None:
                    _require_same(run, trigger, options, seed if own_seed else None)
            else:
                row: dict[str, Any] = {
                    "prompt": prompt,
                    "state": "running",
                    "trigger": trigger,
                    "incident_id": incident_id,
                    "base_version": base_version,
                    "seed": seed,
                    "path": [],
                    "stop_detail": "",
                    "started_at": now,
                    "comment": comment,
                    "options": (options or RunOptions()).to_json() or None,
                }
                run = _to_run(connection.execute(runs.insert().values(row).returning(runs)).one())
            taken = {"run_id": run.id, "fence": held.fence + 1, "owner": owner, "lease_until": now + lease}
            connection.execute(claims.update().where(claims.c.prompt == prompt).values(taken))
        return Claim(prompt=prompt, **taken), run, resumed

    def renew(self, claim: Claim, *, lease: timedelta, now: datetime) -> Claim:
        """Move the end of the lease to now + lease; ClaimLost when another process has taken over."""
        with self._db.write() as connection:
            hold(connection, claim)
            new = replace(claim, lease_until=now + lease)
            connection.execute(
                claims.update().where(claims.c.prompt == claim.prompt).values(lease_until=new.lease_until)
            )
        return new

    def release(self, claim: Claim, *, now: datetime) -> None:
        """End the lease at once, so that another process may go on with the run; ClaimLost when one already has."""
        with self._db.write() as connection:
            hold(connection, claim)
            connection.execute(claims.update().where(claims.c.prompt == claim.prompt).values(lease_until=now))

    def abandoned(self, *, now: datetime) -> tuple[Run, ...]:
        """Unfinished runs whose lease has ended: their process is gone, or has let go of them."""
        of_claim = claims.c.run_id == runs.c.id
        query = sa.select(runs).join(claims, of_claim).where(claims.c.lease_until <= now).order_by(runs.c.id)
        with self._db.read() as connection:
            return tuple(_to_run(row) for row in connection.execute(query))

    def holder(self, prompt: str) -> Claim | None:
        """The claim in force on a prompt, its lease ended or not; None when nobody works on it."""
        with self._db.read() as connection:
            query = sa.select(claims).where(claims.c.prompt == prompt, claims.c.run_id.is_not(None))
            row = connection.execute(query).mappings().first()
        return None if row is None else Claim(**row)

    def follow(self, claim: Claim, path: Sequence[str], *, incident_id: int | None = None) -> None:
        """Keep the path of the run so far (the graph nodes it went through, in order), and the incident it is about."""
        found = {} if incident_id is None else {"incident_id": incident_id}
        with self._db.write() as connection:
            hold(connection, claim)
            connection.execute(runs.update().where(runs.c.id == claim.run_id).values(path=list(path), **found))

    def save_attempt(self, claim: Claim, attempt: Attempt) -> None:
        """Keep an attempt of the claimed run; one with the same number is replaced."""
        if attempt.run_id != claim.run_id:
            raise ClaimLost(
                f"an attempt of run {attempt.run_id} came under the claim of run {claim.run_id}", claim.prompt
            )
        row = {c.name: getattr(attempt, c.name) for c in attempts.c}
        row |= {"content": attempt.content.to_json(), "result": dict(attempt.result)}
        with self._db.write() as connection:
            hold(connection, claim)
            upsert(connection, attempts, [row], keys=_ATTEMPT_KEYS, update=_ATTEMPT_VALUES)

    def attempts(
        self, *, prompt: str | None = None, run_id: int | None = None, content_hash: str | None = None
    ) -> tuple[Attempt, ...]:
        """Attempts that match everything given, oldest first."""
        query = sa.select(attempts).order_by(attempts.c.run_id, attempts.c.number)
        for column, value in (
            (attempts.c.prompt, prompt),
            (attempts.c.run_id, run_id),
            (attempts.c.content_hash, content_hash),
        ):
            query = query if value is None else query.where(column == value)
        with self._db.read() as connection:
            return tuple(to_attempt(row) for row in connection.execute(query))

    def bill(self, run_id: int) -> tuple[Charge, ...]:
        """What the run has paid for, call by call in the order in which they were committed; nothing erased."""
        what = (calls.c.at, calls.c.role, calls.c.tokens_in, calls.c.tokens_out, calls.c.cost)
        query = sa.select(*what).where(calls.c.scope == f"run:{run_id}").order_by(calls.c.at, calls.c.key)
        with self._db.read() as connection:
            return tuple(Charge(**row._mapping) for row in connection.execute(query))

    def finish(
        self,
        claim: Claim,
        *,
        state: RunState,
        stop_reason: StopReason,
        detail: str,
        proposal_id: int | None = None,
        now: datetime,
    ) -> Run:
        """End the run with its reason and free the prompt."""
        end = {
            "state": state,
            "stop_reason": stop_reason,
            "stop_detail": detail,
            "proposal_id": proposal_id,
            "finished_at": now,
        }
        with self._db.write() as connection:
            hold(connection, claim)
            statement = runs.update().where(runs.c.id == claim.run_id).values(end).returning(runs)
            run = _to_run(connection.execute(statement).one())
            connection.execute(claims.update().where(claims.c.prompt == claim.prompt).values(run_id=None))
            said = {"prompt": claim.prompt, "state": state, "stop_reason": stop_reason, "proposal": proposal_id}
            subject = f"run {run.id}"
            append(
                connection, self._key, at=now, actor=claim.owner, action="run.finished", subject=subject, detail=said
            )
        return run

    def get(self, id: int) -> Run:
        """One run by id."""
        with self._db.read() as connection:
            return _one_run(connection, id)

    def list(self, *, prompt: str | None = None, limit: int = 50) -> tuple[Run, ...]:
        """Runs, newest first."""
        query = sa.select(runs).order_by(runs.c.id.desc()).limit(limit)
        if prompt is not None:
            query = query.where(runs.c.prompt == prompt)
        with self._db.read() as connection:
            return tuple(_to_run(row) for row in connection.execute(query))


def to_attempt(row: sa.Row[Any]) -> Attempt:
    """An attempt as it was saved."""
    said = {c.name: getattr(row, c.name) for c in attempts.c}
    return Attempt(**said | {"content": Content.from_json(said["content"])})


def _one_run(connection: sa.Connection, id: int) -> Run:
    row = connection.execute(sa.select(runs).where(runs.c.id == id)).first()
    if row is None:
        raise NotFound("there is no such run", f"run {id}", "See `promptkeeper runs list`.")
    return _to_run(row)


def _require_same(run: Run, trigger: Trigger, options: RunOptions, seed: int | None) -> None:
    """Raise ClaimHeld when an unfinished run was not started like this: it must not be taken for what is wanted now."""
    if (run.trigger, run.options) == (trigger, options) and seed in {None, run.seed}:
        return
    started = f"trigger {run.trigger}, {run.options}, seed {run.seed}"
    raise ClaimHeld(
        f"run {run.id} is unfinished and was started otherwise ({started})",
        run.prompt,
        f"Start it with the same options to go on with it, or end it with `promptkeeper cycle {run.prompt}`.",
    )


def _to_run(row: sa.Row[Any]) -> Run:
    said = dict(row._mapping)
    options = RunOptions(**said["options"] or {})
    return Run(**said | {"path": tuple(said["path"]), "options": options})
