"""What the benchmarks need beside the locked packages, and what of it is missing."""

import os
import shutil

# program: the Debian package, and the letters that need it
_PROGRAMS = {
    "smtp-sink": ("postfix", "abcfg"),
    "smtp-source": ("postfix", "b"),
    "redis-server": ("redis-server", "c"),
}
_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"  # where Debian puts them, and where a plain user does not look


def path_of(program: str) -> str | None:
    """Return where a program is, or None."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_FOLDERS}")


def needed(letters: str) -> dict[str, str]:
    """Return the programs that the benchmarks of `letters` need, each with its Debian package."""
    return {name: package for name, (package, users) in _PROGRAMS.items() if set(users) & set(letters)}


def lines(letters: str) -> tuple[list[str], bool]:
    """Return what to say about the needs, and whether all of them are met."""
    wanted = needed(letters)
    missing = {name: package for name, package in wanted.items() if path_of(name) is None}
    named = ", ".join(f"{name} (Debian package {package})" for name, package in wanted.items())
    said = [f"bench: needs {named or 'no more than its locked packages'}; PostgreSQL comes with its locked packages"]
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        said.append(f"bench: MISSING {', '.join(missing)}; install with: apt-get install {packages}")
    return said, not missing
