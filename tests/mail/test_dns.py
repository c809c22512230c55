"""The resolver against a real server that answers, is silent, fails, and sends what cannot be read."""

import socket
from collections.abc import Iterator
from contextlib import closing

import dns.resolver
import pytest

from tests.mail.dns_server import GARBAGE, OTHER_ID, REFUSED, SERVFAIL, SILENT, DnsServer
from tests.ports import free_port
from tocsin.domain.lookup import Lookup
from tocsin.mail.dns import Resolver

SHORT_S = 0.3


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
def names(server: DnsServer) -> Resolver:
    return Resolver(server.address)


def test_texts_come_whole_however_many_strings_they_are_cut_into(server: DnsServer, names: Resolver) -> None:
    long = "v=DKIM1; k=rsa; p=" + "A" * 392
    server.publish("key.example.com", "TXT", long)
    server.publish("example.com", "TXT", "v=spf1 -all", 'with "quotes" and \\ ; signs', "")

    assert names.txt("key.example.com") == Lookup(records=(long,))
    assert sorted(names.txt("example.com").records) == ["", "v=spf1 -all", 'with "quotes" and \\ ; signs']


def test_octets_that_are_not_printable_are_replaced(server: DnsServer, names: Resolver) -> None:
    server.publish("example.com", "TXT")
    server._records["example.com", "TXT"] = ['"a\\255\\254\\027[2J\\000\\010\\127b~"']

    assert names.txt("example.com") == Lookup(records=("a???[2J???b~",))


def test_a_name_that_is_not_there_and_one_without_such_records_have_none(server: DnsServer, names: Resolver) -> None:
    server.publish("example.com", "A", "192.0.2.1")

    for ask in (names.txt, names.mx):
        assert ask("example.com") == Lookup()
        assert ask("nowhere.example.com") == Lookup()
    assert names.addresses("nowhere.example.com") == Lookup()


def test_hosts_come_in_the_order_of_their_preference(server: DnsServer, names: Resolver) -> None:
    server.publish("example.com", "MX", "20 second.example.", "10 first.example.")
    server.publish("mute.example.com", "MX", "0 .")

    assert names.mx("example.com") == Lookup(records=("first.example", "second.example"))
    assert names.mx("mute.example.com") == Lookup(records=(".",))


def test_addresses_are_of_both_kinds(server: DnsServer, names: Resolver) -> None:
    server.publish("example.com", "A", "192.0.2.1")
    server.publish("example.com", "AAAA", "2001:db8::1")
    server.publish("six.example.com", "AAAA", "2001:db8::6")

    assert names.addresses("example.com") == Lookup(records=("192.0.2.1", "2001:db8::1"))
    assert names.addresses("six.example.com") == Lookup(records=("2001:db8::6",))


def test_what_is_too_large_for_a_datagram_comes_by_tcp(server: DnsServer, names: Resolver) -> None:
    texts = [f"{number:03}" + "x" * 3000 for number in range(10)]
    server.publish("huge.example.com", "TXT", *texts)

    assert sorted(names.txt("huge.example.com").records) == texts
    assert server.asked == ["udp TXT huge.example.com", "tcp TXT huge.example.com"]


def test_an_alias_is_followed(server: DnsServer, names: Resolver) -> None:
    server.publish("sel._domainkey.example.com", "CNAME", "key.provider.example.")
    server.publish("key.provider.example", "TXT", "v=DKIM1; p=A")
    server.publish("dangling.example.com", "CNAME", "nowhere.example.")

    assert names.txt("sel._domainkey.example.com") == Lookup(records=("v=DKIM1; p=A",))
    assert names.txt("dangling.example.com") == Lookup()


