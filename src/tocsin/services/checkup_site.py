"""What `tocsin doctor` finds where the store lives: its files, its disk, its key, its address, and whether it is whole."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tocsin.domain.evidence import Grade
from tocsin.services import secret_fit, source_counts, workspaces
from tocsin.services.administration import Office

Found = Iterator[tuple[Grade, str]]

FEWEST_OCTETS = 200_000_000  # free: with less, a busy day fills the disk
FEWEST_SHARE = 0.05
MOST_CONNECTIONS = 17  # of one process: its pool, and the one that it listens on
OLDEST_POSTGRESQL = 14
_LOCAL = ("localhost", "127.0.0.1", "::1")
_OFF = {
    "synchronous_commit": "a booking that was acknowledged can be lost when PostgreSQL dies",
    "fsync": "a power cut can destroy the database",
    "full_page_writes": "a power cut can destroy the database",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a store lives. What is asked for only when it is checked is a function.

    `files` are those of which others must see nothing, with their modes; `disk` what is free of how many octets, None where the
    disk is another machine's; `database` what PostgreSQL is set to, empty on SQLite; `provider` why nobody can sign in by it.
    """

    base_url: str
    base_host: str
    url_of: Callable[[str], str]  # subdomain -> where that workspace lives
    captures: bool
    files: Callable[[], Mapping[str, int]]
    disk: Callable[[], tuple[int, int] | None]
    database: Callable[[], Mapping[str, str]]
    provider: Callable[[], str | None] | None


def _files(_office: Office, site: Site) -> Found:
    open_ = {path: mode for path, mode in site.files().items() if mode & 0o077}
    for path, mode in open_.items():
        yield Grade.FAILED, f"others on this machine can open {path} (mode {mode & 0o777:o}); run `chmod 600 {path}*`"
    if not open_:
        yield Grade.OK, "nobody else can read the store's files"


def _disk(_office: Office, site: Site) -> Found:
    found = site.disk()
    if found is None:
        yield Grade.OK, "the database's disk is its server's"
        return
    free, total = found
    left = f"{free / 1_000_000_000:.1f} GB of the store's disk are free"
    if free < FEWEST_OCTETS:
        yield Grade.FAILED, f"only {left}; make room, or bookings are answered with 503 once it is full"
    elif free < FEWEST_SHARE * total:
        yield Grade.WARNING, f"only {left}; make room in time"
    else:
        yield Grade.OK, left


def _key(office: Office, _site: Site) -> Found:
    if not secret_fit.fits(office.store, office.pepper):
        yield (
            Grade.FAILED,
            (
                "the secret key is missing, or is not the one that this store was written with, so nothing starts; bring the"
                " old one back (TOCSIN_SECRET_KEY, or on SQLite the file .key beside the database); if it was replaced on"
                " purpose, run `tocsin secret replace --former FILE`, or with --former-is-lost if nobody has it any more"
            ),
        )
    else:
        yield Grade.OK, "the secret key is the one that the store was written with"


def _address(_office: Office, site: Site) -> Found:
    is_local = site.base_host in _LOCAL or site.base_host.endswith(".localhost")
    if is_local and not site.captures:
        yield (
            Grade.FAILED,
            (
                f"links in messages lead to {site.base_url}, which only this machine can open;"
                " set TOCSIN_BASE_URL to the public address"
            ),
        )
    elif not is_local and site.base_url.startswith("http://"):
        yield (
            Grade.WARNING,
            (
                f"{site.base_url} has no TLS, so nobody can sign in and passwords and keys can be read on the way; put a proxy"
                " with TLS in front and write https:// in TOCSIN_BASE_URL"
            ),
        )
    else:
        yield Grade.OK, site.base_url


