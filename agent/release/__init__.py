"""Staged release: an approved version goes out in steps, both arms are compared, and the figures or a person end it.

staging    in steps or at once, and why
arms       what both arms scored, in the form that the judgement takes, and its answer as plain JSON
advancing  the round: every active canary is looked at, and goes on, waits, halts or goes back
deeds      what a person does by hand
record     what came of releases: promised against realised gains
"""
