"""Looking into an incident: its calls before and after, the causes, the kinds of failure. Reads only."""

from agent.examination.finding import CASE_CHARACTERS, Finding, as_diagnosis, case_of, examine, flat, kinds_of
from agent.examination.traffic import Traffic, newest_of, traffic_of

__all__ = [
    "CASE_CHARACTERS",
    "Finding",
    "Traffic",
    "as_diagnosis",
    "case_of",
    "examine",
    "flat",
    "kinds_of",
    "newest_of",
    "traffic_of",
]
