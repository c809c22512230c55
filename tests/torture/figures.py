"""The 25 figures of docs/reliability.md: what each is about and what it has to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One promise, and the target that it is held against."""

    about: str
    target: str


FIGURES = {
    "A1": Figure("acknowledged writes lost at kill -9", "0"),
    "A2": Figure("acknowledged commits lost at a power cut", "0, and a control run at NORMAL loses some"),
    "A3": Figure("planned deliveries without an end or an open row", "0"),
    "A4": Figure("duplicates without a fault", "0 in 100,000"),
    "A5": Figure("duplicates for each crash", "mean at most 0.2; all byte-identical"),
    "A6": Figure("duplicates for each paused worker", "mean at most 2"),
    "A7": Figure("early sends", "0"),
    "A8": Figure("lateness at 50 due a second for 10 minutes", "p50 1 s, p99 5 s, p99.9 30 s"),
    "A9": Figure("100,000 due in one minute", "drained in 10 minutes; API p99 300 ms; 512 MB a process"),
    "A10": Figure("delay by a noisy workspace", "p99 at most 5 s more"),
    "A11": Figure("a relay that is away for 6 hours", "0 lost, 0 dead, a probe each 30 s at most"),
    "A12": Figure("20 misbehaviours of an SMTP server and 10,000 fuzzed dialogues", "20 of 20; no hang, no crash"),
    "A13": Figure("PostgreSQL restarts and terminated sessions", "0 lost, no process ends"),
    "A14": Figure("disk full", "0 corruption, told within 1 s, recovers within 10 s"),
    "A15": Figure("time to recover", "ready in 5 s, resent in 75 s"),
    "A16": Figure("simulation by seeds", "0 breaks; the same seed gives the same trace"),
    "A17": Figure("clock and zones", "0 wrong, 0 twice"),
    "A18": Figure("isolation of workspaces", "0 leaks, every route"),
    "A19": Figure("injection into mail and calendar", "0 in 100,000 sets of values"),
    "A20": Figure("HTML", "0 scripts, nothing outside of the list"),
    "A21": Figure("bad input", "no 5xx, both databases alike, the field is named"),
    "A22": Figure("secrets and personal data", "0 found"),
    "A23": Figure(
        "limits against abuse", "0 over a limit, paused in 60 s, 0 mails a minute after a click on unsubscribe"
    ),
    "A24": Figure("webhooks and addresses inside", "0 accepted, 0 done twice, 0 connections"),
    "A25": Figure(
        "hygiene",
        "nothing known and high is older than 7 days; 95 % of guard mutants are seen; all of ASVS level 2 that applies is met",
    ),
}
