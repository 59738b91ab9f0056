"""Redaction: secrets and personal data become typed placeholders before a model sees production text."""

from policies.guardrails.personal import find_personal
from policies.guardrails.secrets import find_secrets


def redact(text: str, *, personal: bool = True) -> str:
    """The text with each secret as [SECRET] and each piece of personal data as its kind: [EMAIL], [PHONE], [CARD] …

    personal=False leaves personal data as it is.
    """
    marked = [(h.start, h.end, "SECRET") for h in find_secrets(text)]
    marked += [(h.start, h.end, h.kind) for h in find_personal(text)] if personal else []
    pieces: list[str] = []
    at = 0
    for start, end, kind in sorted(marked, key=lambda m: (m[0], -m[1])):
        if start < at:
            continue
        pieces += [text[at:start], f"[{kind}]"]
        at = end
    return "".join([*pieces, text[at:]])
