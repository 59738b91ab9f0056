"""The third set of domains: five languages, letters in free text beside labels and JSON, long and short messages."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.causes_traffic import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How people write. topics: (things, troubles) of each; new: those of a kind that never came before.

    around: clauses that say nothing of the topic; joint: what stands between clauses.
    """

    topics: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    new: tuple[Sequence[str], Sequence[str]]
    around: Sequence[str]
    joint: str = " "
    clauses: tuple[int, int] = (0, 3)

    def say(self, topic: str, rng: random.Random, is_new: bool) -> str:
        things, troubles = self.new if is_new else self.topics[topic]
        said = [f"{rng.choice(things)}{self.joint}{rng.choice(troubles)}"]
        for _ in range(rng.randint(*self.clauses)):
            said.insert(rng.randint(0, len(said)), rng.choice(self.around).format(n=rng.randint(2, 9999)))
        return self.joint.join(said)


CLAIMS = Tongue(
    topics={
        "hausrat": (
            ("mein Fahrrad", "der Fernseher", "unsere Couch", "die Waschmaschine"),
            ("wurde aus dem Keller gestohlen", "ist nach dem Rohrbruch defekt", "hat einen Brandfleck"),
        ),
        "kfz": (
            ("die Stoßstange", "der linke Spiegel", "die Windschutzscheibe", "mein Wagen"),
            ("wurde beim Parken beschädigt", "hat einen Steinschlag", "muss in die Werkstatt"),
        ),
        "haftpflicht": (
            ("mein Sohn", "unser Hund", "meine Tochter", "ich selbst"),
            (
                "hat beim Nachbarn eine Vase zerbrochen",
                "hat eine fremde Brille zertreten",
                "beschädigte die Mietwohnung",
            ),
        ),
        "reise": (
            ("der Flug nach Rom", "unsere Pauschalreise", "das Hotel", "die Kreuzfahrt"),
            ("musste wegen Krankheit storniert werden", "fiel ins Wasser", "wurde vom Veranstalter abgesagt"),
        ),
        "unfall": (
            ("mein Handgelenk", "der Knöchel", "das Knie", "die Schulter"),
            ("ist nach einem Sturz gebrochen", "wurde beim Sport verletzt", "braucht eine Operation"),
        ),
        "beitrag": (
            ("die Abbuchung", "der Jahresbeitrag", "die Rechnung", "mein Rabatt"),
            ("ist zu hoch", "wurde doppelt eingezogen", "stimmt nicht mit dem Vertrag überein"),
        ),
    },
    new=(
        ("die Drohne", "das Solarmodul", "mein E-Scooter", "die Wallbox"),
        ("stürzte auf ein Gewächshaus", "wurde vom Hagel zerschlagen", "geriet beim Laden in Brand"),
    ),
    around=(
        "Guten Tag.",
        "Vertrag {n}.",
        "Bitte melden Sie sich.",
        "Es eilt.",
        "Fotos liegen bei.",
        "Danke im Voraus.",
    ),
)
BANK = Tongue(
    topics={
        "tarjeta": (
            ("mi tarjeta", "la tarjeta nueva", "el plástico", "la banda magnética"),
            ("no llegó a casa", "fue tragada por el cajero", "está bloqueada desde ayer"),
        ),
        "transferencia": (
            ("el envío a mi hermana", "la transferencia", "el giro al extranjero", "un traspaso"),
            ("no aparece en destino", "salió dos veces", "quedó pendiente de validar"),
        ),
        "hipoteca": (
            ("la cuota de la vivienda", "la hipoteca", "el tipo variable", "la tasación"),
            ("subió demasiado", "quiero amortizarla antes", "necesita una revisión"),
        ),
        "acceso": (
            ("la clave", "la aplicación", "el código por mensaje", "la huella"),
            ("no me deja entrar", "caducó sin aviso", "pide datos una y otra vez"),
        ),
    },
    new=(
        ("el bizum familiar", "un monedero de criptomonedas", "la cuenta infantil", "el redondeo solidario"),
        ("no sé cómo activarlo", "cobra una comisión rara", "aparece en gris"),
    ),
    around=("buenos días", "gracias", "es la vez número {n}", "por favor", "llevo {n} minutos esperando", "un saludo"),
    joint=", ",
    clauses=(0, 2),
)
MUSEUM = Tongue(
    topics={
        "billets": (
            ("le billet jeune", "ma réservation", "le tarif famille", "le pass annuel"),
            ("n'est pas arrivé par courriel", "peut-il être remboursé", "affiche une mauvaise date"),
        ),
        "visite": (
            ("la visite guidée", "l'audioguide", "le parcours enfants", "la nocturne"),
            ("existe-t-elle en anglais", "dure combien de temps", "est-elle adaptée aux fauteuils"),
        ),
        "boutique": (
            ("l'affiche", "le catalogue", "la tasse", "le foulard"),
            ("est arrivée cassée", "n'est plus en vente", "peut-on l'expédier"),
        ),
        "pret": (
            ("le tableau", "une sculpture", "le manuscrit", "la gravure"),
            ("peut être prêté à notre ville", "doit être assuré pour le transport", "sera restauré quand"),
        ),
        "emploi": (
            ("mon stage", "le poste de gardien", "ma candidature", "le contrat d'été"),
            ("n'a pas reçu de réponse", "commence quel jour", "demande quels diplômes"),
        ),
    },
    new=(
        ("le casque de réalité virtuelle", "la salle immersive", "l'avatar du peintre", "le jeu d'évasion"),
        ("donne le vertige", "se bloque au troisième niveau", "est réservé à quel âge"),
    ),
    around=("Bonjour.", "Merci d'avance.", "Nous serons {n} personnes.", "Cordialement.", "J'ai déjà écrit {n} fois."),
)
DINER = Tongue(
    topics={
        "予約": (
            ("今夜の席", "個室", "窓際の席", "週末の予約"),
            ("を取りたいです", "を変更できますか", "を取り消します"),
        ),
        "注文": (
            ("ラーメン", "弁当", "寿司の盛り合わせ", "味噌汁"),
            ("を追加してください", "がまだ届きません", "が冷めています"),
        ),
        "支払い": (
            ("領収書", "割り勘", "カード払い", "税込みの金額"),
            ("をお願いします", "が間違っています", "はできますか"),
        ),
        "忘れ物": (("傘", "財布", "上着", "携帯電話"), ("を店に忘れました", "が見つかりましたか", "を取りに行きます")),
    },
    new=(
        ("配膳ロボット", "電子メニュー", "顔認証の入口", "無人レジ"),
        ("が動きません", "の使い方が分かりません", "が反応しない"),
    ),
    around=("すみません。", "{n}人です。", "よろしくお願いします。", "急いでいます。", "番号は{n}です。"),
    joint="",
    clauses=(0, 2),
)
DESK = Tongue(
    topics={
        "hardware": (
            ("my docking station", "the second monitor", "the laptop fan", "the headset"),
            ("makes a grinding noise", "is not recognised after the update", "flickers every few minutes"),
        ),
        "access": (
            ("the shared drive", "the payroll portal", "the vpn", "the badge reader"),
            ("says that I lack permission", "rejects my credentials", "logs me out at once"),
        ),
        "mail": (
            ("the team mailbox", "an out of office reply", "the calendar invite", "the distribution list"),
            ("does not reach external people", "was sent to everybody", "vanished from the archive"),
        ),
        "printing": (
            ("the printer on our floor", "the scanner", "the toner", "duplex mode"),
            ("prints blank pages", "is jammed again", "asks for a code that nobody knows"),
        ),
        "software": (
            ("the spreadsheet plugin", "our licence", "the compiler", "the browser"),
            ("expires next week", "needs to be installed for a course", "crashes when opening large files"),
        ),
    },
    new=(
        ("the meeting transcription bot", "the code copilot", "the chat summariser", "the avatar camera"),
        ("joins calls uninvited", "leaks names of clients", "invents function names"),
    ),
    around=(
        "This blocks the whole team and the deadline is close.",
        "I restarted everything twice, without any change.",
        "Asset tag {n}.",
        "My colleague in room {n} has the same, so it is not just me.",
        "Thank you for your patience with me.",
        "It worked until the long weekend, I think.",
    ),
    clauses=(1, 5),
)


