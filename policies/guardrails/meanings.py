"""What kind of deed a verb is and what kind of thing a noun is: how text permits in other words what a clause forbids.

Data about English (with some German), one class per line; an indented line continues the one before.
"""

from collections.abc import Mapping
from functools import lru_cache

from policies.guardrails.synonyms import joined_lines
from policies.guardrails.words import Synonyms

DEEDS = """
disclose: reveal, disclose, share, tell, say, name, show, give, provide, list, mention, state, repeat, quote, print,
    read out, publish, post, describe, explain, display, output, inform, include, insert, pass on, discuss, hint,
    summarise, indicate, spell out, appear, remind, nenne, zeige, gib, teile
collect: ask, request, collect, obtain, prompt, demand, take down, gather, frage, verlange, erfrage, enquire, inquire
keep: store, save, record, log, keep, remember, retain, archive, memorise, speichere, merke
advise: recommend, suggest, advise, propose, prescribe, endorse, encourage, offer, give, pick, rank, advice, remind,
    empfehle
promise: promets, promettez, promettre, prometas, prometa, promise, guarantee, assure, reassure, commit, pledge,
    swear, zusagen, versprechen, garantieren, zusichern, bestätigen
weaken: skip, disable, delete, remove, weaken, mute, suppress, loosen, bypass, deactivate
judge: decide, determine, judge, diagnose, diagnosis, assess, rate, conclude, name, identify, interpret
foretell: predict, estimate, forecast, guess, speculate, assume, project
grant: approve, grant, authorise, authorize, allow, accept, issue, permit, pay, refund, waive, sign, confirm, release,
    offer, sell, serve, buy, order, book, transfer, give
reach: contact, call, phone, email, message, notify, visit, send, copy, forward, write
alter: change, modify, edit, delete, remove, erase, overwrite, adjust, double, halve, replace, correct, tidy,
    modernise, modernize, improve, fix, harmonise, standardise, rewrite, clean
    up, update, drop, alter, format, merge, reset, cancel, revoke, move, swap, withdraw
invent: guess, invent, make up, fill in, estimate, assume, approximate, extrapolate, infer, complete
obey: follow, obey, execute, act on, carry out, comply, do, run, apply, treat
blame: blame, insult, criticise, criticize, mock, comment, judge
help: help, assist, support, teach
impersonate: pretend, impersonate, pose, imitate, play, act
open: open, unscrew, dismantle, disassemble, pry, unlock, touch, remove, click, download, install, enter, handle, run,
    execute
retrieve: select, include, return, add, fetch, query, join, output, show, read, list
travel: separate, move, leave, cross, exceed, drive, go
choose: choose, pick, select, prefer, decide
omit: leave out, omit, drop, skip, cut, shorten, remove, merge, delete, leave, withhold
soften: soften, weaken, tone down, downplay, dilute
compare: compare, rank, benchmark, contrast
hide: hide, conceal, omit, keep, withhold, cover, disguise
"""
KINDS = """
name: first name, forename, surname, full name
supplement: creatine, whey, protein powder, vitamin, magnesium, caffeine, omega
developer: contributor, author, programmer, committer, maintainer
allergen: peanut, nut, milk, gluten, egg, soy, lupin, shellfish, sesame, mustard, celery, wheat
admission: place, offer, accepted, enrol, admit
press: newspaper, journalist, reporter, magazine, media, broadcaster, tv
voice: recording, audio, tape
board: ship, vessel, ferry, plane, boat, bus
fingerprint: thumb, thumbprint, biometrics
fraud: dishonest, deception, deceit, scam, cheat, swindle, forgery
telefonnummer: handynummer, mobilnummer, durchwahl, privatnummer
mieter: nachbar, mitbewohner
daten: namen, adresse, telefonnummer, geburtsdatum, kontonummer, name
data: figures, figure
medicine: paracetamol, ibuprofen, aspirin, acetaminophen, naproxen, codeine, antibiotic, amoxicillin, penicillin,
    insulin, painkiller, painkillers, sedative, antidepressant, pill, syrup, ointment, vitamin, supplement,
    antihistamine, statin, opioid, morphine, vaccine, tylenol, advil
cream: ointment, lotion, balm, gel, salve
appearance: weight, belly, waist, hair, face, figure, body, skin, clothes, dress, looks, beautiful, ugly, fat, slim,
    pretty
outcome: odds, trend, polls, favourite, winner, ahead, lead, chances
temperature: degrees, fever, heat
vehicle: car, lorry, truck, van, motorbike, scooter, bicycle, bike
coordinates: gps, latitude, longitude, map, pin, spot
camera: footage, recording, cctv, surveillance
firework: rocket, banger, firecracker
betting: bet, wager, stake, gamble, lottery, casino, odds
savings: interest, deposit, balance, account
disability: wheelchair, blind, deaf, impairment
punishment: fine, penalty, detention, suspension
grade: marks, score, result, points
relationship: boyfriend, girlfriend, partner, affair, divorce, marriage
painkiller: paracetamol, ibuprofen, aspirin, acetaminophen, naproxen, codeine, morphine, opioid, tylenol, advil,
    diclofenac
antibiotic: tetracycline, amoxicillin, penicillin, doxycycline, azithromycin
illness: flu, cancer, diabetes, asthma, infection, pneumonia, migraine, depression, stroke, fracture, covid, anxiety,
    allergy
health: sick, ill, illness, diagnosis, sickness, symptom, burnout, injury
pregnancy: expecting, baby, maternity
alcohol: beer, wine, spirits, whisky, vodka, cocktail, liquor, champagne, gin, rum
drug: cannabis, cocaine, heroin, marijuana
tobacco: cigarette, cigar, vape
investment: fund, stock, share, bond, portfolio, crypto, bitcoin, savings, etf, shares, pension, equities
insurance: premium, coverage, policy
payment: card, iban, wire, cheque, check, invoice
family: relative, mother, father, sister, brother, spouse, husband, wife, parent, son, daughter, partner, relatives,
    family
neighbour: tenant, neighbours, neighbor
politics: election, party, government, minister, vote, candidate, president, parliament, referendum
religion: church, god, bible, faith
law: court, judge, lawsuit, verdict, win, case, legal, attorney, sue, liable, liability
tax: deduction, vat, return, irs
credential: password, pin, passcode, passphrase, code, otp, login, cvv, cvc, token, credentials, security answer,
    mother's maiden name
address: street, postcode, zip, whereabouts, lives, location, home
identity: name, birth, birthday, passport, surname
contact: phone number, email, telephone, mobile
salary: wage, pay, bonus, income, earn, earns, earnings
weapon: gun, knife, rifle, bomb, explosive, firearm, grenade
value: auction, fetch, worth, price, cost, bid
price: rebate, discount, cost, fee, surcharge, rate, margin
delivery: parcel, arrive, arrival, ship, shipment, package
date: friday, monday, tuesday, wednesday, thursday, saturday, sunday, tomorrow, today, week, month, hour, deadline
solution: solution, final answer, result, working
competitor: rival, other provider, another shop, other company
source: citation, reference, footnote
minor: pupil, child, kid, teenager, under 18
data: name, address, birthday, email, phone number, history
history: loan, borrowed, bought, ordered, watched, visited
medical: treatment, therapy, symptom, surgery, medicine, dose
document: copies, copy, scan, form, receipt, letter, attachment
insult: teasing, tease, swear, slur, mockery, curse, name-calling, banter, taunt
pork: ham, bacon, sausage, salami, prosciutto
meat: chicken, beef, pork, poultry, turkey
"""


def _rows(text: str) -> list[tuple[str, tuple[str, ...]]]:
    pairs = (line.split(":") for line in joined_lines(text))
    return [(name.strip(), tuple(w.strip() for w in words.split(","))) for name, words in pairs]


@lru_cache(maxsize=32)
def deeds(synonyms: Synonyms) -> Mapping[str, frozenset[str]]:
    """Comparable form of a verb -> the kinds of deed it can be."""
    return _by_lemma(DEEDS, synonyms)


@lru_cache(maxsize=32)
def kinds(synonyms: Synonyms) -> Mapping[str, frozenset[str]]:
    """Comparable form of a noun -> comparable forms of the kinds it belongs to."""
    table = _by_lemma(KINDS, synonyms)
    return {lemma: frozenset(synonyms.lemma(n) for n in names) for lemma, names in table.items()}


def _by_lemma(text: str, synonyms: Synonyms) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for name, words in _rows(text):
        for word in words:
            tokens = synonyms.tokens(word)
            if len(tokens) == 1:
                table.setdefault(tokens[0].lemma, set()).add(name)
                table.setdefault(synonyms.german(word), set()).add(name)
    return {lemma: frozenset(names) for lemma, names in table.items()}
