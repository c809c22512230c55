"""Whether the file of a SQLite database is whole: a look through all of its pages, and what is said when it is not.

SQLite keeps no checksums: a look sees that pages do not fit together, and not that a letter within a text was changed.
"""

import sqlite3

from tocsin.domain.text import one_line


def fault_in(connection: sqlite3.Connection) -> str | None:
    """Look through every page, as fast as the disk reads; return the first fault in SQLite's words, or None."""
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)
    return None if found == "ok" else found


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell whether SQLite has stumbled over its file; what is wrong with a statement or a disk has a class of its own."""
    return type(error) is sqlite3.DatabaseError


def sentence(fault: str) -> str:
    """Return what is said of a file with this fault, with the remedy."""
    told = one_line(fault.removeprefix("*** in database main ***"), limit=200).strip()
    return (
        f"the database file is damaged ({told}), so nothing is written to it and nothing is sent; take what can be"
        " read with `tocsin backup`, or else the last backup, and bring that back with `tocsin restore`"
    )
