from pathlib import Path

import pytest

from tocsin.domain.errors import ConfigurationError
from tocsin.settings import Settings

SECRET = "correct-horse-battery-staple-0123456789"


def complaint(**environment: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(environment)
    return str(caught.value)


def test_without_any_setting_the_documented_ones_hold() -> None:
    settings = Settings.from_environment({})

    assert settings.database_url == "sqlite:///tocsin.db"
    assert settings.sqlite_path == Path("tocsin.db")
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert (settings.base_url, settings.base_host) == ("http://localhost:8000", "localhost")
    assert settings.smtp_url == "capture:"
    assert settings.captures
    assert settings.is_local
    assert settings.mail_from == "invites@localhost"
    assert settings.secret_key == ""
    assert settings.log == "text"
    assert (settings.inbound, settings.bounce_limit) == ("", 1)
    assert settings.workspace_url("acme") == "http://acme.localhost:8000"


def test_webhooks_inside_are_opened_by_origin() -> None:
    assert Settings.from_environment({}).webhook_allow == frozenset()
    found = Settings.from_environment({"TOCSIN_WEBHOOK_ALLOW": " http://N8N.internal:5678,https://10.0.0.5, "})
    assert found.webhook_allow == {"http://n8n.internal:5678", "https://10.0.0.5"}


def test_proxies_are_those_of_this_machine_unless_others_are_named() -> None:
    def proxies(value: str) -> tuple[str, ...]:
        return Settings.from_environment({"TOCSIN_PROXIES": value}).proxies

    assert Settings.from_environment({}).proxies == ("127.0.0.1/32", "::1/128")
    assert proxies("") == ()
    assert proxies(" 192.0.2.7, 2001:DB8::/64,172.30.0.0/24 ") == ("192.0.2.7/32", "2001:db8::/64", "172.30.0.0/24")


def test_limits_are_read_and_those_that_nobody_sets_suit_who_sends_for_himself() -> None:
    found = Settings.from_environment({}).limits
    others = {
        "TOCSIN_LIMIT_WORKSPACE": "",
        "TOCSIN_LIMIT_RECIPIENT": "9/hour, 1/minute",
        "TOCSIN_LIMIT_DOMAIN": "5/week",
    }

    assert [(limit.scope.value, str(limit)) for limit in found.all] == [
        ("workspace", "10000/day"),
        ("recipient", "100/day"),
    ]
    assert [(limit.scope.value, str(limit)) for limit in Settings.from_environment(others).limits.all] == [
        ("recipient", "1/minute"),
        ("recipient", "9/hour"),
        ("domain", "5/week"),
    ]


WRONG = [
    ("TOCSIN_DATABASE_URL", "", "sqlite:///path/to/file.db or postgresql://user@host/database"),
    ("TOCSIN_DATABASE_URL", "mysql://root@localhost/x", "sqlite:///path/to/file.db"),
    ("TOCSIN_DATABASE_URL", "sqlite:///", "sqlite:///path/to/file.db"),
    ("TOCSIN_DATABASE_URL", "sqlite:///.", "sqlite:///path/to/file.db"),
    ("TOCSIN_DATABASE_URL", "sqlite:////", "sqlite:///path/to/file.db"),
    ("TOCSIN_DATABASE_URL", "sqlite://tocsin.db", "sqlite:///path/to/file.db"),
    ("TOCSIN_DATABASE_URL", "tocsin.db", "sqlite:///path/to/file.db"),
    ("TOCSIN_DATABASE_URL", "postgresql://[::1", "postgresql://user@host/database"),
    ("TOCSIN_LISTEN", "", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "8000", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", ":8000", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "127.0.0.1:", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "127.0.0.1:http", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "127.0.0.1:65536", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "127.0.0.1:-1", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "127.0.0.1:٨٠", "127.0.0.1:8000"),
    ("TOCSIN_LISTEN", "127.0.0.1:" + "9" * 5000, "127.0.0.1:8000"),
    ("TOCSIN_BASE_URL", "", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "bookings.example.com", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "ftp://bookings.example.com", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://bookings.example.com/path", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://bookings.example.com?q", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://bookings.example.com#f", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://user:pass@bookings.example.com", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://bookings.example.com:99999", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://bookings.example.com:http", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "http://[::1", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://bücher.example", "https://bookings.example.com"),
    ("TOCSIN_BASE_URL", "https://a b", "https://bookings.example.com"),
    ("TOCSIN_SECRET_KEY", "short", "at least 32 random characters"),
    ("TOCSIN_LOG", "xml", "text, json"),
    ("TOCSIN_LOG_EXPORT", "on", "off, otlp"),
    ("TOCSIN_BOUNCE_LIMIT", "", "no number from 1 to 1000"),
    ("TOCSIN_BOUNCE_LIMIT", "0", "no number from 1 to 1000"),
    ("TOCSIN_BOUNCE_LIMIT", "1001", "no number from 1 to 1000"),
    ("TOCSIN_BOUNCE_LIMIT", "٣", "no number from 1 to 1000"),
    ("TOCSIN_BOUNCE_LIMIT", "9" * 5000, "no number from 1 to 1000"),
    ("TOCSIN_LIMIT_WORKSPACE", "many", "such as 200/day; leave it empty for none"),
    ("TOCSIN_LIMIT_RECIPIENT", "0/day", "such as 200/day; leave it empty for none"),
    ("TOCSIN_WEBHOOK_ALLOW", "n8n.internal:5678", "write some such as http://n8n.internal:5678"),
    ("TOCSIN_WEBHOOK_ALLOW", "https://a.example/path", "write some such as http://n8n.internal:5678"),
    ("TOCSIN_PROXIES", "*", "addresses or networks such as 192.0.2.7,172.30.0.0/24"),
    ("TOCSIN_PROXIES", "proxy.internal", "addresses or networks such as 192.0.2.7,172.30.0.0/24"),
    ("TOCSIN_PROXIES", "172.30.0.5/24", "has host bits set"),
    ("TOCSIN_LIMIT_DOMAIN", "1/day,2/day", "two limits for each day; keep one; leave it empty for none"),
    ("TOCSIN_RESOLVER", "192.0.2.53", "such as 192.0.2.53:53"),
    ("TOCSIN_RESOLVER", ":53", "such as 192.0.2.53:53"),
    ("TOCSIN_RESOLVER", "dns.example.com:53", "such as 192.0.2.53:53"),
    ("TOCSIN_RESOLVER", "192.0.2.53:0", "such as 192.0.2.53:53"),
    ("TOCSIN_RESOLVER", "192.0.2.53:65536", "such as 192.0.2.53:53"),
    ("TOCSIN_RESOLVER", "192.0.2.53:٥٣", "such as 192.0.2.53:53"),
    ("TOCSIN_RESOLVER", "192.0.2.53:" + "9" * 5000, "such as 192.0.2.53:53"),
    ("TOCSIN_LEASE_S", "soon", "TOCSIN_LEASE_S"),
    ("TOCSIN_STATE_DIR", "x" * 300, "does not exist; make it"),
    ("TOCSIN_STATE_DIR", "/nowhere/at/all", "the folder /nowhere/at/all does not exist; make it"),
]


@pytest.mark.parametrize(("name", "value", "right"), WRONG)
def test_a_wrong_setting_names_itself_and_what_would_be_right(name: str, value: str, right: str) -> None:
    found = complaint(**{name: value})

    assert found.startswith(f"{name}: ")
    assert right in found
    assert "\n" not in found


def test_the_systems_resolvers_are_asked_unless_one_is_named() -> None:
    def resolver(value: str) -> tuple[str, int] | None:
        return Settings.from_environment({"TOCSIN_RESOLVER": value}).resolver

    assert Settings.from_environment({}).resolver is resolver("") is None
    assert resolver("192.0.2.53:53") == ("192.0.2.53", 53)
    assert resolver("[2001:DB8::53]:5353") == ("2001:db8::53", 5353)


def test_receipts_lie_beside_the_file_or_where_the_operator_or_systemd_says(tmp_path: Path) -> None:
    def folder(**environment: str) -> Path | None:
        return Settings.from_environment(environment).receipts

    assert folder(TOCSIN_DATABASE_URL="sqlite:////srv/one.db") == Path("/srv/one.db-receipts")
    assert folder(TOCSIN_STATE_DIR=str(tmp_path)) == tmp_path / "tocsin.db-receipts"
    with_colon = tmp_path / "a:b"
    with_colon.mkdir()
    assert folder(TOCSIN_STATE_DIR=str(with_colon)) == with_colon / "tocsin.db-receipts"
    assert folder(STATE_DIRECTORY=f"{tmp_path}:/elsewhere") == tmp_path / "tocsin.db-receipts"


def test_each_postgresql_database_has_receipts_of_its_own_whoever_signs_in_and_none_without_a_place(
    tmp_path: Path,
) -> None:
    def folder(url: str, state_dir: Path | str = tmp_path) -> Path | None:
        return Settings.from_environment({"TOCSIN_DATABASE_URL": url, "TOCSIN_STATE_DIR": str(state_dir)}).receipts

    one = folder("postgresql://ann:secret@pg1:5432,pg2:5433/tocsin?target_session_attrs=read-write")
    assert one is not None
    assert one.parent == tmp_path
    assert folder("postgresql://bob@pg1:5432,pg2:5433/tocsin?target_session_attrs=read-write") == one
    assert folder("postgresql://ann:secret@pg1/other") != one
    assert folder("postgresql://ann@pg1/tocsin", "") is None


def test_a_secret_that_is_too_short_is_not_repeated() -> None:
    assert "hunter2" not in complaint(TOCSIN_SECRET_KEY="hunter2")
    assert "hunter2" not in complaint(TOCSIN_DATABASE_URL="mysql://root:hunter2@localhost")


def test_no_secret_is_in_the_repr() -> None:
    settings = Settings.from_environment(
        {
            "TOCSIN_SECRET_KEY": SECRET,
            "TOCSIN_SMTP_URL": "smtp://user:hunter2@mail.example:587",
            "TOCSIN_DATABASE_URL": "postgresql://user:hunter3@db.example/tocsin",
            "TOCSIN_INBOUND": "imaps://user:hunter4@mail.example",
        }
    )

    assert settings.secret_key == SECRET
    for secret in (SECRET, "hunter2", "hunter3", "hunter4"):
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_a_value_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n", "utf-8")

    assert Settings.from_environment({"TOCSIN_SECRET_KEY_FILE": str(path)}).secret_key == SECRET


def test_a_value_and_a_file_are_one_too_many(tmp_path: Path) -> None:
    found = complaint(TOCSIN_LOG="json", TOCSIN_LOG_FILE=str(tmp_path / "x"))

    assert found == "TOCSIN_LOG and TOCSIN_LOG_FILE are both set; keep one"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    found = complaint(TOCSIN_SECRET_KEY_FILE=str(path))

    assert found.startswith(f"TOCSIN_SECRET_KEY_FILE: cannot read {path}: ")


def test_a_file_without_an_end_is_not_read_to_it() -> None:
    assert "more than 65536 octets" in complaint(TOCSIN_SECRET_KEY_FILE="/dev/zero")


def test_a_file_that_is_empty_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("\n")

    assert complaint(TOCSIN_SECRET_KEY_FILE=str(path)).startswith(f"TOCSIN_SECRET_KEY_FILE: {path} is empty; ")


def test_space_around_a_value_does_not_count() -> None:
    assert Settings.from_environment({"TOCSIN_LOG": " json\n"}).log == "json"


OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"
OTLP_LOGS = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {OTLP: ""},
        {OTLP: "http://127.0.0.1:4318"},
        {OTLP: "http://[::1]:4318/"},
        {OTLP: "https://collector.example.com:4318"},
        {OTLP: "http://collector.example.com:4318", OTLP_LOGS: "https://collector.example.com/v1/logs"},
    ],
)
def test_log_lines_go_to_this_machine_or_by_tls(variables: dict[str, str]) -> None:
    assert Settings.from_environment({"TOCSIN_LOG_EXPORT": "otlp", **variables}).log_export
    assert not Settings.from_environment(variables).log_export


@pytest.mark.parametrize(
    "url",
    [
        "http://collector.example.com:4318",
        "http://localhost.example.com:4318",
        "http://localhost@collector.example.com:4318",
        "http://192.0.2.1:4318",
        "collector:4318",
        "ftp://127.0.0.1",
        "https://",
        "http://[::1",
    ],
)
@pytest.mark.parametrize("name", [OTLP, OTLP_LOGS])
def test_a_collector_that_lines_would_reach_in_the_clear_is_refused(name: str, url: str) -> None:
    found = complaint(TOCSIN_LOG_EXPORT="otlp", **{name: url})

    assert found.startswith(f"{name}: ")
    assert "https://collector.example.com:4318 or http://127.0.0.1:4318" in found
    assert not Settings.from_environment({name: url}).log_export  # nobody asked for it


def test_a_password_in_the_address_of_a_collector_is_not_repeated() -> None:
    assert "hunter2" not in complaint(TOCSIN_LOG_EXPORT="otlp", **{OTLP: "http://me:hunter2@192.0.2.1:4318"})


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:8000", "::1", 8000),
        ("localhost:0", "localhost", 0),
    ],
)
def test_an_address_to_listen_on(value: str, host: str, port: int) -> None:
    settings = Settings.from_environment({"TOCSIN_LISTEN": value})

    assert (settings.host, settings.port) == (host, port)


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("[::]", False),
        ("192.168.1.1", False),
        ("127.evil.example", False),
        ("localhost.evil.example", False),
    ],
)
def test_only_loopback_is_local(host: str, is_local: bool) -> None:
    assert Settings.from_environment({"TOCSIN_LISTEN": f"{host}:8000"}).is_local is is_local


