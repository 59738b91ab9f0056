"""Tokens, sessions and sign-in links: only digests are stored, and every change is in the audit log."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from library.access import Role, Session, Token, check_token, digest
from library.errors import InputError, NotFound
from library.store.audit import append
from library.store.engine import Database
from library.store.service_tables import sessions, sign_in_links, tokens

USED_EVERY = timedelta(minutes=1)
"""How exactly the last use of a token is kept: a write for every request would cost more than the request."""


class AccessStore:
    """Who may come in. Secrets are made by the caller, arrive as text and leave no trace but their digest."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def create_token(
        self, secret: str, *, name: str, role: Role, agent: bool, by: str, now: datetime, expires_at: datetime | None
    ) -> Token:
        """Remember a new token by its secret's digest.

        InputError for a role that a program may not have, and for a token that would be over before it is used.
        """
        check_token(name, role, agent=agent)
        if expires_at is not None and expires_at <= now:
            raise InputError(f"the end {expires_at:%Y-%m-%d %H:%M} is past", f"token '{name}'", "Give a later day.")
        row = {"name": name, "role": role, "agent": agent, "created_at": now, "created_by": by}
        with self._db.write() as connection:
            kept = {**row, "digest": digest(secret), "expires_at": expires_at}
            id = connection.execute(tokens.insert().values(kept).returning(tokens.c.id)).scalar_one()
            self._audit(connection, now, by, "token.created", f"token {id}", {"name": name, "role": role})
        return Token(id=id, name=name, role=role, agent=agent, created_at=now, created_by=by, expires_at=expires_at)

    def token(self, secret: str, *, now: datetime) -> Token | None:
        """The living token with this secret, or None; notes now and then that it was used."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.digest == digest(secret))).first()
        token = _token(row) if row is not None else None
        if token is None or not token.lives(now):
            return None
        if token.used_at is None or now - token.used_at >= USED_EVERY:
            with self._db.write() as connection:
                connection.execute(tokens.update().where(tokens.c.id == token.id).values(used_at=now))
        return token

    def tokens(self) -> tuple[Token, ...]:
        """All tokens ever made, oldest first."""
        with self._db.read() as connection:
            return tuple(_token(row) for row in connection.execute(sa.select(tokens).order_by(tokens.c.id)))

    def guarded(self, *, now: datetime) -> bool:
        """Whether nobody comes in without a token: there is one that nobody has revoked.

        One that has run out still counts: the passing of time must not open a door that a person has closed.
        """
        return any(token.revoked_at is None or now < token.revoked_at for token in self.tokens())

    def revoke(self, id: int, *, by: str, now: datetime) -> Token:
        """End a token and every session that was opened with it."""
        unknown = NotFound(f"there is no token {id}", "tokens", "See 'promptkeeper tokens list'.")
        if not 0 < id < 2**63:  # what a database's integer holds
            raise unknown
        with self._db.write() as connection:
            living = (tokens.c.id == id) & tokens.c.revoked_at.is_(None)
            first = connection.execute(tokens.update().where(living).values(revoked_at=now)).rowcount == 1
            row = connection.execute(sa.select(tokens).where(tokens.c.id == id)).first()
            if row is None:
                raise unknown
            if first:
                connection.execute(sessions.delete().where(sessions.c.token_id == id))
                self._audit(connection, now, by, "token.revoked", f"token {id}", {"name": row.name})
        return _token(row)

    def open_session(
        self, secret: str, *, name: str, role: Role, csrf: str, now: datetime, until: datetime, token_id: int | None
    ) -> Session:
        """Sign a browser in; sessions that are over are swept out on the way."""
        row = {"name": name, "role": role, "csrf": csrf, "created_at": now, "expires_at": until, "token_id": token_id}
        with self._db.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.expires_at <= now))
            connection.execute(sessions.insert().values({**row, "digest": digest(secret)}))
            self._audit(connection, now, name, "session.opened", name, {"role": role})
        return Session(name=name, role=role, csrf=csrf, created_at=now, expires_at=until, token_id=token_id)

    def session(self, secret: str, *, now: datetime) -> Session | None:
        """The session of a cookie, or None when it is over or its token has died."""
        query = (
            sa.select(sessions, tokens.c.revoked_at, tokens.c.expires_at.label("token_until"))
            .outerjoin(tokens, tokens.c.id == sessions.c.token_id)
            .where(sessions.c.digest == digest(secret), sessions.c.expires_at > now)
        )
        with self._db.read() as connection:
            row = connection.execute(query).first()
        if row is None or row.revoked_at is not None or (row.token_until is not None and row.token_until <= now):
            return None
        return Session(
            name=row.name,
            role=row.role,
            csrf=row.csrf,
            created_at=row.created_at,
            expires_at=row.expires_at,
            token_id=row.token_id,
        )

    def end_session(self, secret: str) -> None:
        """Sign a browser out; a session that is gone already is fine."""
        with self._db.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.digest == digest(secret)))

    def make_link(self, secret: str, *, until: datetime) -> None:
        """Remember a sign-in link, good once and until then; older ones stop working."""
        with self._db.write() as connection:
            connection.execute(sign_in_links.delete())
            connection.execute(sign_in_links.insert().values(digest=digest(secret), expires_at=until))

    def use_link(self, secret: str, *, now: datetime) -> bool:
        """Whether the link was good; it is not any more. Of two who try at once, one succeeds."""
        mine = sign_in_links.c.digest == digest(secret)
        fresh = sign_in_links.c.used_at.is_(None) & (sign_in_links.c.expires_at > now)
        with self._db.write() as connection:
            return connection.execute(sign_in_links.update().where(mine & fresh).values(used_at=now)).rowcount == 1

    def _audit(
        self, connection: sa.Connection, at: datetime, by: str, action: str, subject: str, detail: dict[str, Any]
    ) -> None:
        append(connection, self._key, at=at, actor=by, action=action, subject=subject, detail=detail)


def _token(row: sa.Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        role=row.role,
        agent=row.agent,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )
