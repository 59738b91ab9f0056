"""Words a prompt must not use and names it must keep."""

import re
from collections.abc import Iterator

from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding


def check_forbidden(scene: Scene) -> Iterator[Finding]:
    """Forbidden phrases that are new in the candidate, except where a sentence forbids them itself."""
    for phrase in dict.fromkeys((*scene.policy.forbidden, *scene.setting("forbidden_phrases"))):
        pattern = _phrase(phrase)
        if len(pattern.findall(scene.current.clean.text)) >= len(pattern.findall(scene.candidate.clean.text)):
            continue
        for read in scene.fresh:
            match = pattern.search(read.unit.text)
            if match and not _banned_there(read.unit.text, match):
                span = scene.candidate.inside(read.unit, match.start(), match.end())
                yield finding(
                    "forbidden-phrase",
                    "forbidden",
                    "block",
                    f"the phrase '{phrase}' is forbidden",
                    spans=[span],
                    fix_hint=f"Say it without '{phrase}'.",
                )


def _phrase(phrase: str) -> re.Pattern[str]:
    words = [re.escape(w) for w in re.split(r"[\s-]+", phrase.strip().replace("’", "'")) if w]
    return re.compile(r"(?<!\w)" + r"[\s-]+".join(words) + r"(?!\w)", re.IGNORECASE)


def _banned_there(text: str, match: re.Match[str]) -> bool:
    return (
        re.search(
            r"\b(?:never|not|don't|avoid|without|no|forbidden|banned|refrain from|instead of)\b[^.;]{0,60}$",
            text[: match.start()],
            re.IGNORECASE,
        )
        is not None
    )


def check_brand(scene: Scene) -> Iterator[Finding]:
    """Names and terms that must survive, spelled as they are."""
    for term in dict.fromkeys((*scene.policy.must_keep, *scene.setting("brand_terms"))):
        pattern = re.compile(r"(?<!\w)" + r"\s+".join(re.escape(w) for w in term.split()) + r"(?!\w)")
        before, after = (bool(pattern.search(d.clean.text)) for d in (scene.current, scene.candidate))
        if before and not after:
            for policy in ("brand", "forbidden-phrase"):
                yield finding(
                    policy,
                    "term-lost",
                    "flag",
                    f"'{term}' is gone or spelled differently",
                    fix_hint=f"Keep '{term}' as it is.",
                )
