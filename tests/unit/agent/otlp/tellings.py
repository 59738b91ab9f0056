"""One and the same call, told in the words of every convention."""

import json

QUESTION = "I was charged twice."
MESSAGES = [
    {"role": "system", "parts": [{"type": "text", "content": "Name the queue."}]},
    {"role": "user", "parts": [{"type": "text", "content": QUESTION}]},
]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "billing"}], "finish_reason": "stop"}]

OURS = {
    "promptkeeper.prompt.name": "support/triage",
    "promptkeeper.prompt.version": 3,
    "promptkeeper.prompt.variable.message": QUESTION,
    "promptkeeper.output": "billing",
    "promptkeeper.cost": 0.002,
    "promptkeeper.session": "s-1",
    "gen_ai.request.model": "small",
    "gen_ai.response.model": "small-2026",
    "gen_ai.usage.input_tokens": 11,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.response.finish_reasons": ["stop"],
}
GEN_AI = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.prompt.name": "support/triage",
    "gen_ai.prompt.version": "3",
    "gen_ai.prompt.variable.message": QUESTION,
    "gen_ai.request.model": "small",
    "gen_ai.response.model": "small-2026",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 11,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.usage.cost": 0.002,
    "gen_ai.conversation.id": "s-1",
    "gen_ai.input.messages": json.dumps(MESSAGES),
    "gen_ai.output.messages": json.dumps(ANSWER),
}
OLDER = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.prompt.name": "support/triage",
    "gen_ai.prompt.version": "3",
    "gen_ai.prompt.variable.message": QUESTION,
    "gen_ai.request.model": "small",
    "gen_ai.response.model": "small-2026",
    "gen_ai.usage.prompt_tokens": 11,
    "gen_ai.usage.completion_tokens": 3,
    "gen_ai.usage.cost": "0.002",
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Name the queue.",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": QUESTION,
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "billing",
    "gen_ai.completion.0.finish_reason": "stop",
    "session.id": "s-1",
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "prompt.id": "support/triage",
    "llm.prompt_template.version": "v3",
    "llm.prompt_template.variables": json.dumps({"message": QUESTION}),
    "llm.request.model_name": "small",
    "llm.response.model_name": "small-2026",
    "llm.model_name": "small-2026",
    "llm.token_count.prompt": 11,
    "llm.token_count.completion": 3,
    "llm.cost.total": 0.002,
    "llm.finish_reason": "stop",
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Name the queue.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.content": QUESTION,
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "billing",
    "input.value": json.dumps({"messages": []}),
    "output.value": json.dumps({"choices": []}),
    "session.id": "s-1",
}
TRACELOOP = {
    **{name: value for name, value in GEN_AI.items() if not name.startswith("gen_ai.prompt")},
    "traceloop.workflow.name": "triage",
    "traceloop.prompt.key": "support/triage",
    "traceloop.prompt.version": 3,
    "traceloop.prompt.version_name": "summer",
    "traceloop.prompt.template_variables.message": QUESTION,
}
LANGFUSE = {
    "langfuse.observation.type": "generation",
    "langfuse.observation.prompt.name": "support/triage",
    "langfuse.observation.prompt.version": 3,
    "langfuse.observation.model.name": "small",
    "langfuse.observation.input": json.dumps([{"role": "user", "content": QUESTION}]),
    "langfuse.observation.output": json.dumps({"role": "assistant", "content": "billing", "finish_reason": "stop"}),
    "langfuse.observation.usage_details": json.dumps({"input": 11, "output": 3, "total": 14}),
    "langfuse.observation.cost_details": json.dumps({"input": 0.0015, "output": 0.0005}),
    "langfuse.session.id": "s-1",
    "metadata": json.dumps({"variables": {"message": QUESTION}}),
    "gen_ai.response.model": "small-2026",
}
LITELLM = {
    **{name: value for name, value in GEN_AI.items() if not name.startswith(("gen_ai.prompt", "gen_ai.usage.cost"))},
    "gen_ai.operation.name": "acompletion",
    "gen_ai.response.finish_reasons": '["stop"]',
    "gen_ai.cost.total_cost": 0.002,
    "metadata.requester_metadata": str(
        {"prompt_name": "support/triage", "prompt_version": 3, "variables": {"message": QUESTION}}
    ),
}
TELLINGS = {
    "ours": OURS,
    "gen_ai": GEN_AI,
    "older": OLDER,
    "openinference": OPENINFERENCE,
    "traceloop": TRACELOOP,
    "langfuse": LANGFUSE,
    "litellm": LITELLM,
}
