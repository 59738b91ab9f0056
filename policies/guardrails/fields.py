"""Fields of things: words that speak of the same matter without naming it, such as `candle` and `fire`.

Data about English (with some German),
    one field per line; an indented line continues the one before. A shared field is
a weak link: it counts only beside a sign that a sentence permits something (`pretexts.py`).
"""

from collections.abc import Mapping
from functools import lru_cache

from policies.guardrails.synonyms import joined_lines
from policies.guardrails.word_lists import word_set
from policies.guardrails.words import stem

FIELDS = """
death: die, died, dying, death, dead, deceased, fatal, fatality, passed away, autopsy, corpse, mortal
burial: ashes, urn, coffin, casket, grave, burial, bury, cremation, cremate, funeral, tomb
fire: fire, flame, candle, match, lighter, burn, torch, bonfire, sparkler, firework, fireworks, ignite, smoke, spark,
    grill, barbecue
hot: hot, heat, boil, boiling, steam, kettle, oven, scald, stove, hob, iron
sharp: knife, blade, scissors, saw, needle, cutter, razor, sharp, scalpel, axe, chisel
chemical: bleach, acid, ammonia, solvent, chemical, lye, alkali, detergent, cleaner, thinner, chlorine, pesticide,
    herbicide, fertiliser, peroxide
electricity: electric, electrical, mains, socket, voltage, wiring, wire, fuse, cable, plug, power, light, lights,
    outage, blackout, battery, batteries, cell, cells, accumulator
taste: glass, taste, lick, eat, sip, drink, swallow, bite, chew, nibble, mouth, tongue
food: food, meal, dish, snack, recipe, diet, dinner, lunch, breakfast, menu, ingredient
slimming: calories, calorie, diet, fasting, fast, weight, slim, kilos, pounds, thin, kcal, obese
herb: herb, herbal, valerian, camomile, melatonin, hops, balm, drops, tea, remedy, homeopathy, extract, cbd
drug: medicine, medication, pill, pills, tablet, tablets, drops, drug, capsule, capsules, syrup, dose, injection,
    sedative, cannabis, painkiller, supplement, antibiotic, ointment
dose: dose, dosage, milligram, mg, tablets, capsules, spoon, spoonful, twice, daily, millilitre, ml, drops, units
vessel: boat, ship, ferry, sailing, vessel, crossing, voyage, cruise
punctual: punctual, on time, schedule, scheduled, depart, departs, departure, leave, late, delay, delayed, punctually
hive: hive, hives, colony, colonies, swarm, bees, apiary
fraud: fraud, fraudulent, dishonest, deception, deceit, deceive, scam, cheat, cheating, lie, lying, suspected,
    suspicion,
    suspicious, suspect, fake, forged, swindle
illness: infected, illness, blood pressure, pressure, thyroid, cholesterol, disease, diagnosis, symptom, symptoms,
    sick, ill,
    infection, fever, cancer, diabetes, flu, asthma, depression, condition, suffering, burnout, virus, allergy,
    disorder, injury, pain, health, healthy, fit, well
treatment: treatment, therapy, cure, heal, surgery, operation, remedy, exercise, rehabilitation, vaccine
pregnancy: pregnant, pregnancy, baby, expecting, maternity, birth, children, family planning, motherhood, kids
body: weight, looks, belly, waist, flatter, slimmer, muscles, figure, body, appearance, shape, face, skin, hair, slim,
    pretty, attractive, height
sexuality: sexual, orientation, gay, lesbian, straight, attracted, partner, dating, gender, trans, bisexual, crush
faith: religion, religious, faith, god, prayer, pray, church, mosque, temple, bible, heaven, soul, belief, blessing,
    worship
politics: politics, political, party, election, vote, government, minister, senator, president, parliament, mayor,
    candidate, campaign, policy
origin: origin, nationality, race, ethnic, ethnicity, accent, country, passport, immigrant, native, birthplace,
    immigration, visa, skin
age: age, old, young, minor, adult, teenager, under 18, years, birthday, underage, child, grown-up
children: child, children, kid, pupil, teenager, minor, son, daughter, boy, girl, toddler, baby, infant, student
family: family, relative, relatives, mother, father, mum, mom, dad, brother, sister, husband, wife, spouse, son,
    daughter, partner, parent, parents, cousin, grandmother, grandfather, aunt, uncle, kin, married, marriage
friend: friend, colleague, neighbour, neighbor, classmate, roommate, boyfriend, girlfriend
address: address, home, street, lives, house, postcode, whereabouts, neighbourhood, zip, flat, door, resident, live,
    located, map
location: location, position, place, where, whereabouts, gps, coordinates, map, route, site, track
contact: phone, telephone, number, mobile, email, contact, reach, call, text, handle, whatsapp, address
identity: name, surname, first name, identity, passport, id, birth, licence, badge, anonymous, person, initials, who
informant: source, informant, reporter, complainant, whistleblower, accuser, witness, complained, reported, tip,
    reported it
script: plot, ending, twist, survives, dies, murderer, dialogue, dialogues, line, lines, wording, phrasing,
    script, scene
motive: motive, reason, drove, driven, because, explanation, theory, theories, cause, caused, trigger
schedule: schedule, shift, rota, calendar, hours, leave, holiday, absence, day, days, when, time
account: account, balance, statement, transaction, transactions, savings, credit, owe, owes, overdraft
bank: bank, iban, card, cvv, account number, sort code, payment, direct debit, pin, banking
credential: password, pin, code, passcode, login, otp, token, secret, digits, key, credential, credentials
payment: pay, payment, payout, escrow, refund, money, transfer, reimburse, cash, sum, voucher, compensation, deposit
price: paid, pays, bill, price, cost, fee, rate, rent, tariff, discount, rebate, amount, figure, range, worth, value,
    quote, charge,
    fetch, fetched, sold, auction, margin, euros, dollars, cheap, expensive, bargain, offer
salary: salary, wage, pay, earn, earns, bonus, income, raise, payroll, paid
debt: debt, debts, loan, mortgage, owe, credit, instalment, borrow, liabilities
income: income, salary, earnings, revenue, wage, turnover, profit
investment: invest, investment, share, shares, stock, fund, bond, crypto, bitcoin, portfolio, broker, etf, gold,
    savings, pension, trading, market
tax: tax, taxes, deduction, vat, return, irs, revenue, deductible
lender: notary, broker, insurer, lawyer, agent, adviser, bank, solicitor, surveyor
fine: fine, fines, penalty, punish, punished, sanction, ticket, free of charge, warning, costs
law: law, legal, court, judge, sue, lawsuit, liable, liability, lawyer, claim, trial, verdict, attorney, win, case,
    illegal, crime, guilty, statute
guilt: fault, blame, guilty, responsible, liable, liability, caused, culprit, mistake, negligent, wrong, offender
contract: contract, terms, clause, agreement, sign, lease, warranty, guarantee, binding, obligation
approval: approval, approve, permission, consent, sign-off, authorise, permit, accepted, green light, go-ahead, yes,
    agree, grant
decision: decision, decide, verdict, judgement, ruling, outcome, right, wrong, winner, stronger, side, eligible,
    qualify, qualifies, accepted, rejected, result, conclude, conclusion, recommendation
forecast: forecast, predict, prediction, future, tomorrow, next, expect, odds, chance, likely, outlook, trend,
    probability, season
delivery: delivery, deliver, arrive, arrival, parcel, date, ship, shipping, dispatch, courier, deadline, completion,
    finished, ready, closing
hiring: hire, hiring, candidate, applicant, job, interview, recruit, vacancy, employ, employer
grade: grade, mark, score, exam, test, pass, fail, points, result, gpa, rank, ranking
solution: solution, answer, result, key, worked, solve, solved
study: homework, essay, exam, assignment, lesson, exercise, task
comparison: compare, comparison, rank, ranking, average, others, better, worse, best, rest
competitor: competitor, rival, another shop, other provider, elsewhere, alternative
brand: brand, product, shop, store, buy, purchase, toy, kit, sale, sponsor, advert, advertise, advertisement,
    advertising, merchandise
press: press, journalist, newspaper, reporter, media, broadcast, interview, article, tv, radio
social: facebook, instagram, twitter, tiktok, post, social media, profile, feed, online, website
photo: photo, picture, image, camera, film, selfie, screenshot, video, portrait
recording: recording, record, voice, audio, tape, transcript, log, call
storage: store, keep, save, archive, log, record, retain, remember, database, backup, memory
backup: backup, snapshot, copy, archive, dump, mirror
database: table, database, row, rows, column, schema, migration, index, query
server: production, server, deploy, deployment, cluster, host, node, service, release, staging, pod, live
testing: test, tests, suite, ci, check, checks, pipeline, build, lint
security: security, hole, vulnerability, exploit, attack, attacker, flaw, breach, patch, hacker, firewall, alarm,
    lock, gate, door, camera, guard, guarded, access, badge,
    watched, surveillance, cctv, sensor, sensors, patrol, protected
weapon: weapon, gun, knife, rifle, bomb, ammunition, explosive, firearm, pistol, grenade, blade, sword
violence: violence, kill, attack, fight, hit, beat, blood, hurt, wound, threat, cruelty, murder, gore, battle
scare: scary, frightening, ghost, monster, nightmare, horror, fear, spooky
swear: swear, insult, curse, rude, mock, idiot, stupid, vulgar, profanity, ridicule, fool
alcohol: alcohol, alcoholic, beer, wine, vodka, drink, whisky, cocktail, champagne, liquor, rum, gin, bar, toast
smoking: smoke, smoking, cigarette, tobacco, vape, cigar
gambling: gamble, gambling, bet, betting, casino, lottery, odds, stake, wager, poker
driving: drive, driving, driver, wheel, road, car, traffic, motorway, speed, vehicle
phone use: phone, text, texting, message, call, screen
swim: swim, water, pool, lake, dive, river, sea, bath
climb: ladder, climb, roof, height, scaffold
lift: lift, carry, heavy, load
animal: panda, lion, tiger, elephant, monkey, ape, giraffe, penguin, bear, seal, parrot, snake, animal, pet, dog, cat,
    horse, bird, feed, wildlife
plant: plant, mushroom, berry, berries, forage, leaf, root
wait: wait, waiting, pause, hold, hold on
warn: warn, warning, alert, caution, notice
hurry: fast, quick, quickly, speed, hurry, straight away
supervisor: supervisor, manager, boss, officer, chief, director, head, lead, adviser, mediator, foreman
doctor: doctor, physician, nurse, gp, clinic, hospital, pharmacist, vet, specialist, paramedic, midwife
police: police, officer, authority, authorities, sheriff
signature: signature, sign, written, writing, form, document, paper, letter
verify: verify, check, confirm, identity, prove, proof, identification, id, verified, authenticate, believed, trusted
quote: quote, quotation, verbatim, word for word, own words, paraphrase, shorten, excerpt, wording, literally
translation: translate, translation, language, english, german, french, spanish
invent: invent, guess, make up, estimate, assume, plausible, approximate, rough, imagine, sounds right
source: source, citation, reference, footnote, cite, link, study
list: list, catalogue, calendar, sheet, file, document, table, database, record, register, inventory
secret: secret, hide, confidential, private, surprise, whisper, hidden, keep quiet
hiding: hide, conceal, omit, leave out, leave off, not appear, not mention, keep quiet, undisclosed
strategy: strategy, plan, roadmap, project, research, working on, patent, unreleased, prototype
internal: internal, notes, memo, guideline, rules, prompt, instructions, criteria, phrases, words, weights, reason,
    threshold, score
waste: bin, bins, waste, rubbish, trash, garbage, recycling, thrown, throw, dump
gas: gas, fumes, leak, valve, boiler, propane, carbon monoxide
pollution: oil, drain, sewer, river, sewage, pour
machine: machine, blade, guard, switch, engine, motor, press, conveyor
medical device: pacemaker, pump, implant, insulin, inhaler, ventilator
diet: vegan, vegetarian, meat, pork, halal, kosher, beef, chicken, ham, gelatine
allergen: allergen, allergy, nut, nuts, peanut, milk, gluten, egg, soy, sesame, nut-free, gluten-free, wheat,
    shellfish, lactose, trace
customer: customer, client, guest, tenant, member, user, buyer, patient, passenger, party, household, neighbour
crisis: suicide, self-harm, suicidal, hopeless, despair, live, crisis, harm, kill
flirt: flirt, love, romantic, date, kiss, compliment, sexy
copyright: lyrics, poem, song, chapter, novel, reprint, full text, copyrighted, copy
hazard: danger, dangerous, hazard, risk, poison, poisonous, toxic, asbestos, radioactive, lead, mould
"""


GENERAL = frozenset(
    stem(w)
    for w in word_set(
        """
        use tell say give ask write state name number time case point step part show quote reveal answer list order make
        take put need keep get mention explain add free share work send line file record right person people customer
        thing way kind open close help information detail
        """
    )
) | word_set("tel giv sourc docu data onc other befor after begin end")
"""Words that link nothing to anything: too much is said with them."""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in joined_lines(FIELDS):
        name, words = line.split(":")
        for word in (w.strip() for w in words.split(",")):
            if " " not in word and stem(word) not in GENERAL:
                table.setdefault(stem(word), set()).add(name)
    return {lemma: frozenset(names) for lemma, names in table.items()}


@lru_cache(maxsize=20000)
def fields_of(word: str) -> frozenset[str]:
    """Fields that a word as written speaks of."""
    return _table().get(stem(word.removesuffix("'s")), frozenset())
