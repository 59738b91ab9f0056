"""`promptkeeper notices`: what is told to whom, what could not be delivered, and another try."""

import asyncio
from typing import TYPE_CHECKING, get_args

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, table, to_json, with_json
from library.errors import InputError, NotFound
from library.notices import NoticeState

if TYPE_CHECKING:
    from agent.notifying.delivering import Delivered

HERE = "agent.entrypoints.cli.notices"
STATES: tuple[NoticeState, ...] = get_args(NoticeState)

command = LazyGroup(
    name="notices",
    help="Notifications: what is on its way, what could not be delivered.",
    table={
        "list": (f"{HERE}:list_command", "Notices, newest first."),
        "retry": (f"{HERE}:retry_command", "Send a failed notice on its way again, or all of them."),
        "send": (f"{HERE}:send_command", "Deliver now what is due."),
        "test": (f"{HERE}:test_command", "Send a test message to a channel."),
    },
)


@click.command("list")
@click.option("--failed", is_flag=True, help="Only what could not be delivered.")
@click.option("--state", type=click.Choice(STATES), help="Only this state.")
@click.option("--channel", metavar="NAME", help="Only of this channel.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="At most so many.")
@with_json
def list_command(failed: bool, state: NoticeState | None, channel: str | None, limit: int, as_json: bool) -> None:
    """List notices, newest first."""
    if failed and state not in {None, "failed"}:
        raise InputError(f"--failed and --state {state} exclude each other", "notices list", "Give one of them.")
    with opened() as project:
        found = project.library.notices.list(state="failed" if failed else state, channel=channel, limit=limit)
    rows = [(n.id, n.channel, n.state, n.attempts, n.created_at, n.telling.title, n.error) for n in found]
    headers = ("id", "channel", "state", "tries", "created (UTC)", "what", "last error")
    emit(as_json, found, lambda: table(headers, rows, empty="no notices"))


@click.command("retry")
@click.argument("notice_id", metavar="[ID]", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="All that could not be delivered.")
@with_json
def retry_command(notice_id: int | None, everything: bool, as_json: bool) -> None:
    """Send a failed notice on its way again: its tries begin anew with the next round, or `notices send`."""
    if (notice_id is None) != everything:
        raise InputError("name one notice or say --all", "notices retry", "See promptkeeper notices list --failed.")
    with opened() as project:
        again = project.library.notices.retry(notice_id, actor=actor().name, now=now())
    emit(as_json, again, f"{len(again)} notices on their way again")


@click.command("send")
@with_json
@click.pass_context
def send_command(context: click.Context, as_json: bool) -> None:
    """Read on in the audit log and deliver what is due. Exit 1 when a notice was given up.

    A channel that is new is told what happens from now on.
    """
    with opened() as project:
        done = _send(project)
    said = f"{done.sent} delivered, {done.again} to be tried again, {done.failed} given up"
    emit(as_json, done, said)
    if done.failed:
        context.exit(1)


def _send(project: Opened) -> "Delivered":
    from agent.bootstrap import post_of
    from agent.notifying.collecting import collect
    from agent.notifying.delivering import deliver

    settings, library = project.settings, project.library
    collect(library, settings.notify, public_url=settings.server.public_url, now=now())
    return asyncio.run(deliver(post_of(settings, library, now=now)))


@click.command("test")
@click.argument("channel", metavar="CHANNEL")
@with_json
def test_command(channel: str, as_json: bool) -> None:
    """Send a message that says it is a test, once and at once. Exit 3 when the receiver did not take it."""
    from secrets import token_hex

    from agent.bootstrap import post_of
    from agent.notifying.wording import trial

    with opened() as project:
        if channel not in project.settings.notify:
            known = ", ".join(sorted(project.settings.notify)) or "none"
            raise NotFound(f"there is no channel '{channel}'", "promptkeeper.toml", f"Channels: {known}.")
        project.library.notices.follow(project.settings.notify, now=now())
        receiver = post_of(project.settings, project.library, now=now).open_channel(channel)
    telling, key = trial(channel, now=now()), f"notice_{token_hex(16)}"
    asyncio.run(receiver.send(key, telling, at=now()))
    emit(
        as_json, {"channel": channel, "key": key, "telling": to_json(telling)}, f"{channel} has taken the test message"
    )
