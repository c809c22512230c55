"""All pages of the settings."""

from tocsin.web.settings import (
    audit,
    first_password,
    keys,
    limits,
    links,
    me,
    members,
    my_sessions,
    outcomes,
    people,
    recipients,
    sender,
    source_calls,
    sources,
    suppressions,
    workspace,
)

PAGES = [
    *workspace.PAGES,
    *sender.PAGES,
    *people.PAGES,
    *members.PAGES,
    *links.PAGES,
    *sources.PAGES,
    *source_calls.PAGES,
    *outcomes.PAGES,
    *recipients.PAGES,
    *suppressions.PAGES,
    *limits.PAGES,
    *keys.PAGES,
    *audit.PAGES,
    *me.PAGES,
    *my_sessions.PAGES,
    *first_password.PAGES,
]
