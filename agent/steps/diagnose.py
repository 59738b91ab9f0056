"""diagnose: is it the prompt at all, and which kinds of failure? Harvests test items; asks memory for similar ones."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.briefing import base_version, brief
from agent.consult import consult
from agent.evidence import EARLIER, learn_examples
from agent.examination import Finding, Traffic, as_diagnosis, examine, flat, kinds_of, newest_of, traffic_of
from agent.search.asking import asked_again, in_doubt
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.teacher.request import Limits, build_request, prompt_text
from library.datasets import HARVEST
from library.failures import Failure
from library.incidents import Incident
from policies.attribution import ON_REQUEST, REWRITABLE, Attribution
from policies.claims import checked_claims
from policies.harvest import harvest
from policies.kinds import Case
from policies.redaction import redact
from tools.errors import ProviderError
from tools.memory import Remembered

EXAMPLES_PER_KIND = 5
NEWEST = 4  # so many calls are read for every item that may be harvested: many hold a text that is known, or no answer
WIDER = 4  # so many more failures are recalled than told, since the one that was fixed may not be the nearest


async def diagnose(state: CycleState, services: Services) -> CycleState:
    """Say what is wrong. Ends the cycle when it is not the prompt, or when there is nothing to learn from."""
    services.progress("looking for the cause")
    incident_id = state.get("incident_id")
    if incident_id is not None:
        incident = await in_thread(
            services.library.incidents.move,
            incident_id,
            "diagnosing",
            actor="cycle",
            now=services.now(),
            claim=services.held(),
        )
        found = await _of_incident(services, state, incident)
    else:
        found = await _of_items(services, state)
    failures = _failures(services, state, found)
    await in_thread(services.library.failures.add, services.held(), failures)
    diagnosis = as_diagnosis(found, await in_thread(_recall, services, failures))
    stop = None if may_rewrite(found.attribution, state["trigger"]) else "not_the_prompt"
    learn = await in_thread(
        services.library.datasets.items,
        state["prompt"],
        roles=("learn",),
        dataset=state.get("dataset") or None,
        limit=1,
    )
    if stop is None and learn and incident_id is not None and found.attribution.confidence == "low":
        diagnosis["claims"] = await _second_opinion(services, state)
    if incident_id is not None:
        await in_thread(
            services.library.incidents.diagnose, incident_id, diagnosis, claim=services.held(), now=services.now()
        )
    partial: CycleState = {"diagnosis": diagnosis}
    if stop is not None:
        return {**partial, "stop": {"reason": stop, "detail": found.attribution.sentence}}
    if not learn:
        detail = "there are no items that a teacher may read; add a dataset, or traces with expected answers"
        return {**partial, "stop": {"reason": "no_data", "detail": detail}}
    return {**partial, "stop": None}


def may_rewrite(attribution: Attribution, trigger: str) -> bool:
    """Whether a better prompt can be the answer; for some causes only when a person asked for the cycle."""
    return attribution.cause in REWRITABLE or (trigger != "incident" and attribution.cause in ON_REQUEST)


async def _of_incident(services: Services, state: CycleState, incident: Incident) -> Finding:
    traffic = await in_thread(traffic_of, services.library, incident)
    found = await in_thread(examine, services.library, services.rulebook.diagnosis, incident, traffic)
    if in_doubt(found.attribution):
        found = await asked_again(services, state, incident, found, traffic)
    # What an outage, a strange judge or wrong labels left behind must not become test data.
    if may_rewrite(found.attribution, state["trigger"]):
        await in_thread(_harvest, services, state, incident, traffic)
    return found


async def _second_opinion(services: Services, state: CycleState) -> list[dict[str, Any]]:
    """What the teacher makes of failures that the rules could not settle: only claims that can be checked are kept.

    A teacher that cannot, or does not, answer leaves the diagnosis as the rules made it.
    """
    briefing, rules = await brief(services, state), services.rulebook.teacher
    limits = Limits(field=rules.field_characters, request=rules.request_characters)
    messages = build_request(briefing, "diagnose", limits)
    try:
        answer = await consult(services, messages, {"claims": list}, tries=1)
    except ProviderError:
        return []
    shown = {e.item.id for e in (*briefing.failing, *briefing.passing)}
    claims = checked_claims(answer["claims"], items=shown, prompt=prompt_text(briefing.prompt))
    return [{**c, "claim": redact(c["claim"])} for c in claims]


def _harvest(services: Services, state: CycleState, incident: Incident, traffic: Traffic) -> None:
    """Turn the incident's traffic (and some from before) into items; running it again adds nothing twice."""
    library, rules = services.library, services.rulebook.harvest
    mine = {i.group for i in library.datasets.items(state["prompt"], incident_id=incident.id)}
    known = {g: role for g, role in library.datasets.groups(state["prompt"]).items() if g not in mine}
    wanted = ((traffic.after, rules.max_items, ()), (traffic.before[::-1], rules.max_earlier_items, (EARLIER,)))
    for judged, limit, tags in wanted:
        items = harvest(
            judged,
            prompt=state["prompt"],
            incident_id=incident.id,
            limit=limit,
            trusted_sources=rules.trusted_sources,
            known_groups=known,
            created_at=incident.opened_at,
        )
        library.datasets.add([replace(item, tags=tags) for item in items], claim=services.held())
        known = {**known, **{item.group: item.role for item in items}}