@pytest.mark.parametrize("length", [1, 2, 40])
def test_aliases_in_a_ring_or_without_end_come_to_an_end(server: DnsServer, names: Resolver, length: int) -> None:
    for number in range(length):
        server.publish(f"a{number}.example.com", "CNAME", f"a{(number + 1) % length}.example.com.")

    assert names.txt("a0.example.com").records == ()


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (SERVFAIL, "the name server answers with an error"),
        (REFUSED, "the name server answers with an error"),
        (SILENT, "no answer in time"),
        (OTHER_ID, "no answer in time"),
    ],
)
def test_a_server_in_trouble_is_told_in_words(server: DnsServer, mood: str, words: str) -> None:
    server.misbehave("example.com", mood)
    names = Resolver(server.address, question_s=SHORT_S)

    for ask in (names.txt, names.mx, names.addresses):
        assert ask("example.com") == Lookup(trouble=words)


def test_an_answer_that_cannot_be_read_is_trouble(server: DnsServer) -> None:
    server.misbehave("example.com", GARBAGE)

    found = Resolver(server.address, question_s=SHORT_S).txt("example.com")

    assert found.records == ()
    assert found.trouble


def test_addresses_of_one_kind_are_enough_when_the_other_is_in_trouble(server: DnsServer) -> None:
    class Half(Resolver):
        def _answer(self, name: str, kind: str) -> tuple[list[object], str]:
            return ([], "no answer in time") if kind == "A" else super()._answer(name, kind)

    server.publish("example.com", "AAAA", "2001:db8::1")

    assert Half(server.address).addresses("example.com") == Lookup(records=("2001:db8::1",))
    assert Half(server.address).addresses("other.example.com") == Lookup(trouble="no answer in time")


def test_where_nobody_listens_is_trouble() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as bound:
        bound.bind(("127.0.0.1", 0))  # nobody reads from it
        found = Resolver(bound.getsockname(), question_s=SHORT_S).txt("example.com")
    closed = Resolver(("127.0.0.1", free_port()), question_s=SHORT_S).txt("example.com")

    assert found == Lookup(trouble="no answer in time")
    assert closed.records == ()
    assert closed.trouble


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "a" * 64 + ".example", ".".join(["a" * 60] * 5), "ä" * 70, "\ud800.x", "a b.c"]
)
def test_a_name_that_is_none_never_raises(names: Resolver, name: str) -> None:
    assert names.txt(name).records == ()


def test_nothing_is_asked_twice_in_a_round(server: DnsServer, names: Resolver) -> None:
    server.publish("example.com", "TXT", "v=spf1 -all")

    assert names.txt("example.com") == names.txt("example.com") == Lookup(records=("v=spf1 -all",))
    assert names.mx("nowhere.example") == names.mx("nowhere.example") == Lookup()

    assert server.asked == ["udp TXT example.com", "udp MX nowhere.example"]


def test_all_questions_of_a_round_share_one_time_and_then_none_is_asked(server: DnsServer) -> None:
    server.publish("example.com", "TXT", "v=spf1 -all")
    server.misbehave("slow.example.com", SILENT)
    names = Resolver(server.address, question_s=60, round_s=SHORT_S)

    slow, late = names.txt("slow.example.com"), names.addresses("example.com")

    assert slow == Lookup(trouble="no answer in time")
    assert late == Lookup(trouble="there was no time left to ask")
    assert not any(" example.com" in question for question in server.asked)


def test_without_a_server_of_its_own_the_systems_is_asked(monkeypatch: pytest.MonkeyPatch, server: DnsServer) -> None:
    def read(resolver: dns.resolver.Resolver, _file: str) -> None:
        host, resolver.port = server.address
        resolver.nameservers = [host]

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read)
    server.publish("example.com", "TXT", "v=spf1 -all")

    assert Resolver().txt("example.com") == Lookup(records=("v=spf1 -all",))


def test_a_system_that_names_no_resolver_is_told_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_resolver: dns.resolver.Resolver, _file: str) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", read)

    assert Resolver().txt("example.com") == Lookup(trouble="this system names no resolver; set TOCSIN_RESOLVER")
