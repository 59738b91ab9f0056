"""The server put together and run: door, application, storing process, scheduler, one listening socket."""

import ipaddress
import resource
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.cycle import Wish
from agent.entrypoints.courier import Courier
from agent.entrypoints.scheduler import (
    Background,
    Children,
    CycleRunner,
    Ran,
    run_in_child,
    score_in_child,
    send_to_workers,
    tick,
)
from agent.entrypoints.web.api.schedule import SWITCH
from agent.entrypoints.web.app import create_app
from agent.entrypoints.web.door import Door
from agent.entrypoints.web.intake_process import IntakeProcess
from agent.entrypoints.web.shields import LOOPBACK_NAMES
from agent.erasure import expire
from agent.queue import CycleQueue, left_behind, open_queue
from library.access import PREFIX
from library.errors import InputError
from library.store.leadership import Leadership
from library.store.stores import Library
from policies.rulebook import Rulebook

if TYPE_CHECKING:
    import uvicorn

    from agent.settings import Settings

CYCLES_AT_ONCE = 2
# Connections and requests beyond which the answer is 503, to everybody: far above what may wait to be stored, so that
# a flood of traces is told 429 while prompts are still answered.
BUSY = 8000
BACKLOG = 2048
DRAIN_SECONDS = 20


def new_secret() -> str:
    """An unguessable text: 256 random bits, recognisable by leak scanners."""
    return PREFIX + secrets.token_urlsafe(32)


