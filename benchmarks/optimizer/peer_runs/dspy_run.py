"""dspy: MIPROv2 or COPRO over the instructions of one predictor, without demonstrations."""

import sys
from typing import Any

import dspy
from order import Order, run

ROUNDS, VAL = 5, 40


def optimise(order: Order) -> dict[str, Any]:
    """Which of the two is the third argument; the budget is met by the number of candidates."""
    student = dspy.LM("openai/sim-student", api_base=order.api, api_key="none", cache=False)
    teacher = dspy.LM("openai/sim-teacher", api_base=order.api, api_key="none", cache=False)
    dspy.configure(lm=student)
    fields: dict[str, Any] = {name: (str, dspy.InputField()) for name in order.variables}
    fields["answer"] = (str, dspy.OutputField())
    program = dspy.Predict(dspy.Signature(fields, order.instructions))

    def metric(example: Any, prediction: Any, trace: Any = None) -> float:
        return order.judge(prediction.answer, example.answer)[0]

    def rows(split: list[dict[str, Any]]) -> list[Any]:
        return [dspy.Example(**r["inputs"], answer=r["expected"]).with_inputs(*order.variables) for r in split]

    better = (copro if sys.argv[3] == "copro" else mipro)(order, program, metric, teacher, rows)
    return {"prompt": better.signature.instructions, "system": True, "ended": sys.argv[3]}


def mipro(order: Order, program: Any, metric: Any, teacher: Any, rows: Any) -> Any:
    """Instructions only; every trial is a full pass over val."""
    trials = max(2, order.calls // VAL - 1)
    optimizer = dspy.MIPROv2(
        metric=metric,
        prompt_model=teacher,
        task_model=dspy.settings.lm,
        auto=None,
        num_candidates=max(2, trials // 2),
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        num_threads=8,
        seed=order.seed,
    )
    return optimizer.compile(
        program, trainset=rows(order.train), valset=rows(order.val), num_trials=trials, minibatch=False
    )


def copro(order: Order, program: Any, metric: Any, teacher: Any, rows: Any) -> Any:
    """As many candidates a step as the budget allows; it knows one set, the validation set."""
    depth = 2
    breadth = max(2, order.calls // VAL // (depth + 1))
    optimizer = dspy.COPRO(prompt_model=teacher, metric=metric, breadth=breadth, depth=depth)
    return optimizer.compile(
        program, trainset=rows(order.val), eval_kwargs={"num_threads": 8, "display_progress": False}
    )


run(optimise)
