from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import maxminddb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.mmdb import Database, read_database
from collector.mmdb_records import DatabaseDamagedError, decode_value
from support.mmdb import make_mmdb

V4, V6 = ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")
KEYS = ("name", "list", "number", "flag", "share", "more", "deep")


class EveryKey:
    def __contains__(self, key: object) -> bool:
        return True


EVERY = EveryKey()
values = st.one_of(st.text(max_size=400), st.integers(0, 2**32 - 1), st.booleans(), st.floats(allow_nan=False))
records = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(values, st.lists(values, max_size=40), st.dictionaries(st.text(max_size=9), values)),
)


def subnets(network: IPv4Network | IPv6Network, longest: int) -> st.SearchStrategy[str]:
    """Networks within a documentation network."""
    return st.integers(network.prefixlen + 1, longest).flatmap(
        lambda length: st.integers(0, 2 ** (length - network.prefixlen) - 1).map(
            lambda number: f"{network.network_address + (number << network.max_prefixlen - length)}/{length}"
        )
    )


def packed(text: str) -> bytes:
    address = ip_address(text).packed
    return address if len(address) == 4 else address[:8]


def found(database: Database, address: bytes) -> Any:
    offset = database.find(address)
    return None if offset < 0 else database.record(offset, EVERY)


@pytest.mark.parametrize("record_size", [24, 28, 32])
@settings(max_examples=40, deadline=None)
@given(
    networks=st.dictionaries(st.one_of(subnets(V4, 32), subnets(V6, 64)), records, min_size=1, max_size=12),
    address=st.one_of(st.ip_addresses(network=V4), st.ip_addresses(network=V6), st.ip_addresses()),
)
def test_it_finds_what_the_reader_of_the_formats_authors_finds(
    record_size: int, networks: dict[str, Any], address: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = make_mmdb(networks, record_size=record_size)
    path = tmp_path_factory.getbasetemp() / "any.mmdb"
    path.write_bytes(content)
    database = Database(content)
    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as reader:
        addresses = [address, *(ip_network(network).network_address for network in networks)]
        for each in addresses:
            bytes_kept = packed(str(each))
            whole = ip_address(bytes_kept if len(bytes_kept) == 4 else bytes_kept + bytes(8))
            assert found(database, bytes_kept) == reader.get(whole)


def test_the_file_of_the_tests_can_be_read_by_the_strict_reader(tmp_path: Any) -> None:
    (tmp_path / "a.mmdb").write_bytes(make_mmdb({"192.0.2.0/24": {"name": "here"}}))
    with maxminddb.open_database(tmp_path / "a.mmdb") as reader:
        assert reader.get("192.0.2.9") == {"name": "here"}


def test_a_file_for_ipv4_knows_no_ipv6() -> None:
    database = Database(make_mmdb({"192.0.2.0/24": {"name": "here"}}, ip_version=4))
    assert found(database, packed("192.0.2.200")) == {"name": "here"}
    assert found(database, packed("198.51.100.1")) is None
    assert found(database, packed("2001:db8::1")) is None
    assert found(database, b"") is None


def test_only_what_is_wanted_of_a_record_is_read() -> None:
    record = {"skip": {"list": [1, {"a": "b" * 300}], "x": 1.5}, "name": {"skip": True, "en": "here"}, "z": "z"}
    database = Database(make_mmdb({"192.0.2.0/24": record, "198.51.100.0/24": record}))
    for address in ("192.0.2.1", "198.51.100.1"):
        assert database.record(database.find(packed(address)), {"name", "en"}) == {"name": {"en": "here"}}


@given(st.data())
def test_whatever_is_cut_off_or_changed_there_is_no_other_error(data: st.DataObject) -> None:
    whole = make_mmdb({"192.0.2.0/24": {"name": "here", "list": ["x" * 40, 7, {"deep": True}]}}, record_size=24)
    content = bytearray(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    for _ in range(data.draw(st.integers(0, 4)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found(Database(bytes(content)), packed("192.0.2.1"))
    except DatabaseDamagedError:
        return


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not a MaxMind DB file"),
        (b"a page of HTML" * 100, "is not a MaxMind DB file"),
        (make_mmdb({"192.0.2.0/24": {}})[:-200], "is not a MaxMind DB file"),
        (make_mmdb({"192.0.2.0/24": {}}, binary_format_major_version=3), "version 2"),
        (make_mmdb({"192.0.2.0/24": {}}, record_size=28, node_count=10**6), "within its search tree"),
        (make_mmdb({"192.0.2.0/24": {}}, ip_version=4) + b"\xab\xcd\xefMaxMind.com\xe0", "version 2"),
    ],
)
def test_what_is_no_database_says_why(content: bytes, problem: str) -> None:
    with pytest.raises(DatabaseDamagedError, match=problem):
        Database(content)


def test_a_pointer_that_points_to_itself_is_damage() -> None:
    content = make_mmdb({"192.0.2.0/24": {"name": "here"}})
    start = content.index(b"\xe1\x44name")
    looped = content[:start] + b"\x20\x00" + content[start + 2 :]
    with pytest.raises(DatabaseDamagedError):
        found(Database(looped), packed("192.0.2.1"))


def test_it_is_read_from_a_file(tmp_path: Any) -> None:
    (tmp_path / "a.mmdb").write_bytes(make_mmdb({"2001:db8::/48": {"name": "here"}}))
    database = read_database(tmp_path / "a.mmdb")
    (tmp_path / "a.mmdb").write_bytes(b"")  # cut in place: nothing of it is mapped
    assert found(database, packed("2001:db8::1")) == {"name": "here"}


@pytest.mark.parametrize("target", [3, 16, 10_000])
def test_a_tree_that_leads_to_no_record_is_damage(target: int) -> None:
    content = make_mmdb({"128.0.0.0/1": {"name": "here"}}, ip_version=4, record_size=32)
    database = Database(content[:4] + target.to_bytes(4) + content[8:])
    with pytest.raises(DatabaseDamagedError, match="leads to no record"):
        database.find(packed("192.0.2.1"))


@pytest.mark.parametrize("section", [b"", b"\x45ab", b"\x5d", b"\xe1", b"\x20", b"\x68", b"\x42\xff\xfe", b"\x00\x05"])
def test_a_value_that_is_not_whole_is_damage(section: bytes) -> None:
    with pytest.raises(DatabaseDamagedError):
        decode_value(section, 0, EVERY)