def label(topic: str, rng: random.Random) -> str:
    """The topic's name is the answer."""
    return topic


def as_json(topic: str, rng: random.Random) -> str:
    """An object with the topic and how urgent it is."""
    return json.dumps({"sparte": topic, "frist": len(topic) % 3})


def letter(advice: str) -> Callable[[str, random.Random], str]:
    """A few sentences about the topic."""

    def write(topic: str, rng: random.Random) -> str:
        return (
            f"{rng.choice(('Madame, Monsieur', 'Bonjour', 'Cher visiteur'))}, {topic}: {advice} {rng.randint(10, 99)}."
        )

    return write


def halves(topics: Sequence[str]) -> Callable[[str, random.Random], str]:
    """Two segments that hold whole topics."""
    return lambda topic, rng: "first" if list(topics).index(topic) < len(topics) // 2 else "second"


def anywhere(names: Sequence[str], weights: Sequence[float]) -> Callable[[str, random.Random], str]:
    """Segments that have nothing to do with topics."""
    return lambda topic, rng: rng.choices(names, weights)[0]


def domain_of(name: str, tongue: Tongue, task: str, **said: object) -> Domain:
    """A domain with a prompt that lists its topics."""
    lines = "\n".join(f"- {t}: {', '.join(things[:2])}" for t, (things, _) in tongue.topics.items())
    text = f"{task}\n\n{lines}\n\n{{{{message}}}}\n"
    return Domain(name=name, prompt=text, topics=tuple(tongue.topics), say=tongue.say, **said)  # type: ignore[arg-type]


DOMAINS = (
    domain_of(
        "versicherung/schaden", CLAIMS, "You file claims as JSON.", answer=as_json, usual=0.9, metric="fields_match",
        segment=halves(tuple(CLAIMS.topics)), model="west/heron-4",
    ),
    domain_of(
        "banco/ayuda", BANK, "You sort questions to a bank.", answer=label,
        segment=anywhere(("móvil", "oficina"), (4, 1)), model="west/heron-4", labelled=0.7,
    ),
    domain_of(
        "musee/lettres", MUSEUM, "You answer visitors of a museum.", model="west/heron-4", judging="judge", graded=True,
        answer=letter("nous vous répondons par écrit sous deux jours, dossier"), metric="courtesy", usual=0.88,
        segment=anywhere(("site", "guichet", "groupe"), (3, 2, 1)),
    ),
    domain_of(
        "shokudo/uketsuke", DINER, "You route calls to a restaurant.", answer=label, segment=lambda topic, rng: "all",
        model="west/heron-4", usual=0.94, metric="route",
    ),
    domain_of(
        "helpdesk/triage", DESK, "You triage tickets of an office.", answer=label, judging="judge",
        model="west/heron-4", metric="triage_judge", usual=0.91,
        segment=anywhere(("north", "south", "remote"), (1, 1, 1)),
    ),
)  # fmt: skip
