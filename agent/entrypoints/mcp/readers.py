"""Tools that only read. What they return of production is redacted."""

from typing import Annotated, Any

from pydantic import Field

from agent.entrypoints.mcp.desk import Desk, without_secrets
from library.errors import InputError
from library.incidents import ACTIVE, Incident, IncidentState
from library.prompts import LATEST, PRODUCTION
from library.proposals import Proposal, ProposalState
from library.templates import variables

Name = Annotated[str, Field(max_length=200, description="Name of a prompt, as list_prompts gives it.")]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Field(ge=1, le=100)]


class Readers:
    """The reading tools over one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list_prompts(self) -> dict[str, Any]:
        """All prompts: labels, newest version, whether they are degraded, and the proposal that waits for a person."""
        self._desk.caller("read")
        library = self._desk.library
        ill = {i.prompt for i in library.incidents.list(states=tuple(sorted(ACTIVE)))}
        waiting = {p.prompt: p.id for p in library.proposals.list(state="pending")}
        return {
            "prompts": [
                {
                    "name": p.name,
                    "description": p.description,
                    "labels": dict(p.labels),
                    "latest": p.latest,
                    "degraded": p.name in ill,
                    "proposal": waiting.get(p.name),
                }
                for p in library.prompts.list()
            ]
        }

    def get_prompt(self, name: Name, label: str | None = None, version: Id | None = None) -> dict[str, Any]:
        """The version under a label (production unless given) or by number: its content, hash and variables."""
        self._desk.caller("fetch")
        if label is not None and version is not None:
            raise InputError("label and version together", name, "Ask for one of them.")
        store = self._desk.library.prompts
        if version is None and label == LATEST:
            version = store.get(name).latest
        found = store.labelled(name, label or PRODUCTION) if version is None else store.version(name, version)
        content = found.content.to_json()
        said = {"name": name, "version": found.number, "content_hash": found.content_hash, "note": found.note}
        return {**said, **content, "variables": list(variables(found.content))}

    def explain_degradation(self, prompt: Name) -> dict[str, Any]:
        """Why a prompt degraded: since when, how much, where, the cause, what was tried, and what is not known."""
        from agent.chat.ask import ask

        self._desk.caller("read")
        question = f"Why did {prompt} degrade?"
        answer = ask(self._desk.library, self._desk.rulebook.diagnosis, question, prompt=prompt)
        return dict(without_secrets({"text": answer.text, "unknown": answer.unknown}))

    def list_incidents(
        self, prompt: Name | None = None, state: IncidentState | None = None, limit: Limit = 20
    ) -> dict[str, Any]:
        """Detected degradations, newest first, with onset, size and interval."""
        self._desk.caller("read")
        found = self._desk.library.incidents.list(prompt=prompt, states=(state,) if state else None)
        return {"incidents": [_incident(i) for i in found[:limit]], "more": max(0, len(found) - limit)}

    def list_proposals(
        self, prompt: Name | None = None, state: ProposalState | None = None, limit: Limit = 20
    ) -> dict[str, Any]:
        """Proposed changes, newest first; `pending` ones wait for a person."""
        self._desk.caller("read")
        found = self._desk.library.proposals.list(prompt=prompt, state=state)
        return {"proposals": [_proposal(p) for p in found[:limit]], "more": max(0, len(found) - limit)}

    def get_proposal(self, proposal_id: Id) -> dict[str, Any]:
        """One proposal as a reviewer reads it: what changes and why, the evidence, findings, comments, the diff."""
        self._desk.caller("read")
        proposal = self._desk.library.proposals.get(proposal_id)
        comments = without_secrets(proposal.packet.get("comments", ()))
        return {**_proposal(proposal), "comments": comments, "text": as_text(self._desk, proposal)}


def as_text(desk: Desk, proposal: Proposal) -> str:
    """A proposal in full, for a person. Production is redacted; the change itself stands there to the letter."""
    from agent.entrypoints.cli.proposal_text import diff_text, proposal_text

    base = desk.library.prompts.version(proposal.prompt, proposal.base_version)
    told = str(without_secrets(proposal_text(proposal, base, desk.library.canaries.of_proposal(proposal.id))))
    change = diff_text(base.content, proposal.content)
    # Nobody signs a text with a placeholder in it for the one that is released.
    return told if change in told else f"{told}\n\nthe change to the letter\n{change}"


def _incident(incident: Incident) -> dict[str, Any]:
    degradation = without_secrets(incident.degradation)
    return {"id": incident.id, "prompt": incident.prompt, "state": incident.state, **degradation}


def _proposal(proposal: Proposal) -> dict[str, Any]:
    measured = proposal.packet.get("comparison", {})
    said = {
        "id": proposal.id,
        "prompt": proposal.prompt,
        "state": proposal.state,
        "label": proposal.label,
        "base_version": proposal.base_version,
        "content_hash": proposal.content_hash,
        "hypothesis": proposal.packet.get("hypothesis", ""),
        "gain": {key: measured.get(key) for key in ("gain", "low", "high", "n", "excluded")},
        "created_at": proposal.created_at,
        "expires_at": proposal.expires_at,
        "version": proposal.version,
    }
    return dict(without_secrets(said))
