"""Promptkeeper for litellm: `prompt_id=` reads prompts from Promptkeeper, and every call goes back as a trace.

Copy this file and `promptkeeper_client.py` beside it. They need `litellm` and `httpx` (which litellm brings along).

    litellm.callbacks = [Promptkeeper("http://127.0.0.1:8400", token="pk_…")]
    litellm.completion(model="openai/gpt-4.1-mini", prompt_id="support/triage", prompt_variables={"message": "…"})

A proxy names `promptkeeper_litellm.keeper` in its configuration and reads PROMPTKEEPER_URL and PROMPTKEEPER_TOKEN.
"""

import asyncio
import logging
import os
from datetime import datetime
from typing import Any

import httpx
import litellm
from litellm.integrations.custom_prompt_management import CustomPromptManagement
from promptkeeper_client import Post, PromptUnavailable, Shelf, fill

__all__ = ["PromptUnavailable", "Promptkeeper"]

log = logging.getLogger("promptkeeper_litellm")
SUBJECT = "@subject"  # among the variables: who the call is for, so that a release in steps serves one side always
OURS = "promptkeeper"  # under this name a call remembers which version it used


class Promptkeeper(CustomPromptManagement):
    """Both directions in one callback. label: used where a call names neither label nor version.

    use_model: a version's own model replaces the one that a call names (a Router's or proxy's choice always stays).
    send_text: traces hold variables and answers; they never do where litellm's message logging is turned off.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        label: str = "production",
        use_model: bool = True,
        send_text: bool = True,
        wait_s: float = 2.0,
    ) -> None:
        super().__init__()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(base_url=url.rstrip("/"), headers=headers)
        self.label, self._use_model, self._send_text = label, use_model, send_text
        self.shelf, self.post = Shelf(client, wait_s=wait_s), Post(client)
        self._warned: set[tuple[str, int]] = set()

    @property
    def integration_name(self) -> str:
        """What litellm calls it."""
        return OURS

    def should_run_prompt_management(self, prompt_id: str | None, *_: Any, **__: Any) -> bool:
        """Whether a call is for us: every one that names a prompt."""
        return prompt_id is not None

    def call(
        self, name: str, variables: dict[str, Any], *, model: str, subject: str | None = None, **which: Any
    ) -> dict[str, Any]:
        """Arguments for `completion`, without `prompt_id`: model, messages, settings of the version, what to log.

        which: label or version. The way to have a version's settings in calls that are not async.
        """
        used = self._resolve(name, {**variables, **({SUBJECT: subject} if subject else {})}, **which)
        prompt = used.pop("prompt")
        own = {"model": model, **self._settings(prompt, model=True)}
        return {**own, "messages": fill(prompt, variables), "metadata": {OURS: used}}

    def get_chat_completion_prompt(
        self,
        model: str,
        messages: list[Any],
        non_default_params: dict[str, Any],
        prompt_id: str | None,
        prompt_variables: dict[str, Any] | None,
        dynamic_callback_params: Any,
        prompt_spec: Any = None,
        prompt_label: str | None = None,
        prompt_version: int | None = None,
        *_: Any,
        **__: Any,
    ) -> tuple[str, list[Any], dict[str, Any]]:
        """litellm asks here in every call, also in async ones, so this is the only place where messages are added."""
        if prompt_id is None:
            return model, messages, non_default_params
        used = dynamic_callback_params.get(OURS)
        if used is None:
            used = self._resolve(prompt_id, prompt_variables or {}, label=prompt_label, version=prompt_version)
            self._warn(used["prompt"])
        prompt = used["prompt"]
        if not used["inputs"] and messages:
            used["inputs"] = {"input": "\n".join(str(m["content"]) for m in messages if m["role"] == "user")}
        # The one object of a call that both this hook and the callbacks below are given.
        dynamic_callback_params[OURS] = used
        own = None if used.get("routed") else self._settings(prompt, model=True).get("model")
        return own or model, [*fill(prompt, prompt_variables or {}), *messages], non_default_params

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """Before an async call: ask without holding up the loop, and set what litellm takes from no prompt manager."""
        logged, name = kwargs.get("litellm_logging_obj"), kwargs.get("prompt_id")
        if name is None or logged is None or "model" not in kwargs:  # given by position: the hook above does without
            return None
        which = {"label": kwargs.get("prompt_label"), "version": kwargs.get("prompt_version")}
        used = await asyncio.to_thread(self._resolve, name, kwargs.get("prompt_variables") or {}, **which)
        metadata = kwargs.get("metadata") or {}
        used["routed"] = "model_group" in metadata or "model_group" in (kwargs.get("litellm_metadata") or {})
        logged.standard_callback_dynamic_params[OURS] = used
        said = {key: used[key] for key in ("prompt_name", "prompt_version", "prompt_label", "canary_arm")}
        own = {key: v for key, v in self._settings(used["prompt"]).items() if kwargs.get(key) is None}
        if litellm.cache is not None:  # its key holds neither prompt nor variables: another message's answer would come
            own["cache"] = {"no-cache": True, "no-store": True}
        return {**kwargs, **own, "metadata": {**metadata, **said}}

    def _resolve(self, name: str, variables: dict[str, Any], label: Any = None, version: Any = None) -> dict[str, Any]:
        label = label or (None if version else self.label)
        prompt = self.shelf.get(name, label, version or None, variables.get(SUBJECT))
        return {
            "prompt": prompt,
            "prompt_name": name,
            "prompt_version": prompt["version"],
            "prompt_label": prompt["label"],
            "canary_arm": (prompt["canary"] or {}).get("arm"),
            "inputs": {key: variables[key] for key in prompt["variables"] if key in variables},
        }

    def _settings(self, prompt: dict[str, Any], *, model: bool = False) -> dict[str, Any]:
        return {k: v for k, v in prompt["config"].items() if k != "model" or (model and self._use_model)}

    def _warn(self, prompt: dict[str, Any]) -> None:
        which = (prompt["name"], prompt["version"])
        if litellm.cache is not None and ("", 0) not in self._warned:
            self._warned.add(("", 0))
            log.warning("litellm.cache takes calls with prompt_id for one another; use acompletion or `call`")
        if self._settings(prompt) and which not in self._warned:
            self._warned.add(which)
            said = "prompt '%s' version %s: litellm takes %s from no prompt manager here; use acompletion or `call`"
            log.warning(said, *which, ", ".join(self._settings(prompt)))

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call that was answered."""
        self._tell(kwargs, response_obj, start_time, end_time)

    log_failure_event = log_success_event

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """The same after an async call."""
        self._tell(kwargs, response_obj, start_time, end_time)

    async_log_failure_event = async_log_success_event

    def _tell(self, kwargs: dict[str, Any], answer: Any, start: datetime, end: datetime) -> None:
        try:
            row = self._row(kwargs, answer, start, end)
            if row is not None:
                self.post.put(row)
        except Exception as error:  # noqa: BLE001 - telling of a call never spoils the call
            log.warning("a call could not be told: %s: %s", type(error).__name__, error)

    def _row(self, kwargs: dict[str, Any], answer: Any, start: datetime, end: datetime) -> dict[str, Any] | None:
        dynamic = kwargs.get("standard_callback_dynamic_params") or {}
        metadata = (kwargs.get("litellm_params") or {}).get("metadata") or {}
        used = dynamic.get(OURS) or metadata.get(OURS)
        if used is None:
            return None
        metadata = {**(metadata.get("requester_metadata") or {}), **metadata}  # a proxy keeps the client's there
        text = self._send_text and not (litellm.turn_off_message_logging or dynamic.get("turn_off_message_logging"))
        failed = kwargs.get("exception")
        row = {
            # An attempt that failed and the one after it may share litellm's own id.
            "id": f"{kwargs['litellm_call_id']}" + (f":{start.timestamp():.6f}" if failed else ""),
            "ts": start.astimezone().isoformat(),
            "prompt": used["prompt_name"],
            "version": used["prompt_version"],
            "label": used["prompt_label"],
            "arm": used["canary_arm"],
            "inputs": used["inputs"] if text else {},
            "model": kwargs.get("model"),
            "latency_ms": 1000 * (end - start).total_seconds(),
            "segment": metadata.get("segment"),
            "session": metadata.get("session_id"),
        }
        if failed:
            return {**row, "error": {"type": type(failed).__name__, "message": str(failed)[:500] if text else ""}}
        return {**row, **_answered(answer, kwargs.get("response_cost"), text)}


def _answered(answer: Any, cost: float | None, text: bool) -> dict[str, Any]:
    choice, usage = answer.choices[0], getattr(answer, "usage", None)
    calls = [c.model_dump() for c in choice.message.tool_calls or ()] if text else []
    return {
        "output": choice.message.content if text else None,
        "tool_calls": calls,
        "response_model": answer.model,
        "finish_reason": choice.finish_reason,
        "tokens": {"input": usage.prompt_tokens, "output": usage.completion_tokens} if usage else None,
        "cost": cost or None,  # litellm says 0.0 where it does not know a price
    }


def __getattr__(name: str) -> Promptkeeper:
    """`keeper`, made from the environment when somebody asks for it: a proxy's configuration can name it."""
    if name != "keeper":
        raise AttributeError(name)
    made = Promptkeeper(os.environ["PROMPTKEEPER_URL"], os.environ.get("PROMPTKEEPER_TOKEN"), use_model=False)
    globals()[name] = made
    return made
