"""Personal data: addresses, telephone numbers, cards, accounts, identity numbers, births; reserved values are fine."""

import re
from collections.abc import Callable, Iterator

from policies.guardrails.scene import Scene, finding
from policies.guardrails.secrets import Hit
from policies.verdict import Finding

EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
RESERVED_DOMAIN = re.compile(
    r"(?:^|[.@])(?:example(?:\.\w+)?|test|invalid|localhost|local)$|(?:^|[.@])example\.", re.IGNORECASE
)
ROLE_ADDRESS = re.compile(
    (
        r"^(?:info|support|help|contact|service|hello|office|noreply|no-reply|sales|press|privacy|"
        r"security|admin|team|kontakt|feedback|billing|jobs|care|complaints|booking|reservations?)@"
    ),
    re.IGNORECASE,
)
PHONE = re.compile(r"(?<![\w./-])(?:\+|00)?\(?\d{1,4}\)?(?:[ ./-]?\(?\d{2,5}\)?){2,5}(?![\w/-])")
CARD = re.compile(r"(?<![\d-])\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\d-])|(?<!\d)3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?!\d)")
TEST_CARDS = frozenset(
    {
        "4111111111111111",
        "4242424242424242",
        "5555555555554444",
        "378282246310005",
        "4000000000000002",
        "5105105105105100",
        "4012888888881881",
        "6011111111111117",
        "371449635398431",
    }
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
TEST_IBANS = frozenset(
    {
        "DE89370400440532013000",
        "GB82WEST12345698765432",
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
        "CH9300762011623852957",
        "AT611904300234573201",
        "ES9121000418450200051332",
        "NL91ABNA0417164300",
    }
)
SOCIAL_SECURITY = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
TEST_SOCIAL_SECURITY = frozenset({"078-05-1120", "123-45-6789", "219-09-9999", "111-11-1111"})
NAME = (
    r"[A-ZÄÖÜÉ][a-zäöüßéèáíóúñç'-]{1,20}(?: [A-ZÄÖÜÉ]\.)?(?: (?:von|van|de|da|di|O'|Mc|"
    r"Mac)? ?[A-ZÄÖÜÉ][a-zäöüßéèáíóúñç'-]{1,20}){1,2}"
)
DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d|\d{1,2}\.? (?:January|"
    r"February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|"
    r"März|Mai|Juni|Juli|Oktober|Dezember|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|"
    r"Dec)\.?,? (?:19|20)\d\d)"
)
BIRTH = re.compile(
    rf"({NAME})[^.\n]{{0,40}}\b(?:born|b\.|DOB|date of birth|geb\.?|geboren|"
    rf"née?)\b[^.\n\d]{{0,20}}{DATE}|\b(?:DOB|date of birth|born(?: on)?|"
    rf"geboren am)\b[:\s]{{1,3}}{DATE}[^.\n]{{0,40}}({NAME})"
)
STREET = re.compile(
    rf"({NAME})[^.\n]{{0,50}}?\b(?:\d{{1,4}}[a-z]? [A-Z][\w'-]+(?: [A-Z][\w'-]+)? (?:Street|St|Road|Rd|"
    rf"Avenue|Ave|Lane|Ln|Drive|Close|Court|Way|Place|Square|Terrace|Gardens|Crescent|Hill|Row)\b|"
    rf"[A-ZÄÖÜ][\wäöüß-]{{2,30}}(?:straße|strasse|str\.|weg|gasse|allee|platz) \d{{1,4}}[a-z]?\b)"
)
NUMBERED_PERSON = re.compile(
    rf"({NAME})[^.\n]{{0,40}}\b(?:patient|customer|member|policy|account|passport|NHS|insurance|"
    rf"employee|file|case|booking|licen[cs]e|tax|ID)\s?(?:number|no\.?|nr\.?|#|"
    rf"id)?\s?[:#]?\s?([A-Z]{{0,4}}[ -]?\d[\d -]{{4,15}}\d)\b"
)
TEST_NAME = re.compile(
    (
        r"\b(?:(?:Jane|John|Jon|Janet|Joe) (?:Doe|Smith|Roe|Public|Bloggs)|Test|Example|Sample|Muster|"
        r"Dummy|Erika|Fake|Demo|Anon|Placeholder)\w*\b"
    ),
    re.IGNORECASE,
)
IP = re.compile(r"(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])")
RESERVED_IP = re.compile(
    r"^(?:10\.|127\.|0\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.0\.2\.|198\.51\.100\.|"
    r"203\.0\.113\.|169\.254\.|255\.|22[4-9]\.|23\d\.|8\.8\.|1\.1\.1\.1)"
)


def find_personal(text: str) -> tuple[Hit, ...]:
    """Personal data in order, without overlaps; the kinds are upper-case words fit for placeholders."""
    hits: list[Hit] = []
    for kind, pattern, real in RULES:
        hits += [Hit(kind, m.start(), m.end()) for m in pattern.finditer(text) if real(text, m)]
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return tuple(kept)


def _email(_: str, match: re.Match[str]) -> bool:
    return not RESERVED_DOMAIN.search(match.group().split("@")[1]) and not ROLE_ADDRESS.match(match.group())


def _phone(text: str, match: re.Match[str]) -> bool:
    said = match.group()
    digits = re.sub(r"\D", "", said)
    if not 9 <= len(digits) <= 15 or re.search(r"555\D?01\d\d$|5550\d{3}$", said):
        return False
    if re.match(r"(?:0|\+?1|00)?\D?(?:800|888|877|866|855|844|833|900)", said) or digits.startswith(
        ("0800", "0808", "0900")
    ):
        return False
    if re.fullmatch(r"(?:19|20)\d\d[-./]\d\d?[-./]\d\d?.*", said) or re.fullmatch(
        r"\d{1,2}[-./]\d{1,2}[-./]\d{4}.*", said
    ):
        return False
    if re.fullmatch(r"[\d.]+", said) and "." in said:
        return False
    if len(set(digits)) <= 2 or "1234567" in digits or re.search(r"07700 ?900|020 7946 0|01632 96", said):
        return False
    before = text[max(0, match.start() - 25) : match.start()].lower()
    dialled = said.startswith(("+", "0", "(")) or re.search(
        r"\b(?:phone|tel|telephone|call|mobile|cell|fax|telefon|tél|whatsapp)\W{0,3}(?:\w+\W{1,2})?$", before
    )
    named = re.fullmatch(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", said)
    return bool(dialled or named)


def _card(_: str, match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match.group())
    return 13 <= len(digits) <= 19 and digits not in TEST_CARDS and len(set(digits)) > 2 and luhn(digits)


def luhn(digits: str) -> bool:
    """Check digit of payment cards (ISO/IEC 7812-1)."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _iban(_: str, match: re.Match[str]) -> bool:
    compact = match.group().replace(" ", "")
    if not 15 <= len(compact) <= 34 or compact in TEST_IBANS:
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _social(_: str, match: re.Match[str]) -> bool:
    return match.group() not in TEST_SOCIAL_SECURITY


def _person(_: str, match: re.Match[str]) -> bool:
    name = next((g for g in match.groups() if g), "")
    return not TEST_NAME.search(name) and not COMMON_PHRASE.search(name)


def _ip(text: str, match: re.Match[str]) -> bool:
    version = re.search(r"\b(?:version|v|release)\s?$", text[max(0, match.start() - 10) : match.start()], re.IGNORECASE)
    return not RESERVED_IP.match(match.group()) and version is None


COMMON_PHRASE = re.compile(
    r"\b(?:The|If|Never|Always|Use|Answer|Return|Please|Example|Customer|Patient|Your|Our|This|That|"
    r"When|For|Do|Ask|Give|Keep|Write|Reply)\b"
)
RULES: tuple[tuple[str, re.Pattern[str], Callable[[str, re.Match[str]], bool]], ...] = (
    ("EMAIL", EMAIL, _email),
    ("CARD", CARD, _card),
    ("IBAN", IBAN, _iban),
    ("SSN", SOCIAL_SECURITY, _social),
    ("IP", IP, _ip),
    ("PHONE", PHONE, _phone),
    ("BIRTH", BIRTH, _person),
    ("ADDRESS", STREET, _person),
    ("PERSON", NUMBERED_PERSON, _person),
)


def check_personal(scene: Scene) -> Iterator[Finding]:
    """Personal data that the approved prompt did not hold."""
    before = scene.current.raw
    for hit in find_personal(scene.candidate.raw):
        if scene.candidate.raw[hit.start : hit.end] in before:
            continue
        yield finding(
            "pii-leak",
            hit.kind.lower(),
            "block",
            f"something that looks like personal data ({hit.kind.lower()})",
            spans=[scene.candidate.raw_span(hit.start, hit.end)],
            fix_hint="Use a made-up value from a reserved range (example.com, 555-01xx).",
        )
