"""A library opened: every store on one database."""

from dataclasses import dataclass

from library.store.access import AccessStore
from library.store.audit import AuditStore
from library.store.calls import CallStore
from library.store.canaries import CanaryStore
from library.store.datasets import DatasetStore
from library.store.engine import Database
from library.store.failures import FailureStore
from library.store.fleet import FleetStore
from library.store.incidents import IncidentStore
from library.store.migrations.upgrade import is_current, migrate
from library.store.notices import NoticeStore
from library.store.online import OnlineStore
from library.store.prompts import PromptStore
from library.store.proposals import ProposalStore
from library.store.runs import RunStore
from library.store.switches import SwitchStore
from library.store.traces import TraceStore
from library.store.trends import TrendStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All stores of one library; close it with `library.db.close()`."""

    db: Database
    prompts: PromptStore
    traces: TraceStore
    trends: TrendStore
    online: OnlineStore
    fleet: FleetStore
    datasets: DatasetStore
    incidents: IncidentStore
    runs: RunStore
    failures: FailureStore
    proposals: ProposalStore
    canaries: CanaryStore
    calls: CallStore
    audit: AuditStore
    access: AccessStore
    switches: SwitchStore
    notices: NoticeStore


def open_library(url: str, *, audit_key: bytes = b"") -> Library:
    """Open the library at a database URL, creating or upgrading its tables where they are behind.

    audit_key: secret that makes the audit chain an HMAC, so that it cannot be forged by whoever can write the database.
    """
    db = Database(url)
    try:
        if not is_current(db):
            migrate(db)
    except BaseException:
        db.close()
        raise
    return Library(
        db=db,
        prompts=PromptStore(db, audit_key),
        traces=TraceStore(db, audit_key),
        trends=TrendStore(db),
        online=OnlineStore(db),
        fleet=FleetStore(db),
        datasets=DatasetStore(db),
        incidents=IncidentStore(db, audit_key),
        runs=RunStore(db, audit_key),
        failures=FailureStore(db),
        proposals=ProposalStore(db, audit_key),
        canaries=CanaryStore(db, audit_key),
        calls=CallStore(db),
        audit=AuditStore(db, audit_key),
        access=AccessStore(db, audit_key),
        switches=SwitchStore(db, audit_key),
        notices=NoticeStore(db, audit_key),
    )
