"""Comments on proposals: words beside the evidence, for whoever decides. They decide nothing and change no state."""

from datetime import datetime

from library.errors import InputError, Stale
from library.prompts import Actor
from library.proposals import Proposal
from library.store.audit import append
from library.store.engine import Database
from library.store.proposal_rows import change, lock_proposal

LONGEST = 5_000  # characters
MOST = 100  # on one proposal


def add_comment(db: Database, audit_key: bytes, id: int, *, actor: Actor, said: str, now: datetime) -> Proposal:
    """Add an entry to packet["comments"]: by, kind (agent, token, local), text, at. Anybody may, a program too.

    Raises NotFound for an unknown id, Stale once it is decided, InputError for an empty or endless comment.
    """
    place = f"proposal {id}"
    if not said.strip() or len(said) > LONGEST:
        raise InputError(f"a comment has 1 to {LONGEST} characters", place, "Say it in so many.")
    with db.write() as connection:
        proposal = lock_proposal(connection, id)
        if proposal.state != "pending":
            raise Stale(f"the proposal is already {proposal.state}", place, "Nothing was changed.")
        before = proposal.packet.get("comments", ())
        if len(before) >= MOST:
            raise InputError(f"there are {MOST} comments already", place, "Decide, or leave it to who decides.")
        entry = {"by": actor.name, "kind": actor.kind, "text": said, "at": now.isoformat()}
        done = change(connection, id, packet={**proposal.packet, "comments": [*before, entry]})
        detail = {"prompt": done.prompt, "label": done.label, "kind": actor.kind}
        append(
            connection, audit_key, at=now, actor=actor.name, action="proposal.commented", subject=place, detail=detail
        )
    return done
