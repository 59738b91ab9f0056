"""`promptkeeper doctor`: what is configured, reachable and affordable, with a mend for each finding."""

import os
from collections.abc import Iterator
from pathlib import Path

import click

from agent.entrypoints.cli import doctor_channels, doctor_checks, doctor_models
from agent.entrypoints.cli.doctor_checks import Check
from agent.entrypoints.cli.opening import now
from agent.entrypoints.cli.output import emit, harmless, with_json
from library.errors import PromptkeeperError

SIGNS = {"ok": "ok    ", "note": "note  ", "broken": "BROKEN"}


@click.command()
@click.option("--deep", is_flag=True, help="Also look up prices, which loads the model library (seconds).")
@click.pass_context
@with_json
def command(context: click.Context, deep: bool, as_json: bool) -> None:
    """Look at settings, library, memory, policies, models and budget. Exit 1 when something is broken.

    Nothing is sent to a model.
    """
    checks = list(_checks(deep))
    healthy = all(check.state != "broken" for check in checks)
    emit(as_json, {"healthy": healthy, "checks": checks}, lambda: "\n".join(_line(check) for check in checks))
    if not healthy:
        context.exit(1)


def _checks(deep: bool) -> Iterator[Check]:
    from agent.settings import FILE_NAME, find_root, load_settings

    try:
        settings = load_settings(find_root(Path.cwd()))
    except PromptkeeperError as error:
        yield doctor_checks.broken("settings", error)
        return
    yield Check(name="settings", state="ok", detail=str(settings.root / FILE_NAME))
    yield doctor_checks.home(settings)
    yield from doctor_checks.library(settings, now().date())
    yield doctor_checks.memory(settings)
    yield from doctor_checks.policies(settings)
    for role in ("student", "teacher", "judge"):
        yield from doctor_models.model(role, getattr(settings.models, role), os.environ)
    yield from doctor_models.budget(settings, deep=deep)
    yield from doctor_channels.channels(settings, os.environ)


def _line(check: Check) -> str:
    mend = f"\n        {harmless(check.mend)}" if check.mend else ""
    return f"{SIGNS[check.state]}  {check.name}: {harmless(check.detail)}{mend}"
