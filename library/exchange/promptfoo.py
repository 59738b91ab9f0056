"""promptfoo (`promptfooconfig.yaml`): prompts with their tests; assertions become metrics and expected answers."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from library.errors import InputError
from library.exchange import front_matter
from library.exchange.carried import Carried, Case, Written, checked, mapping, settings
from library.exchange.dialect import messages, read_template, write_template, written_messages
from library.exchange.promptfoo_asserts import Asserted, asserted, expectation, shared
from library.prompts import NAME_SEGMENT, Content
from library.templates import variables

CODE = re.compile(r"\.(?:[cm]?[jt]s|py|rb|sh|exe)(?::\w+)?$")
READ = frozenset({"description", "prompts", "providers", "targets", "tests", "defaultTest"})
OPENAI = "openai"
Fetch = Callable[[str], str]
"""The text of a file that the configuration names, by its path beside it."""


def read(text: str, place: str, name: str | None, fetch: Fetch) -> list[Carried]:
    """The prompts of a configuration, each with the tests; InputError for logic and what runs programs.

    name: of the prompt where there is only one.
    """
    said = mapping(front_matter.load(text, place), "the file", place)
    prompts = said.get("prompts")
    prompts = prompts if isinstance(prompts, list) else [prompts]
    if name is not None and len(prompts) > 1:
        raise InputError(f"there are {len(prompts)} prompts", place, "Leave --name out, and label each in the file.")
    left = [f"field '{key}' has no place here" for key in said if key not in READ]
    model, more = _provider(said.get("providers", said.get("targets")))
    tests = asserted(_tests(said, place, fetch), place)
    description = str(said.get("description") or "")
    return [
        _carried(one, name, description, model, tests, (*left, *more), place, fetch) for one in prompts if one
    ] or _nothing(place)


def write(carried: Carried, place: str) -> Written:
    """The configuration for one prompt: its text, its model and settings, and its items as tests."""
    content, config = carried.content, dict(carried.content.config)
    model = config.pop("model", None)
    raw: str
    if content.kind == "text":
        raw = write_template(content.text, content, place)
    else:
        raw = json.dumps(written_messages(content, place), ensure_ascii=False, indent=2)
    asked, wanted, left = shared(carried.metrics)
    tests = [{"vars": dict(c.inputs), **expectation(c, wanted), "metadata": _metadata(c)} for c in carried.cases]
    document = {
        "description": carried.description or carried.name,
        "prompts": [{"label": carried.name, "raw": raw, **({"config": config} if config else {})}],
        "providers": [_spelled(model)] if model else None,
        "defaultTest": {"assert": asked} if asked else None,
        "tests": [{key: value for key, value in test.items() if value} for test in tests],
    }
    left += [] if model else ["no model: add 'providers' before promptfoo can run it"]
    return Written(text=front_matter.dump({k: v for k, v in document.items() if v}), left_out=tuple(left))


def _nothing(place: str) -> list[Carried]:
    raise InputError("no prompt", place, "Name one under 'prompts'.")


def _carried(
    one: object,
    name: str | None,
    description: str,
    model: dict[str, Any],
    tests: Asserted,
    left: tuple[str, ...],
    place: str,
    fetch: Fetch,
) -> Carried:
    fields: Mapping[str, Any] = one if isinstance(one, dict) else {"raw": one}
    raw = fields.get("raw", fields.get("id"))
    if not isinstance(raw, str):
        raise InputError("a prompt without a text", place, "Write it under 'raw'.")
    config, more = settings(mapping(fields.get("config"), "config", place), {})
    content = _content(_text(raw, place, fetch), model | config, place)
    label = str(fields.get("label") or "")
    carried = Carried(
        name=name or label or "-",
        description=description,
        content=content,
        metrics=tests.metrics,
        cases=tuple(_for(case, content, place) for case in tests.cases),
        left_out=(*left, *more, *tests.left_out),
    )
    if carried.name == "-" or not all(NAME_SEGMENT.fullmatch(s) for s in carried.name.split("/")):
        raise InputError(f"'{label}' cannot be a prompt's name", place, "Name it: --name NAME.")
    return checked(carried, place)


def _text(raw: str, place: str, fetch: Fetch) -> str:
    path = raw.removeprefix("file://")
    if path == raw and "\n" in raw:
        return raw
    if CODE.search(path) or raw.startswith("exec:"):
        raise InputError(f"'{raw[:80]}' is a program", place, "Write the prompt's text instead.")
    looks_like_path = re.fullmatch(r"[\w./-]+\.(?:txt|json|md|yaml|yml|j2)", path) is not None
    return fetch(path) if path != raw or looks_like_path else raw


def _content(text: str, config: dict[str, Any], place: str) -> Content:
    if text.lstrip().startswith("["):
        try:
            said = json.loads(text)
        except json.JSONDecodeError:
            said = None
        if isinstance(said, list) and said and all(isinstance(one, dict) and "role" in one for one in said):
            return Content(kind="chat", messages=messages(said, place), config=config)
    return Content(text=read_template(text, place), config=config)


def _for(case: Case, content: Content, place: str) -> Case:
    missing = [v for v in variables(content) if v not in case.inputs]
    if missing:
        raise InputError(f"a test has no value for '{missing[0]}'", place, "Give every variable in each test.")
    inputs = {v: case.inputs[v] for v in variables(content)}
    return Case(inputs=inputs, expected=case.expected, segment=case.segment, role=case.role)


def _tests(said: Mapping[str, Any], place: str, fetch: Fetch) -> list[dict[str, Any]]:
    tests = said.get("tests") or []
    if isinstance(tests, str):
        path = tests.removeprefix("file://")
        if not path.endswith((".yaml", ".yml", ".json")):
            raise InputError(f"tests of '{tests[:80]}' are not read", place, "Put them into a YAML or JSON file.")
        tests = front_matter.load(fetch(path), path)
    if not isinstance(tests, list):
        raise InputError("field 'tests' is not a list", place, "Correct it.")
    usual = mapping(said.get("defaultTest"), "defaultTest", place)
    return [_merged(usual, mapping(test, f"test {at}", place)) for at, test in enumerate(tests, 1)]


def _merged(usual: Mapping[str, Any], test: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {**(usual.get("vars") or {}), **(test.get("vars") or {})}
    return {**usual, **test, "vars": inputs, "assert": [*(usual.get("assert") or []), *(test.get("assert") or [])]}


def _provider(said: object) -> tuple[dict[str, Any], list[str]]:
    providers = said if isinstance(said, list) else [said] if said else []
    if len(providers) != 1:
        return {}, ["several providers: none was taken"] if providers else []
    one = providers[0]
    named = one.get("id") if isinstance(one, dict) else one
    if not isinstance(named, str) or named.startswith(("file:", "exec:", "python:", "http")):
        return {}, ["the provider is no model"]
    config, left = settings(one.get("config") or {}, {}) if isinstance(one, dict) else ({}, [])
    kind, colon, model = named.partition(":")
    if kind == "litellm":
        return {"model": model} | config, left
    return {"model": f"{kind}/{model}" if colon else named} | config, left


def _spelled(model: str) -> str:
    provider, slash, named = model.partition("/")
    return f"{provider}:{named}" if slash and provider == OPENAI else f"litellm:{model}"


def _metadata(case: Case) -> dict[str, str]:
    said = {"role": case.role, "segment": case.segment, "expected": case.expected}
    return {key: value for key, value in said.items() if value is not None}
