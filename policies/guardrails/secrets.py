"""Secrets: shapes of known providers, keys in assignments, passwords in addresses. Placeholders are not secrets."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding

SHAPES = {
    "private-key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----",
    "aws-key": r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255})\b",
    "gitlab-token": r"\bgl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_-]{16,64}",
    "slack-token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,200}|https://hooks\.slack\.com/services/T[\w/]{10,200}",
    "model-key": r"\bsk-(?:proj-|ant-|or-v1-|svcacct-|live-|test-)?[A-Za-z0-9_-]{16,200}",
    "google-key": r"\bAIza[0-9A-Za-z_-]{30,45}|\bya29\.[0-9A-Za-z_-]{20,200}",
    "payment-key": r"\b(?:sk|rk|pk|whsec)_(?:live|test)?_?[0-9A-Za-z]{16,120}",
    "hugging-face-token": r"\bhf_[A-Za-z0-9]{20,60}\b",
    "package-token": (
        r"\b(?:npm_[A-Za-z0-9]{30,50}|pypi-[A-Za-z0-9_-]{16,250}|dop_v1_[0-9a-f]{30,70}|"
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,50}|SG\.[\w-]{16,40}\.[\w-]{16,60}|"
        r"glsa_\w{20,60}|rubygems_[0-9a-f]{30,60}|xapp-[\w-]{20,200}|"
        r"sq0[a-z]{3}-[\w-]{20,50})"
    ),
    "json-web-token": r"\beyJ[A-Za-z0-9_-]{8,1000}\.eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{6,1000}",
    "url-password": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@{}<>]{1,80}:[^\s/@{}<>]{3,100}@[^\s/]{1,100}",
    "connection-string": r"\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[A-Za-z0-9+/=%]{16,200}",
    "bearer-token": r"(?:(?<=Bearer )|(?<=Basic )|(?<=token ))[A-Za-z0-9._~+/-]{20,500}=*",
}
COMPILED = {name: re.compile(pattern) for name, pattern in SHAPES.items()}
ASSIGNED = re.compile(
    r"(?P<name>\b(?:[\w.-]{0,30}(?:api[ _-]?key|secret|passw(?:or)?d|passwort|passphrase|pwd|token|"
    r"credentials?|access[ _-]?key|auth[ _-]?key|private[ _-]?key|kennwort|"
    r"client[ _-]?secret)[\w-]{0,20}|[a-z][a-z0-9]{0,20}(?:[_-][a-z0-9]{1,20}){0,4}[_-](?:key|pass|pw|pwd|pat|auth|"
    r"cred|creds)))\b"
    r"(?P<link>\s{0,3}(?:=|:|:=|=>|\bis\b|\blautet\b|\bist\b|"
    r"->)\s{0,3})[\"'`]?(?P<value>[^\s\"'`,;<>{}\[\]()]{6,200})",
    re.IGNORECASE,
)
PLAINLY_SECRET = re.compile(
    r"api[ _-]?key|secret|token|credential|access[ _-]?key|auth[ _-]?key|private[ _-]?key|kennwort|passwort"
)
"""Names that say what they hold; of other keys (`gateway_key`) the value has to show it."""
PASS = re.compile(r"[_-](?:pass|pw|pwd|pat)$")
KEY_VALUE = re.compile(r"(?=(?:[^\d\n]*\d){3})(?=.*[A-Za-z])[A-Za-z0-9+/=]{16,200}")


LOGIN = re.compile(
    (
        r"\b(?:log ?in|sign in|authenticate|admin|"
        r"user(?:name)?)\b[^\n]{0,30}?\b[\w.-]{2,30}\s?[/:]\s?(?P<value>[^\s\"'`,;<>{}]{6,60})"
    ),
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(
    (
        r"x{4,}|\*{3,}|\.{3,}|_{4,}|0{8,}|1234567|abcdef|example|sample|placeholder|your|dummy|redacted|"
        r"changeme|change_me|insert|replace|todo|fake|test[-_]?key|not[-_]?a[-_]?real|foobar|<|>|\{|\}|…|"
        r"deadbeef|lorem"
    ),
    re.IGNORECASE,
)
BLANK = re.compile(
    (
        r"x{4,}|\*{3,}|\.{3,}|_{4,}|0{8,}|example|placeholder|your|dummy|redacted|changeme|change_me|"
        r"insert|replace|fake|[<>{}…]"
    ),
    re.IGNORECASE,
)
"""What makes even a provider's shape a placeholder."""
HASH_CONTEXT = re.compile(
    (
        r"(?:commit|revision|sha-?\d*|md5|checksum|digest|hash|build|uuid|guid|etag|trace|request|order|"
        r"ticket|version)\W{0,12}(?:\w+\W{1,3}){0,2}$"
    ),
    re.IGNORECASE,
)
DIGEST = re.compile(r"(?:[a-z0-9]{1,10}[:-])?[0-9a-f-]{7,130}", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text: what it looks like, from where to where."""

    kind: str
    start: int
    end: int


def find_secrets(text: str) -> tuple[Hit, ...]:
    """Secrets in order, without overlaps."""
    hits = [
        Hit(kind, m.start(), m.end()) for kind, p in COMPILED.items() for m in p.finditer(text) if _real(text, m, kind)
    ]
    for match in ASSIGNED.finditer(text):
        if _assigned_secret(match):
            hits.append(Hit("assigned-secret", match.start("value"), match.end("value")))
    for match in LOGIN.finditer(text):
        value = match["value"]
        if _varied(value) and _mixed(value) and not PLACEHOLDER.search(value) and "://" not in value:
            hits.append(Hit("assigned-secret", match.start("value"), match.end("value")))
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return tuple(kept)


def _real(text: str, match: re.Match[str], kind: str) -> bool:
    said = match.group()
    if kind == "private-key":
        return True
    if kind == "bearer-token" and not (_varied(said.split()[-1]) and re.search(r"\d", said)):
        return False
    if kind == "url-password" and re.search(r":(?:password|pass|pw|secret|\d+)@", said):
        return False
    return (
        not BLANK.search(said) and _entropy(said) > 2.6 and (kind != "model-key" or re.search(r"\d", said) is not None)
    )


def _assigned_secret(match: re.Match[str]) -> bool:
    value, name = match["value"].rstrip(".!?"), match["name"].lower()
    if len(value) < 6 or PLACEHOLDER.search(value) or UUID.fullmatch(value):
        return False
    wordy = match["link"].strip().lower() in {"is", "lautet", "ist", ":"}
    if "passw" in name or "pwd" in name or "kennwort" in name or "passphrase" in name:
        return _mixed(value) if wordy else len(value) >= 6 and not value.isalpha()
    if PASS.search(name):
        return len(value) >= 8 and _mixed(value) and _varied(value)
    if not PLAINLY_SECRET.search(name):
        return len(value) >= 16 and KEY_VALUE.fullmatch(value) is not None and _entropy(value) >= 3.2
    return _varied(value) and _mixed(value) and len(value) >= 10


def _mixed(value: str) -> bool:
    """Letters and figures, or letters and signs, in one word: nobody writes prose like that."""
    return bool(re.search(r"[A-Za-z]", value) and re.search(r"\d|[!@#$%^&*+=]", value))


def _varied(value: str) -> bool:
    return _entropy(value) >= 2.8


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())


def check_secrets(scene: Scene) -> Iterator[Finding]:
    """Secrets that the approved prompt did not hold."""
    before = scene.current.raw
    for hit in find_secrets(scene.candidate.raw):
        said = scene.candidate.raw[hit.start : hit.end]
        digest = DIGEST.fullmatch(said) and HASH_CONTEXT.search(scene.candidate.raw[max(0, hit.start - 40) : hit.start])
        if said in before or digest:
            continue
        yield finding(
            "secret-leak",
            hit.kind,
            "block",
            f"something that looks like a secret ({hit.kind})",
            spans=[scene.candidate.raw_span(hit.start, hit.end)],
            fix_hint="Remove it; keep secrets out of prompts.",
        )
