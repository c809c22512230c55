"""PostgreSQL without a password: TOCSIN_DATABASE_URL names a certificate, and the server lets nobody in but by one."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from tests.builders import a_workspace
from tests.left_out import is_in_ci, require
from tests.mail.certificates import Authority, Issued
from tests.packages import POSTGRESQL
from tests.postgres_tls import ROLE, TlsPostgres
from tocsin.domain.errors import ConfigurationError
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[TlsPostgres]:
    require(POSTGRESQL, in_ci=is_in_ci())
    with closing(TlsPostgres(authority)) as found:
        yield found


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give an authority that nobody knows."""
    return Authority(tmp_path_factory.mktemp("other"), name="Unknown authority")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a refusal be told after a tenth of a second instead of ten."""
    wait = ConnectionPool.wait
    monkeypatch.setattr(ConnectionPool, "wait", lambda pool, timeout: wait(pool, timeout / 100))


def by(server: TlsPostgres, authority: Authority, issued: Issued) -> str:
    return server.url(sslmode="verify-full", sslrootcert=authority.path, sslcert=issued.cert, sslkey=issued.key)


def test_a_store_works_on_a_postgresql_that_lets_in_by_certificate_alone(
    server: TlsPostgres, authority: Authority
) -> None:
    with closing(PostgresDatabase(by(server, authority, authority.issue(ROLE)))) as database:
        migrate(database)
        store = SqlStore(database)
        with store.registry() as registry:
            registry.add(a_workspace())
        with store.registry() as registry:
            assert registry.all() == [a_workspace()]
        with database.reading() as connection:
            [session] = connection.rows("SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        with database.apart() as session_of_its_own:  # what the workers' bell is heard by
            heard = session_of_its_own.execute("SELECT current_user").fetchone()

    assert session == {"ssl": True, "client_dn": f"/CN={ROLE}"}
    assert heard == (ROLE,)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("no certificate", "requires a valid client certificate"),
        ("no certificate but a password", "requires a valid client certificate"),
        ("no TLS", "no encryption"),
        ("the certificate of somebody else", "certificate authentication failed"),
        ("a certificate of another authority", "alert unknown ca"),
        ("a key that others can read", "group or world access"),
        ("a certificate to a server that cannot prove who it is", "certificate verify failed"),
    ],
)
def test_whoever_does_not_show_the_right_certificate_is_not_let_in(
    server: TlsPostgres, authority: Authority, other: Authority, shown: str, words: str
) -> None:
    right, open_ = authority.issue(ROLE), authority.issue(ROLE)
    open_.key.chmod(0o644)
    trusting = server.url(sslmode="verify-full", sslrootcert=authority.path)
    url = {
        "no certificate": trusting,
        "no certificate but a password": trusting.replace("@", ":s3cret@"),
        "no TLS": server.url(sslmode="disable"),
        "the certificate of somebody else": by(server, authority, authority.issue("ann")),
        "a certificate of another authority": by(server, authority, other.issue(ROLE)),
        "a key that others can read": by(server, authority, open_),
        "a certificate to a server that cannot prove who it is": by(server, other, right),
    }[shown]

    with pytest.raises(psycopg.OperationalError, match=words):
        psycopg.connect(url)
    with pytest.raises(ConfigurationError, match="user and password, or certificate and key, right") as refused:
        PostgresDatabase(url)
    assert "s3cret" not in str(refused.value)
