"""gepa with its own default adapter and settings; the budget is its number of metric calls."""

from typing import Any

import gepa
import litellm
from gepa.adapters.default_adapter.default_adapter import DefaultAdapter, EvaluationResult
from order import Order, as_text, run

NAME = "system_prompt"


def optimise(order: Order) -> dict[str, Any]:
    """Evolve the instructions; train is its training set, val its validation set."""

    def ask(model: str, messages: Any) -> str:
        reply = litellm.completion(model=model, messages=messages, api_base=order.api, api_key="none", num_retries=3)
        return str(reply.choices[0].message.content or "")

    def judged(data: Any, response: str) -> EvaluationResult:
        score, feedback = order.judge(response, data["answer"])
        return EvaluationResult(score=score, feedback=feedback)

    def rows(split: list[dict[str, Any]]) -> list[Any]:
        return [{"input": as_text(r["inputs"]), "additional_context": {}, "answer": r["expected"]} for r in split]

    result = gepa.optimize(
        seed_candidate={NAME: order.instructions},
        trainset=rows(order.train),
        valset=rows(order.val),
        adapter=DefaultAdapter(model=lambda messages: ask("openai/sim-student", messages), evaluator=judged),
        reflection_lm=lambda said: ask(
            "openai/sim-teacher", [{"role": "user", "content": said}] if isinstance(said, str) else said
        ),
        max_metric_calls=order.calls,
        seed=order.seed,
    )
    return {"prompt": result.best_candidate[NAME], "system": True, "ended": f"{len(result.candidates)} candidates"}


run(optimise)
