"""Guardrails: may this candidate take the approved prompt's place? Which file answers which question:

How does a check run?
    engine         which checks run in which order, how the worst level decides, what may go back to a teacher
    subject        what a comparison needs       scene       both sides read once, and how a finding is made
    judgement      the optional judge model, which can only make a verdict stricter
    batch, carets, sarif    many rows at once; findings under the text; findings for code hosts

What does a policy file say?
    policy         the merged policy             policy_shape    the keys of a file
    policy_file    reading and refusing a file   policy_merge    packs and a file become one policy
    self_test      packs run on their own good and bad examples     waivers    what an owner let pass

How is a text read?
    normalise, codepoints    invisible and look-alike characters
    units          sentences and bullets, and which of them are dead text
    retired        words that put others out of force
    tags           XML-style tags                document        units with their words, and where words stand
    words          comparable forms of words     german          the same for German
    frames         how strongly a unit commands, on what conditions, about what
    polarity       which words it forbids        actions         which deeds it commands and which it forbids

Which words mean what? (tables of language, not of subjects)
    vocabulary     commanding, forbidding, softening, excepting      word_lists    function words, irregular forms
    synonyms       words for the same            opposites           pairs that turn a clause round
    meanings       kinds of deeds and of things  fields              words that speak of the same matter
    deed_phrases, thing_phrases    deeds and things said by a phrase
    pretexts            how a sentence opens a door
    attacks        injections                    duties              how a duty is undone

Did a clause survive?
    clauses        which units are clauses       protected, protection    which ones owners protect
    alignment, counterpart    what took a clause's place
    survival       missing, dead, moved, reworded
    comparison     weaker or contradicted: strength, sign, quantifiers      observation    one such difference
    conditions     new exceptions and conditions        exclusive    what only some may do
    narrowing      lost items and new restrictions      numbers      changed figures
    members        what a clause lists
    reversal       turned round: roles, order, opposites
    turned, converses      the same rule, or the same deed, said from its other side
    idle_words, spelling   words that may go, and mended misspellings

Does a new sentence undo a clause?
    contradiction  every new sentence against every clause
    doors          rules overridden, exceptions and trusted claims, whatever the clauses are
    conflict       one sentence against one clause; it asks, in order:
    permissions, matter    the forbidden deed to the forbidden thing
    workarounds    a way around a duty, or somebody else doing what is reserved
    abroad         permissions in other languages than English
    evidence       weak signs that add up to a flag
    leanings, leaning_weights    how far a sentence leans towards letting something happen, whatever it is about

What else is checked?
    variables, contract, contract_check, options, layout    what programs rely on
    secrets, personal, leaks, urls                   what must not get in
    injection, hidden_text                           what must not be smuggled in
    limits, lexicon, language, settings              length, words, languages, model and tools
"""
