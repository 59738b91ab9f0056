"""Groups of words that mean the same in instructions to an assistant; a policy file may add its own.

One group per line (an indented line continues it), words separated by commas; a word belongs to the first group that
names it. Words of several parts are allowed.
"""

GROUPS = """
reveal, disclose, share, divulge, expose, release, leak, give out, give away, hand out, pass on, display, publish,
    expose, betray, make public, hand over, surface, communicate
tell, say, claim, assert, state, mention, inform, announce, report back, let know, explain, convey, describe, declare,
    speak, hear
confirm, verify, check, validate, ascertain, authenticate, double-check, make certain, establish, review, inspect,
    examine, compare, match, cross-check
ask, request, solicit, demand, inquire, enquire, query, seek, prompt, question
customer, client, user, caller, rider, renter, cyclist, voter, person, member, guest, visitor, shopper, buyer,
    consumer, patient, claimant, applicant, subscriber, passenger, traveller, traveler, reader, pupil, student,
    learner, child, tenant, resident, holder, employee, participant, individual, people, someone, anybody, citizen,
    somebody, they, them, viewer, player, policyholder, cardholder, account holder, party
recommend, suggest, advise, propose, endorse, advocate, encourage, counsel, advice, recommendation, guidance
promise, guarantee, commit, assure, pledge, warrant, undertake
decide, determine, rule, judge, settle, conclude, adjudicate, decision, verdict, judgment
send, forward, pass, route, transfer, escalate, hand, refer, direct, submit, relay, redirect, deliver, transmit
call, phone, telephone, ring, dial, contact, reach, get in touch
approve, authorise, authorize, sanction, sign off, clear, permission, consent, approval, authorisation, authorization,
    permit, allow, agree, green-light, agreement
sign, signature
employee, worker, staff member, colleague
staff, team, personnel, human, operator, agent, representative, adviser, advisor, supervisor, manager
doctor, physician, clinician, gp, medic, practitioner, healthcare professional, medical professional
medicine, medication, drug, remedy, pharmaceutical, tablet
dose, dosage, dosing, quantity
diagnose, diagnosis, diagnoses, diagnostic
illness, disease, condition, disorder
emergency, urgent, crisis
danger, risk, hazard, peril, threat, unsafe, dangerous, hazardous
harm, hurt, injure, injury, damage, wound
pin, passcode, pin code
password, credentials, login, passphrase
code, one-time code, otp
money, funds, cash, payment, pay, paid, payout
fee, charge, price, cost, fare, tariff
refund, reimburse, reimbursement, money back, repayment
amount, sum, total, value, figure
threshold, cut-off, cutoff, limit, ceiling, cap, maximum
grade, mark, score, points
transaction, transfer of money
account, profile
order, purchase, booking, reservation
invent, make up, fabricate, guess, fill in, hallucinate, speculate, speculation, conjecture, assume, presume, imagine,
    concoct
predict, forecast, foretell, estimate, prediction, prognosis, outlook, anticipate
outcome, result, consequence
compare, comparison
reply, answer, respond, response
question, query
e-mail, email, mail, mail address, e-mail address, email address
message, chat, post, text, submission
instruction, command, directive, order
rule, guideline, policy, regulation, requirement, instruction
obey, follow, heed, execute, carry out, comply, act on, observe, adhere
ignore, disregard, overlook, neglect
change, alter, modify, edit, amend, adjust, revise, replace, vary, tamper
delete, remove, erase, purge, wipe, discard, destroy
keep, retain, preserve, maintain, remain, stay, hold
store, save, record, log, persist, archive, memorise, memorize
mask, redact, anonymise, anonymize, obscure, black out, hide, blank, conceal, cover
show, present, output, print, display, contain, include, involve, comprise, feature, hold, carry
secret, confidential, private, classified, privileged
personal, personal data, individual
data, information, detail, details, fact, particulars, info
address, residence, home
birth, birthday, born, dob
first name, forename, given name, christian name
name, title
photo, picture, image, photograph
document, paper, file, record, record sheet
source, reference, citation, quote, cite
note, notes, excerpt, passage, context
manual, handbook, documentation, guide
memory, prior knowledge, background knowledge, recollection, own knowledge, general knowledge
begin, start, commence, open
end, finish, close, conclude, stop, terminate, cease, pause, interrupt, discontinue, halt
before, prior, beforehand, first, ahead, until
after, afterwards, following, once, then
immediate, immediately, at once, straight away, right away, instantly, promptly, without delay, now, directly, as soon
    as possible
help, assist, support, aid
give, provide, supply, offer, furnish, issue, grant, hand
use, apply, employ, rely, base, draw, utilise, utilize, consult, stick
write, compose, draft, produce, generate, create, prepare
need, want, require
buy, purchase, acquire
evade, dodge, avoid tax, circumvent, escape
law, legal, lawful, statute, attorney, lawyer, solicitor
illegal, unlawful, illicit, criminal
minor, child, children, underage, kid, juvenile
parent, guardian, carer, caregiver
suicide, self-harm, harm themselves, hurt themselves, kill themselves
violence, violent, abuse, assault
explosive, bomb
colour, color
outside, beyond, external
other, another, else, third, different, others
above, over, more than, exceed, exceeding, higher, greater, larger, beyond
below, under, less than, lower, fewer, smaller
at least, minimum, no less than
at most, maximum, up to, no more than, no longer than
warn, alert, caution, notify
discuss, talk, comment, remark, debate, chat
opinion, view, comment, remark
complaint, grievance, objection
mistake, error, fault
antique, vintage
full, complete, entire, whole
original, genuine, authentic
missing, absent, incomplete, lacking, silent, unavailable
unclear, ambiguous, uncertain, unsure, not sure, doubt
wait, hold off
buyer, purchaser
flight, trip, journey, itinerary
luggage, baggage, bag
car, vehicle, automobile
house, home, flat, apartment, property
leave, quit, go
cancel, revoke, annul, void
discount, rebate, reduction, voucher, coupon
expire, expiry, lapse
identity, identification, id
salary, wage, pay, compensation, earnings
layoff, layoffs, redundancy, redundancies, dismissal, job cut
company, firm, business, organisation, organization, enterprise, employer
competitor, rival
politics, political, partisan, party politics
religion, religious, faith
race, ethnicity, ethnic
gender, sex
age, years old
treat, handle, regard, consider, process, deal, view
system prompt, instructions, prompt
rollback, roll back, revert
run, execute, launch, invoke, trigger, perform
disable, deactivate, switch off, turn off
enable, activate, switch on, turn on
touch, handle, manipulate
eat, consume, ingest
serve, dish up
heat, warm, cook
cold, cool, chill
mix, combine, blend, merge
publish, post online, post
available, in stock, on hand
sell, sale, selling, vend, trade
buy, order
bill, invoice, statement
schedule, appointment, slot, visit
return, come back
repeat, read back, restate
translate, render
punish, penalise, penalize, sanction
poor, bad, weak
tone, manner
unless, except
shelter, refuge
swollen, swelling
talent, ability
layman, lay person
wear, put on, don
label, tag, category, class
specialist, expert, professional, qualified
pregnant, pregnancy
bleed, bleeding, haemorrhage, hemorrhage
allergy, allergic, allergies, allergen
breathe, breathing, breath
swallow, swallowing
gas, fumes
spend, exceed the budget
attempt, try, tried
twice, two, second time
once, one time, single, one
borrow, take out, loan, lend, borrowing
history, past
suspicious, suspect, suspected, alleged
fraud, fraudulent, scam, swindle
evidence, proof
insist, pretend, purport
purpose, intent, reason, motive, intention
blame, accuse, fault
insult, demean, belittle, mock, ridicule
accept, take, receive
commence, undertake
access, open, view
internal, in-house
location, whereabouts, place, position
plan, schedule
solution, final answer, answer
exam, test, assessment, quiz
homework, assignment, exercise, task
date, deadline, day
contract, agreement, terms
sue, litigate, lawsuit, litigation
ingredient, component
pet, animal
driver, motorist
arrive, arrival, delivery, deliver
tax, taxation, fiscal
election, vote, voting, ballot
relative, relatives, family, family member, next of kin, kin
parcel, package, shipment, consignment
frage, fragen, gefragt, erfrage, erfragen, erfragt
weitergeben, weitergegeben, gib, preisgeben, offenlegen, herausgeben, mitteilen, verraten, teile
nenne, nennen, genannt, erwähnen, erwähne
prüfen, prüfe, überprüfen, bestätigen, bestätige, geprüft, bestätigt, kontrollieren
genehmigen, genehmigt, freigeben, freigegeben, zustimmen
nutze, nutzen, verwende, verwenden, benutze, verwendet
gast, gäste, gästen, kunde, kunden, kundin, nutzer, anrufer, patient, patienten, person
尋, 聞, 伺, 訊
教, 伝, 漏, 開示, 話, 公開
約束, 保証
勧, 薦, 推奨
bezahlen, bezahlt, übernehmen, übernommen, erstatten, erstattet, zahlen
zusagen, versprechen, versprochen, garantieren, zusichern
mieter, mieterin, bewohner
admit, admitted, admission, admissions
antwort, antworte, antworten, beantworte
unterlagen, dokumente, dokument, quellen, grundlage
daten, angaben, informationen, auskünfte
"""


def joined_lines(text: str) -> list[str]:
    """Lines of a word table; an indented line continues the one before."""
    return text.strip().replace("\n    ", " ").splitlines()


def groups() -> tuple[tuple[str, ...], ...]:
    """The shipped groups as tuples of lower-case words."""
    return tuple(tuple(w.strip() for w in line.split(",")) for line in joined_lines(GROUPS))
