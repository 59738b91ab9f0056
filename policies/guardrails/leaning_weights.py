"""Weights of traits of sentences, fitted by `benchmarks/guardrail_leanings.py`; not written by hand.

One weight per line, then the traits that have it: words in comparable form, `^` first word, `+` pretext, `~` deed said
by a phrase, `!` deed, `#` field, `=` shape.
"""

BIAS = -1.21
WEIGHTS = """
1.1: #family +carve-out
1.0: +approximation +release
0.9: +benefit +permission
0.8: rul
0.7: =weak up ~foretell ~promise
0.6: !grant #brand #storage +assurance as out them ~disclose ~judge
0.5: !blame !promise ^for ^wher den good other the
0.4: !impersonate #allergen #approval #bank #children #decision #grade #hiring #illness #machine #security #solution
    +trust card cas das der go hav her it no our so sound who ~invent
0.3: !foretell !invent #alcohol #comparison #copyright #customer #drug #fine #guilt #hurry #press #price #salary
    #secret #taste #testing #treatment ^a ^in ^when awa best better can cop es fail had hear includ instruc keep letter
    mak may need off parent reas sav school sender shop straight talk tenant their us when wil your ~omit
0.2: !omit !open !weaken #account #age #backup #body #friend #income #internal #investment #payment #sharp #slimming
    #strategy #supervisor #verify +gap ^it ^let ^reas ^user a about abov afterward anyon applicant buyer by digit down
    du earn enough eur fami few fil fin ful high hint his holida how into just know leav like limit look merg namen not
    older on own patient pay phon plan reach read relativ remark result run see somebod staf to under warn we wel what
    whatever whether which whos
0.1: !keep #address #credential #crisis #dose #driving #hazard #hive #lender #origin #photo #punctual #signature
    #violence #warn ^answer ^caller ^describ ^friend ^if ^member ^no ^on ^repeat ^show ^smal ^the ^treat add agre all
    appl approv ask be bit build chat check client com customer's describ die doubt drop dur els emplo enter feel fetch
    for frida friend from fund group hom hous husband if is key later learn let liv lov manager member minut mistak
    mone mor mov much neighbour nobod non now of old onl open owner pas per pick pict piec plac pres pric prob pupil
    quick regular request room rough second seller session shar skip stock street suggest tak tel ten than that thes
    thi thing tip train traveller two typ urgent usual view volunteer walk was way week weekend weight why wif without
    would yes yourself ~advise ~hide ~impersonate
-0.1: !disclose !judge !travel #contract #doctor #food #motive #quote #schedule #script #server #social #study #swim
    #tax ^be ^begin ^end ^giv ^greet ^is ^person ^summaris abbrev alert allow alread amount any appoint attach avoid
    back bad begin bil bod both bracket break calendar cannot clos cod comment complaint decid detail docu don donor
    dos encourag end entr even ever fit fix gues guest head hold hour lat legal light long mark metric month nearest
    newest often onc or pag password person photo pin put reader reason refund remind row say scen sign simpl slot
    someon sourc speak sta stat statu summaris sur try und unles verif vet water weather wher whol word
-0.2: !choose !hide !reach !retrieve #animal #contact #electricity #informant #translation #wait =bracket =colon
    =strong ^add ^do ^ignor ^prefer ^read ^refer ^thank ^to ^use am app between book bullet bus cancel compar decim
    differ each exact explain find fre histor identit in item longer mean mention most number plain point prefer rep
    section sever smal someth summar tabl term thank then ther thre ticket topic valu want with ~collect
-0.3: !collect #delivery #flirt #lift =forbids ^ask ^explain ^list ^nam ^never ^quot ^say ^tel ^writ ^you after answer
    car claim data form greet its languag lin link never noth order refer repeat report spel text wait
-0.4: !obey #database #list #location #source ^start anyth befor chang dat exampl first giv ignor list quot sam short
    start user you
-0.5: #phone use ^mention customer next one ques writ
-0.6: =careful nam sent tim use
-0.7: =quotes
-0.8: and step
"""