def _ledger(office: Office, site: Site) -> Found:
    broken = 0
    for workspace in workspaces.every(office.store):
        with office.store.reading(workspace.id) as tx:
            misfits, held = tx.held.misfits(), tx.held.number()
        if misfits:
            broken += 1
            what = f"{workspace.subdomain}: the ledger does not add up: {', '.join(misfits)}"
            yield Grade.FAILED, f"{what}; stop the server and bring the last backup back (`tocsin restore`)"
        if held:
            what = (
                f"{workspace.subdomain}: {held} messages are held since a restore, because they may have left already"
            )
            page = f"{site.url_of(workspace.subdomain)}/held"
            yield Grade.WARNING, f"{what}; decide at {page}, or with `tocsin held list {workspace.subdomain}`"
    if not broken:
        yield Grade.OK, "every delivery is open or has ended, and the ledger adds up"


def _sources(office: Office, _site: Site) -> Found:
    lost = 0
    for workspace in workspaces.every(office.store):
        with office.store.reading(workspace.id) as tx:
            troubled = source_counts.troubled(tx, now=office.clock())
        for one in troubled:
            lost += one.lost
            what = f"{workspace.subdomain}: {one.lost} calls of {one.source.name or one.source.kind.value}"
            where = f"`tocsin source calls {workspace.subdomain} {one.source.id}` says why, and what was mended can be replayed"
            yield Grade.WARNING, f"{what} could not be used in the last {source_counts.DAYS} days; {where}"
    if not lost:
        yield Grade.OK, "whatever sources have reported was used"


def _sign_in(_office: Office, site: Site) -> Found:
    wrong = None if site.provider is None else site.provider()
    if wrong is not None:
        yield Grade.FAILED, f"nobody can sign in by the sign-in service: {wrong}; look at TOCSIN_OIDC_ISSUER"
    else:
        yield Grade.OK, "by password" if site.provider is None else "by password and by the sign-in service"


def _postgresql(_office: Office, site: Site) -> Found:
    said = site.database()
    if not said:
        return
    wrong = [f"{name} is off, and {what}; set {name} = on" for name, what in _OFF.items() if said[name] == "off"]
    if int(said["server_version_num"]) < OLDEST_POSTGRESQL * 10_000:
        wrong.append(f"PostgreSQL is older than {OLDEST_POSTGRESQL}, with which nothing was tested; upgrade it")
    for sentence in wrong:
        yield Grade.FAILED, sentence
    yield from _of_the_pages(said)
    yield from _of_the_role(said)
    if not wrong:
        yield Grade.OK, "PostgreSQL flushes what it acknowledges"


def _of_the_pages(said: Mapping[str, str]) -> Found:
    if said["data_checksums"] != "on":
        yield (
            Grade.WARNING,
            (
                "PostgreSQL keeps no checksums of its pages, so it cannot tell what a disk has spoiled; stop it, and run"
                " `pg_checksums --enable` on its folder"
            ),
        )


def _of_the_role(said: Mapping[str, str]) -> Found:
    if said["statement_timeout"] != "0":
        yield (
            Grade.WARNING,
            (
                f"statement_timeout is {said['statement_timeout']}, and a commit that it cuts off looks as if it were safe;"
                " set it to 0 for this role"
            ),
        )
    if said["may_create"] != "true":
        yield (
            Grade.WARNING,
            (
                f"role {said['role']} cannot create tables, so `tocsin migrate` will fail;"
                f" run GRANT CREATE ON SCHEMA public TO {said['role']}"
            ),
        )
    if int(said["free_connections"]) < MOST_CONNECTIONS:
        yield (
            Grade.WARNING,
            (
                f"only {said['free_connections']} connections to PostgreSQL are free, and a process of Tocsin takes up to"
                f" {MOST_CONNECTIONS}; raise max_connections"
            ),
        )


CHECKS: dict[str, Callable[[Office, Site], Found]] = {
    "files": _files,
    "disk": _disk,
    "secret key": _key,
    "address": _address,
    "ledger": _ledger,
    "sources": _sources,
    "sign-in": _sign_in,
    "PostgreSQL": _postgresql,
}