def _harvest_newest(services: Services, state: CycleState) -> None:
    """Turn traffic that no dataset holds yet into items, once for every run."""
    library, rules, name = services.library, services.rulebook.harvest, state["prompt"]
    began = library.runs.get(state["run_id"]).started_at
    if any(i.created_at == began for i in library.datasets.items(name, dataset=HARVEST)):
        return
    items = harvest(
        newest_of(library, name, NEWEST * rules.max_items),
        prompt=name,
        incident_id=None,
        limit=rules.max_items,
        trusted_sources=rules.trusted_sources,
        known_groups=library.datasets.groups(name),
        created_at=began,
    )
    library.datasets.add(items, claim=services.held())


async def _of_items(services: Services, state: CycleState) -> Finding:
    """Without an incident: the live version on the learn items says what fails; a person who asks for a cycle has the
    newest traffic looked at as well."""
    if state["trigger"] == "force":
        await in_thread(_harvest_newest, services, state)
    base = await base_version(services, state)
    failing, passing = await learn_examples(services, state["prompt"], base.content, None, state.get("dataset", ""))
    cases = [
        Case(
            id=e.item.id,
            text=flat(e.item.inputs.values()),
            expected=e.item.expected,
            actual=e.actual,
            segment=e.item.segment or "other",
            lost=1 - e.score,
            reason=e.reason,
        )
        for e in (*failing, *passing)
    ]
    wrong = cases[: len(failing)]
    kinds = kinds_of(wrong, cases[len(failing) :], (), services.rulebook.diagnosis)
    sentence = f"{len(failing)} of {len(cases)} learn items fail under the live version."
    return Finding(attribution=Attribution(cause="prompt", sentence=sentence), kinds=kinds, cases=tuple(wrong))


def _failures(services: Services, state: CycleState, found: Finding) -> tuple[Failure, ...]:
    texts = {c.id: c.text for c in found.cases}
    failures = []
    for kind in found.kinds:
        shown = kind.case_ids[:EXAMPLES_PER_KIND]
        said = f"{state['run_id']}\x1f{kind.name}\x1f{kind.segment}"
        failures.append(
            Failure(
                id="f-" + hashlib.sha256(said.encode()).hexdigest()[:12],
                prompt=state["prompt"],
                incident_id=state.get("incident_id"),
                run_id=state["run_id"],
                name=redact(kind.name),
                text=redact("\n".join([kind.name, *(texts[i] for i in shown)])),
                count=kind.count,
                share=kind.share,
                trace_ids=shown,
                created_at=services.now(),
            )
        )
    return tuple(failures)


def _recall(services: Services, failures: Sequence[Failure]) -> list[dict[str, Any]]:
    """Similar failures of other runs, the nearest first; then these are remembered for the next time."""
    if not failures:
        return []
    limit = services.rulebook.teacher.similar_failures
    mine = {f.id for f in failures}
    near: dict[str, dict[str, Any]] = {}
    with services.open_memory() as memory:
        for failure in failures:
            for hit in memory.recall(failure.text, limit=WIDER * limit + len(mine)):
                if hit.id not in mine and hit.similarity > near.get(hit.id, {"similarity": -1.0})["similarity"]:
                    near[hit.id] = {"id": hit.id, "prompt": hit.prompt, "similarity": round(hit.similarity, 4)}
        memory.remember([remembered(f) for f in failures])
    ranked = sorted(near.values(), key=lambda n: (-n["similarity"], n["id"]))
    held = _held(services, ranked)[:limit]
    chosen = [n for place, n in enumerate(ranked) if place < limit or n["id"] in held]
    return [{**n, "held": n["id"] in held, **_past(services, n["id"])} for n in chosen]


def _held(services: Services, ranked: Sequence[dict[str, Any]]) -> list[str]:
    """Of failures similar enough those whose fix still holds, the nearest first, each fix once."""
    enough = services.rulebook.search.recall_similarity
    fixes = services.library.failures.held_fixes([n["id"] for n in ranked if n["similarity"] >= enough])
    once: dict[tuple[str, int], str] = {}
    for fix in fixes:
        once.setdefault((fix.prompt, fix.version), fix.failure_id)
    return list(once.values())


def _past(services: Services, failure_id: str) -> dict[str, Any]:
    """What an earlier failure was called, what fixed it and what did not."""
    known = services.library.failures.get_many([failure_id])
    fixes = services.library.failures.past_fixes([failure_id])
    return {
        "name": known[failure_id].name if failure_id in known else "",
        "fixes": [
            {"outcome": f.outcome, "hypothesis": f.hypothesis, "detail": f.detail}
            for f in fixes
            if f.outcome != "undecided"
        ],
    }


def remembered(failure: Failure) -> Remembered:
    """A failure as the memory keeps it."""
    return Remembered(
        id=failure.id,
        text=failure.text,
        prompt=failure.prompt,
        metadata={"name": failure.name, "ts": failure.created_at.timestamp()},
    )
