"""Units, read as far as the tests look at them: which lines a section has. systemd itself reads the rest."""

from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.iterdir() if path.suffix in (".service", ".timer"))
SERVICES = [name for name in UNITS if name.endswith(".service")]


def lines(unit: str) -> dict[str, list[str]]:
    """Return the values of each name in a unit's [Service], in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in (SYSTEMD / unit).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def environment(unit: str) -> dict[str, str]:
    """Return the variables that a unit sets by itself."""
    words = [word for value in lines(unit)["Environment"] for word in value.split()]
    return dict(word.split("=", 1) for word in words)


def hardening(unit: str) -> str:
    """Return the block of a unit that says what it may do."""
    text = (SYSTEMD / unit).read_text("utf-8")
    return text[text.index("# What it may do") :].partition("\n[Install]")[0].strip()