@pytest.mark.parametrize(
    ("value", "base_url", "base_host"),
    [
        ("https://Bookings.Example.COM/", "https://bookings.example.com", "bookings.example.com"),
        ("http://tocsin.test:8080", "http://tocsin.test:8080", "tocsin.test"),
        ("http://[::1]:8000", "http://[::1]:8000", "::1"),
    ],
)
def test_the_base_url_is_kept_in_one_spelling(value: str, base_url: str, base_host: str) -> None:
    settings = Settings.from_environment({"TOCSIN_BASE_URL": value})

    assert (settings.base_url, settings.base_host) == (base_url, base_host)


OIDC = {
    "TOCSIN_OIDC_ISSUER": "https://login.example.com",
    "TOCSIN_OIDC_CLIENT_ID": "tocsin",
    "TOCSIN_OIDC_CLIENT_SECRET": "canary",
}


def test_a_sign_in_service_is_there_with_all_three_settings_or_not_at_all() -> None:
    whole = Settings.from_environment(OIDC)

    assert Settings.from_environment({}).openid is None
    assert whole.openid is not None
    assert (whole.openid.issuer, whole.openid.client_secret) == ("https://login.example.com", "canary")
    assert "canary" not in repr(whole)


def test_which_ways_to_sign_in_there_will_do_is_a_list_and_nothing_without_the_service() -> None:
    found = Settings.from_environment(OIDC | {"TOCSIN_OIDC_ACR": "phr  phrh"}).openid

    assert found is not None
    assert found.acr == ("phr", "phrh")
    with pytest.raises(ConfigurationError, match=r"^TOCSIN_OIDC_ACR: .* set TOCSIN_OIDC_ISSUER"):
        Settings.from_environment({"TOCSIN_OIDC_ACR": "phr"})


@pytest.mark.parametrize("missing", OIDC)
def test_a_sign_in_service_of_which_a_setting_is_missing_is_refused(missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{missing}: "):
        Settings.from_environment({name: value for name, value in OIDC.items() if name != missing})


def test_a_second_factor_is_asked_for_of_everybody_only_where_that_is_said() -> None:
    assert Settings.from_environment({}).second_factor == "optional"
    assert Settings.from_environment({"TOCSIN_SECOND_FACTOR": "required"}).second_factor == "required"
    with pytest.raises(ConfigurationError, match="TOCSIN_SECOND_FACTOR"):
        Settings.from_environment({"TOCSIN_SECOND_FACTOR": "yes"})
