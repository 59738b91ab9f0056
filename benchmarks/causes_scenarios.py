"""The scenarios of the cause suite: for each class several ways in which it happens, in several domains."""

import random
from dataclasses import replace

from benchmarks import causes_domains, causes_grammar
from benchmarks.causes_faults import (
    cut_off,
    errors,
    forgets,
    harsh_judge,
    labels_random,
    labels_renamed,
    labels_swapped,
    more_of,
    new_revision,
    new_topic,
    other_model,
    released,
    worse_everywhere,
    worse_topics,
)
from benchmarks.causes_traffic import Call, Domain, Fault, Scenario
from library.prompts import Content


def scenarios(seed: int, *, other: bool = False) -> tuple[Scenario, ...]:
    """All scenarios; another seed draws other traffic. other: in the domains of the grammar."""
    domains = causes_grammar.DOMAINS if other else causes_domains.DOMAINS
    labelled, judged = [d for d in domains if d.judging == "expected"], [d for d in domains if d.judging == "judge"]
    made = _Maker(seed=seed, domains=list(domains))
    for at, domain in enumerate(domains):
        one, two = labelled[at % len(labelled)], judged[at % len(judged)]
        topic = domain.topics[at % len(domain.topics)]
        made.add("prompt", domain, worse_everywhere() if at % 2 else worse_topics())
        made.add("prompt", domain, worse_topics(1, 0.8), alone=True)
        made.add("new_topic", domain, new_topic())
        made.add("new_topic", domain, new_topic(0.25, 0.1))
        made.add("traffic_mix", domain, more_of(topic), weak={topic: 0.35})
        made.add("model_changed", domain, other_model("acme/swift-3" if at % 2 else "other/large-1"))
        made.add("model_changed", domain, other_model("acme/swift-2-mini", 0.6, 0.45), alone=True)
        made.add("model_changed", domain, worse_everywhere(0.3), together=worse_everywhere(0.25))
        made.add("data_error", one, (labels_swapped(), labels_renamed(), labels_random())[at % 3])
        made.add("data_error", one, (labels_random(0.25), labels_swapped(0.8), labels_renamed(1))[at % 3], alone=True)
        made.add("evaluator_changed", domain, harsh_judge(0.3))
        made.add("evaluator_changed", two, harsh_judge(0.4), alone=True)
        made.add("outage", domain, errors(("timeout", "rate_limit", "server_error", "connection")[at % 4]))
        made.add("outage", domain, errors("timeout", 0.25, scored=True), alone=True)
        made.add("truncation", domain, cut_off(0.3, empty=bool(at % 2)))
        made.release(domain, topic, forgets(topic))
    _pairs(made, labelled, judged)
    made.add("", labelled[0], new_revision())
    made.add("", judged[0], new_revision())
    return tuple(made.found)


def _pairs(made: "_Maker", labelled: list[Domain], judged: list[Domain]) -> None:
    one, two = labelled[0], judged[0]
    made.add("new_topic+model_changed", one, new_topic(0.3, 0.1), other_model("acme/swift-3", 1.0, 0.25))
    made.add("outage+new_topic", two, new_topic(0.35, 0.1), errors("timeout", 0.25))
    made.add("evaluator_changed+new_topic", two, new_topic(0.3, 0.1), harsh_judge(0.3))
    made.add("data_error+outage", one, labels_swapped(0.9), errors("rate_limit", 0.2, scored=True))
    made.add("truncation+prompt", labelled[-1], worse_topics(2, 0.6), cut_off(0.2))
    topic = two.topics[0]
    made.release(two, topic, forgets(topic), new_topic(0.25, 0.1), causes=("release", "new_topic"))


class _Maker:
    """Collects scenarios; the other prompts of a scenario are the other domains, with the model of its own."""

    def __init__(self, *, seed: int, domains: list[Domain]) -> None:
        self.found: list[Scenario] = []
        self._seed, self._domains = seed, domains

    def add(
        self,
        causes: str,
        domain: Domain,
        *faults: Fault,
        alone: bool = False,
        weak: dict[str, float] | None = None,
        together: Fault | None = None,
    ) -> None:
        others = [replace(d, model=domain.model) for d in self._domains if d.name != domain.name]
        self.found.append(
            Scenario(
                name=f"{causes or 'revision'}-{len(self.found)}-{domain.name.replace('/', '.')}",
                causes=tuple(causes.split("+")) if causes else (),
                domain=domain,
                seed=self._seed,
                faults=faults,
                others=() if alone else tuple(others[:3] if together else others[:1]),
                together=(together,) if together else (),
                weak=weak or {},
            )
        )

    def release(self, domain: Domain, topic: str, *faults: Fault, causes: tuple[str, ...] = ("release",)) -> None:
        """Version 2 leaves the line of a topic out."""
        kept = [line for line in domain.prompt.splitlines() if not line.startswith(f"- {topic}:")]
        text = "\n".join(kept).replace("You ", "Be brief. You ", 1)

        def together(calls: list[Call], domain: Domain, rng: random.Random) -> None:
            for fault in faults:
                fault(calls, domain, rng)

        self.found.append(
            Scenario(
                name=f"{'+'.join(causes)}-{len(self.found)}-{domain.name.replace('/', '.')}",
                causes=causes,
                domain=domain,
                seed=self._seed,
                faults=(released(together),),
                release=Content(text=text, config={"model": domain.model}),
            )
        )
