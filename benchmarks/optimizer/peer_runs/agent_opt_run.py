"""agent-opt: its MetaPrompt optimiser, as many rounds on subsets of 40 as the budget allows."""

import os
import random
from typing import Any

from order import Order, run

SUBSET = 40


def optimise(order: Order) -> dict[str, Any]:
    """Rewrite the prompt with placeholders. Its student is hard-wired by name, so the address comes by environment."""
    os.environ["OPENAI_API_BASE"] = order.api
    os.environ["OPENAI_API_KEY"] = "none"
    from fi.evals.metrics.base_metric import BaseMetric
    from fi.evals.types import TextMetricInput
    from fi.opt.base.evaluator import Evaluator
    from fi.opt.datamappers.basic_mapper import BasicDataMapper
    from fi.opt.generators.litellm import LiteLLMGenerator
    from fi.opt.optimizers.metaprompt import MetaPromptOptimizer

    class Judged(BaseMetric[TextMetricInput]):
        """The task's own measure."""

        @property
        def metric_name(self) -> str:
            """Its name."""
            return "task"

        def compute_one(self, inputs: Any) -> dict[str, Any]:
            """Score one output."""
            score, feedback = order.judge(str(inputs.response), str(inputs.expected_response))
            return {"output": score, "reason": feedback}

    random.seed(order.seed)
    rows = [{**r["inputs"], "expected": r["expected"]} for r in (*order.train, *order.val)]
    result = MetaPromptOptimizer(LiteLLMGenerator("openai/sim-teacher", "{prompt}")).optimize(
        evaluator=Evaluator(metric=Judged()),
        data_mapper=BasicDataMapper({"response": "generated_output", "expected_response": "expected"}),
        dataset=rows,
        initial_prompts=[order.prompt],
        task_description=order.description,
        num_rounds=max(1, order.calls // SUBSET),
        eval_subset_size=SUBSET,
    )
    best = result.best_generator.get_prompt_template()
    return {"prompt": best, "system": False, "ended": f"{len(result.history)} rounds"}


run(optimise)
