"""`promptkeeper tokens`: who may come in through the server."""

from datetime import UTC, datetime, time
from typing import get_args

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import actor, now, opened
from agent.entrypoints.cli.output import emit, table, with_json
from library.access import Role

HERE = "agent.entrypoints.cli.tokens"
ROLES: tuple[Role, ...] = get_args(Role)

command = LazyGroup(
    name="tokens",
    help="Who may come in through the server.",
    table={
        "create": (f"{HERE}:create_command", "Make a token; its secret is shown once."),
        "list": (f"{HERE}:list_command", "All tokens: role, last use, end."),
        "revoke": (f"{HERE}:revoke_command", "End a token and its sessions."),
        "link": (f"{HERE}:link_command", "A sign-in link for this machine, good once and for ten minutes."),
    },
)


@click.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--agent", is_flag=True, help="For a program that works by itself: it can never approve anything.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The last day (UTC); without it, none.")
@with_json
def create_command(name: str, role: Role, agent: bool, expires: datetime | None, as_json: bool) -> None:
    """Make a token for NAME. Only a digest of the secret is kept: it is shown now and never again."""
    from agent.entrypoints.web.server import new_secret

    secret = new_secret()
    end = None if expires is None else datetime.combine(expires.date(), time.max, UTC)
    with opened() as project:
        token = project.library.access.create_token(
            secret, name=name, role=role, agent=agent, by=actor().name, now=now(), expires_at=end
        )
    emit(as_json, {"id": token.id, "name": name, "role": role, "secret": secret}, f"token {token.id}: {secret}")


@click.command("list")
@with_json
def list_command(as_json: bool) -> None:
    """List all tokens, also those that are over."""
    with opened() as project:
        tokens = project.library.access.tokens()
    at = now()
    rows = [
        (t.id, t.name, t.role + (" (program)" if t.agent else ""), t.created_at, t.used_at, t.expires_at, t.lives(at))
        for t in tokens
    ]
    headers = ("id", "name", "role", "created (UTC)", "last used", "ends", "lives")
    emit(as_json, tokens, lambda: table(headers, rows, empty="no tokens yet"))


@click.command("revoke")
@click.argument("token_id", metavar="ID", type=int)
@with_json
def revoke_command(token_id: int, as_json: bool) -> None:
    """End a token; browsers that were signed in with it are signed out."""
    with opened() as project:
        token = project.library.access.revoke(token_id, by=actor().name, now=now())
    emit(as_json, token, f"token {token.id} ({token.name}) revoked")


@click.command("link")
@with_json
def link_command(as_json: bool) -> None:
    """Make a link that signs you in as admin, once, within ten minutes. Older links stop working."""
    from agent.entrypoints.web.pages.sign_in import make_link
    from agent.entrypoints.web.server import new_secret

    with opened() as project:
        settings = project.settings
        path = make_link(project.library, new_secret(), now())
    host = next(iter(settings.server.names), settings.server.host)
    address = f"http://{host}:{settings.server.port}{path}"
    emit(as_json, {"path": path, "address": address}, address)
