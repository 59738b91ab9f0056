"""What a comparison needs: the approved prompt, the candidate, and what must not be copied into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from library.prompts import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Everything a comparison needs; immutable.

    protected_clauses: extra clauses, compared in mode `equivalent`; safety clauses are found by the engine in any case.
    variables: declared variables; None means those of the current prompt.
    secret_texts: dataset and trace texts that must not be copied; answers: (input, answer) of evaluation items.
    shown_texts: what the writer was shown on purpose; phrases of these are nobody's secret.
    metadata: budget, allowed_domains, forbidden_phrases, brand_terms, language, eval_items, traces, tools,
    optional_variables. strict_templates: braces must parse in the prompt's format; False for plain files.
    """

    current: Content
    candidate: Content
    protected_clauses: tuple[str, ...] | None = None
    variables: tuple[str, ...] | None = None
    optional_variables: tuple[str, ...] = ()
    secret_texts: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    shown_texts: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    strict_templates: bool = True
