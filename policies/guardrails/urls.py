"""Addresses in the prompt: unknown hosts flag; an image or link that carries a variable outwards blocks."""

import re
from collections.abc import Iterator

from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding

URL = re.compile(
    (
        r"\b(?:https?|ftp|wss?|data|javascript)(?:://|:(?=[^\s/]))[^\s<>\"'`\])]{2,500}|"
        r"\bwww\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}[^\s<>\"'`\])]{0,300}"
    ),
    re.IGNORECASE,
)
BARE = re.compile(
    (
        r"(?<![\w@./-])(?:[a-z0-9-]{2,63}\.){1,4}(?:com|org|net|io|dev|app|co|info|biz|xyz|site|online|"
        r"shop|ru|cn|de|fr|uk|us|eu|ai|me|ly|gg|tk|top|link|click)(?:/[^\s<>\"'`\])]{0,300})?(?![\w@])"
    ),
    re.IGNORECASE,
)
HOST = re.compile(r"^(?:[a-z]+:)?/{0,2}(?:[^/@\s]*@)?([^/:?#\s]+)", re.IGNORECASE)
CARRIES = re.compile(r"\{+\s*[\w.-]+\s*\}+|<[a-z_ ]+>|\[[A-Z_ ]+\]|%s|\$\w+")
DOCUMENTATION = frozenset({"example.com", "example.org", "example.net", "www.example.com", "localhost", "127.0.0.1"})


def check_urls(scene: Scene) -> Iterator[Finding]:
    """Addresses that the approved prompt does not hold."""
    allowed = {d.lower() for d in (*scene.policy.allowed_domains, *scene.setting("allowed_domains"))}
    known = {host_of(m.group()) for p in (URL, BARE) for m in p.finditer(scene.current.raw)}
    seen: set[tuple[int, int]] = set()
    for pattern in (URL, BARE):
        for match in pattern.finditer(scene.candidate.raw):
            said = match.group().rstrip(".,;:!?")
            if said in scene.current.raw or any(a <= match.start() < b for a, b in seen):
                continue
            seen.add((match.start(), match.end()))
            host = host_of(said)
            span = scene.candidate.raw_span(match.start(), match.start() + len(said))
            image = re.search(
                r"!\[[^\]]*\]\($|<img\b[^>]{0,80}$", scene.candidate.raw[max(0, match.start() - 100) : match.start()]
            )
            trusted = host in known or _within(host, allowed)
            if CARRIES.search(said) and (image or not trusted):
                yield finding(
                    "unknown-url",
                    "carries-data",
                    "block",
                    f"an address at '{host}' that carries a variable outwards",
                    spans=[span],
                    fix_hint="Remove the address.",
                )
            elif re.match(r"(?:data|javascript):", said, re.IGNORECASE):
                yield finding(
                    "unknown-url",
                    "active-scheme",
                    "block",
                    "an address that holds code or data",
                    spans=[span],
                    fix_hint="Remove the address.",
                )
            elif (
                not trusted
                and host not in DOCUMENTATION
                and not host.endswith((".example.com", ".example.org", ".example.net"))
            ):
                yield finding(
                    "unknown-url",
                    "unknown-host",
                    "flag",
                    f"the address points to '{host}', which nobody allowed",
                    spans=[span],
                    fix_hint="Remove the address or ask an owner to allow the host.",
                )


def host_of(url: str) -> str:
    """The host of an address, in lower case, without user names, port and `www.`."""
    match = HOST.match(url)
    host = match.group(1).lower().rstrip(".") if match else url.lower()
    return host.removeprefix("www.")


def _within(host: str, allowed: set[str]) -> bool:
    return any(host == d or host.endswith("." + d) for d in (a.removeprefix("www.") for a in allowed))