class Starter:
    """Runs cycles that people ask for, each in a process of its own, a few at a time."""

    def __init__(self, run: CycleRunner) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(CYCLES_AT_ONCE, thread_name_prefix="cycle")
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, wish: Wish) -> bool:
        """Begin; False when a cycle of the prompt is under way already."""
        with self._lock:
            if wish.prompt in self._under_way:
                return False
            self._under_way.add(wish.prompt)
        self._pool.submit(self._do, wish)
        return True

    def _do(self, wish: Wish) -> None:
        try:
            self._run(wish)
        finally:
            with self._lock:
                self._under_way.discard(wish.prompt)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class NoBackground:
    """The scheduler of a server that was started without one."""

    @property
    def state(self) -> Mapping[str, Any]:
        """Nothing will tick."""
        return {"next": None, "last": []}

    def run_now(self) -> None:
        """Refuse."""
        raise InputError("this server was started without a schedule", "background", "Start it without --no-schedule.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A bound socket and the address that people type."""

    socket: socket.socket
    address: str


def bind(host: str, port: int) -> Listening:
    """Bind, and say what it is bound to; InputError when the address is taken or not of this machine."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(kind, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)  # from here on callers wait instead of being refused, while the rest is put together
    except OSError as error:
        bound.close()
        raise InputError(f"cannot listen ({error.strerror})", f"{host}:{port}", "Choose another --port.") from error
    shown = f"[{host}]" if ":" in host else host
    return Listening(socket=bound, address=f"http://{shown}:{bound.getsockname()[1]}")


def names_of(settings: "Settings", host: str, library: Library, now: datetime) -> tuple[str, ...]:
    """The hosts that browsers may use; InputError for an open door: another address without names and tokens."""
    if _is_loopback(host):
        return (*LOOPBACK_NAMES, *settings.server.names)
    if not library.access.guarded(now=now):
        mend = "Make one first: promptkeeper tokens create NAME --role admin."
        raise InputError(f"'{host}' is not a loopback address and there is no token", "[server] host", mend)
    if not settings.server.names:
        mend = 'Name the hosts that people type, such as names = ["prompts.example.org"].'
        raise InputError("the server has no name", "[server] names", mend)
    return tuple(settings.server.names)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """What a server starts and has to end: children, cycles on demand, the storing process, the schedule."""

    children: Children
    starter: Starter | CycleQueue
    intake: IntakeProcess
    background: Background | None
    leadership: Leadership

    def stop(self) -> None:
        """Begin nothing more, and end what runs: a cycle that is cut short is taken up again from its last step."""
        self.starter.close()
        self.children.stop()
        if self.background is not None:
            self.background.stop()
        self.leadership.step_down()


def household(
    settings: "Settings", library: Library, rulebook: Rulebook, *, schedule: bool, now: Callable[[], datetime]
) -> Household:
    """Put together what works behind the door; nothing has begun yet."""
    from agent.bootstrap import memory_of

    root, memory = settings.root.absolute(), memory_of(settings)
    children = Children(root)
    score, leadership = score_in_child(children, rulebook.online.round_minutes), Leadership(library.db)
    # With PostgreSQL there may be many servers: they only ask for cycles, and workers run them.
    queue = open_queue(library, now) if library.db.dialect == "postgresql" else None
    run_one = run_in_child(children) if queue is None else send_to_workers(queue)
    rest = timedelta(hours=rulebook.runs.rest_hours)

    def tidy() -> int:
        return expire(library, memory, rulebook.privacy, now=now())

    def work() -> Sequence[Ran]:
        return tick(
            library,
            rulebook.health,
            run_one,
            now=now(),
            score=score,
            rest=rest,
            tidy=tidy,
            unfinished=tuple if queue is None else lambda: left_behind(library, now()),
            release=rulebook.release,
        )

    awake = partial(library.switches.is_on, SWITCH, default=True)
    background = None
    if schedule:
        background = Background(work, settings.schedule.interval, awake=awake, leads=leadership.leads)
        courier = Courier(
            library=library,
            channels=settings.notify,
            public_url=settings.server.public_url,
            children=children,
            now=now,
        )
        background.also(courier, timedelta(seconds=rulebook.notifications.round_seconds), "notices")
    return Household(
        children=children,
        starter=Starter(run_one) if queue is None else queue,
        intake=IntakeProcess(root),
        background=background,
        leadership=leadership,
    )


def run(
    settings: "Settings",
    library: Library,
    *,
    host: str,
    listening: Listening,
    schedule: bool,
    now: Callable[[], datetime],
) -> None:
    """Serve until SIGTERM or SIGINT; then finish what was begun, at most DRAIN_SECONDS."""
    import uvicorn

    from agent.bootstrap import conversations, memory_of, policies_of, rulebook_of

    rulebook = rulebook_of(settings)
    house = household(settings, library, rulebook, schedule=schedule, now=now)
    door = Door(
        library=library,
        policy_for=policies_of(settings),
        rulebook=rulebook,
        open_memory=memory_of(settings),
        now=now,
        secret=new_secret,
        background=house.background or NoBackground(),
        intake=house.intake,
        start=house.starter,
        converse=conversations(settings, library, now=now),
        names=names_of(settings, host, library, now()),
        local=_is_loopback(host),
        own_changes=rulebook.proposals.author_may_approve,
        session=timedelta(hours=settings.server.session_hours),
        body_limit=settings.server.body_mb * 2**20,
    )
    for told in (signal.SIGTERM, signal.SIGINT):
        # uvicorn drains, and then raises the signal once more for whoever was there before it: that is a clean end.
        signal.signal(told, lambda _number, _frame: None)
    if house.background is not None:
        house.background.start()
    _allow_files()
    try:
        uvicorn.Server(_config(door, house.intake)).run(sockets=[listening.socket])
    finally:
        house.stop()


def _allow_files() -> None:
    """Let the process open as many sockets as the machine allows it; the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * BUSY if hard == resource.RLIM_INFINITY else min(2 * BUSY, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _config(door: Door, intake: IntakeProcess) -> "uvicorn.Config":
    import uvicorn

    return uvicorn.Config(
        create_app(door, intake.close),
        log_config=None,
        access_log=False,  # paths and queries name prompts and people
        server_header=False,
        limit_concurrency=BUSY,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
        proxy_headers=False,
    )
