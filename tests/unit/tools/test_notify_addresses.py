"""Where messages may go: the address behind a name counts, whatever it is written like."""

import pytest

from library.errors import InputError
from tools.notify.addresses import MOST_TRIED, permitted, read_url, why_refused
from tools.notify.failures import Undelivered

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]
INSIDE = ["127.0.0.1", "127.9.9.9", "::1", "10.0.0.7", "172.16.3.4", "192.168.1.1", "100.64.0.1", "fd12:3456::1"]
DISGUISED = ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "::ffff:10.0.0.7", "64:ff9b::a00:7"]
NEVER = [
    "169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
    "::ffff:169.254.169.254",
    "169.254.1.1",
    "fe80::1%eth0",
    "fec0::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "198.51.100.1",
    "198.18.0.1",
    "192.0.0.1",
    "::7f00:1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed_always(address):
    assert why_refused(address, allow_private=False) is None
    assert why_refused(address, allow_private=True) is None


@pytest.mark.parametrize("address", [*INSIDE, *DISGUISED])
def test_private_addresses_are_refused_unless_allowed(address):
    assert why_refused(address, allow_private=False)
    assert why_refused(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_metadata_link_local_and_reserved_addresses_are_refused_even_then(address):
    assert why_refused(address, allow_private=False)
    assert why_refused(address, allow_private=True)


def resolver(*found):
    async def resolve(host, port):
        return list(found)

    return resolve


async def test_one_bad_address_among_good_ones_refuses_the_name_for_good():
    with pytest.raises(Undelivered, match=r"hooks\.example:443: 10\.0\.0\.7 is a private") as caught:
        await permitted("hooks.example", 443, allow_private=False, resolve=resolver("8.8.8.8", "10.0.0.7"))
    assert caught.value.hopeless
    assert "allow_private = true" in caught.value.mend


async def test_all_addresses_are_checked_and_the_first_few_are_used():
    many = [f"8.8.8.{n}" for n in range(1, 9)]
    assert await permitted("x", 80, allow_private=False, resolve=resolver(*many)) == tuple(many[:MOST_TRIED])
    with pytest.raises(Undelivered):
        await permitted("x", 80, allow_private=False, resolve=resolver(*many, "127.0.0.1"))


async def test_a_name_that_is_not_known_now_may_be_known_later():
    async def unknown(host, port):
        raise OSError("no such name")

    for resolve in (unknown, resolver()):
        with pytest.raises(Undelivered) as caught:
            await permitted("hooks.example", 443, allow_private=False, resolve=resolve)
        assert not caught.value.hopeless


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
async def test_other_spellings_of_loopback_are_seen_by_what_they_resolve_to(host):
    from tools.notify.addresses import system_resolver

    with pytest.raises(Undelivered, match="loopback"):
        await permitted(host, 80, allow_private=False, resolve=system_resolver)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example/a?b=c", ("https", "hooks.example", 443)),
        ("http://hooks.example:8080", ("http", "hooks.example", 8080)),
        ("HTTPS://Hooks.Example/", ("https", "hooks.example", 443)),
        ("http://[::1]:81/x", ("http", "::1", 81)),
    ],
)
def test_a_url_names_scheme_host_and_port(url, target):
    read = read_url(url, "here")
    assert (read.scheme, read.host, read.port) == target
    assert "?" not in read.place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "ftp://x",
        "file:///etc/passwd",
        "gopher://x:25/_",
        "http://",
        "http://x:99999",
        "http://[::1",
        "http://user:secret@hooks.example",
        "https://user@hooks.example",
    ],
)
def test_other_urls_are_refused_with_the_setting_named(url):
    with pytest.raises(InputError, match=r"\[notify\.ops\] url"):
        read_url(url, "[notify.ops] url")
