"""Which addresses may be connected to, and where a redirect may lead: a table."""

from __future__ import annotations

import ipaddress

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mistral_desk.core.errors import DeskError
from mistral_desk.net.addresses import address, redirected, sent, shown

OUTSIDE = "https://hub.example/a"
GOOD = {
    "https://ai-future-ready.com": ("https", "ai-future-ready.com", 443, "ai-future-ready.com"),
    "HTTPS://Hub.Example/a?b=c#d": ("https", "hub.example", 443, "hub.example"),
    "https://hub.example:8443/": ("https", "hub.example", 8443, "hub.example:8443"),
    "http://127.0.0.1:80/": ("http", "127.0.0.1", 80, "127.0.0.1"),
    "http://127.0.0.2:8000/": ("http", "127.0.0.2", 8000, "127.0.0.2:8000"),
    "http://[::1]:8000/": ("http", "::1", 8000, "[::1]:8000"),
    "http://localhost/": ("http", "localhost", 80, "localhost"),
    "https://bücher.example/": ("https", "bücher.example", 443, "bücher.example"),
    "https://192.168.1.20/": ("https", "192.168.1.20", 443, "192.168.1.20"),
    "https://[2001:DB8:0:0::7]/": ("https", "2001:db8::7", 443, "[2001:db8::7]"),
    "https://a_b.example./": ("https", "a_b.example.", 443, "a_b.example."),
    "https://faß.example/": ("https", "faß.example", 443, "faß.example"),
}
BAD = [
    "",
    "hub.example",
    "/a",
    "http://hub.example/",
    "http://192.168.1.20/",
    "http://localhost.example/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "https://",
    "https://:443/",
    "https://user@hub.example/",
    "https://user:pass@hub.example/",
    "https://hub.example:99999/",
    "https://hub.example:x/",
    "https://hub example/",
    "https://hub.example/a b",
    "https://hub.example/\r\nHost: other",
    "https://hub.example/\0",
    "https://[::1/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://224.0.0.1/",
    f"https://{'a' * 70}.example/",
    "https://hub。example/",
    "https://127。0。0。1/",
    "https://127\uff0e0\uff0e0\uff0e1/",
    "https://ａｐｉ.example/",
    "https://127.0.0.①/",
    "https://api\u00ad.example/",
    "https://hub%2eexample/",
    "https://hub..example/",
    "https://[::1%25]hub.example/",
    "https://[fd00::1%hub.example/x]/",
    "https://[::1]hub.example/",
    "https://[hub.example]/",
    "https://[v1.hub]/",
    "https://hub.example/" + "a" * 20_000,
]
INWARD = [
    "https://127.0.0.1/",
    "https://localhost/",
    "https://me.localhost/",
    "http://127.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.1/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "//10.0.0.1/",
    *(f"https://{dot.join(('127', '0', '0', '1'))}:8443/" for dot in "。．｡"),
    "https://localhost。/",
    "https://x｡localhost/",
    "https://0x7f。1/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::192.168.1.5]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:c0a8:105::1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:10.0.0.1]/",
]
"""Every one of them is another spelling of a place that nobody outside may lead to."""
_HOSTS = st.text("aé.:@/\\%[]０。①K2_-ß\u00ad|;0１f\uff0e", min_size=1, max_size=9)


@pytest.mark.parametrize("url", GOOD)
def test_addresses_that_may_be_used(url: str) -> None:
    found = address(url)
    assert (found.scheme, found.host, found.port, found.name) == GOOD[url]
    assert "#" not in found.url


@pytest.mark.parametrize("url", BAD)
def test_addresses_that_may_not(url: str) -> None:
    with pytest.raises(DeskError, match=r"net\.address") as caught:
        address(url)
    assert "pass@" not in str(caught.value.problem.params["address"])
    assert "user" not in str(caught.value.problem.params["address"])


@pytest.mark.parametrize("target", INWARD)
def test_nobody_outside_leads_into_this_computer_or_its_network(target: str) -> None:
    start = address(OUTSIDE)
    with pytest.raises(DeskError, match=r"net\.redirect"):
        redirected(start, start, target)


@pytest.mark.parametrize(
    "target",
    ["https://[64:ff9b::808:808]/", "https://[2002:808:808::]/", "https://[2606:4700::1]/", "https://8.8.8.8/"],
)
def test_numbers_of_computers_outside_may_be_followed(target: str) -> None:
    start = address(OUTSIDE)
    assert redirected(start, start, target).url == target


@given(host=_HOSTS, more=st.sampled_from(("", "/v1", ":443/v1")))
@example("bücher.example", "")
@example("faß.example", ":8443")
@example("[2001:DB8::1]", "")
@example("[::ffff:1.2.3.4]", "/")
def test_the_host_that_is_judged_is_the_one_that_the_client_asks(host: str, more: str) -> None:
    try:
        found = address(f"https://{host}{more}")
    except DeskError:
        return
    asked = httpx2.URL(found.url)
    used = asked.raw_host.decode()
    assert sent(found.host) == (str(ipaddress.ip_address(used)) if ":" in used else used)
    assert found.port == (asked.port or 443)


def test_who_began_here_may_go_on_here_and_outside() -> None:
    start = address("http://127.0.0.1:8000/a/b")
    assert redirected(start, start, "c?d").url == "http://127.0.0.1:8000/a/c?d"
    assert redirected(start, start, "http://127.0.0.2:9/").name == "127.0.0.2:9"
    assert redirected(start, start, "https://hub.example/").name == "hub.example"


def test_an_origin_outside_led_on_and_back_stays_outside() -> None:
    """Where the request began counts, not who redirects: a chain cannot creep in."""
    start, middle = address(OUTSIDE), address("https://cdn.example/")
    with pytest.raises(DeskError, match=r"net\.redirect"):
        redirected(start, middle, "https://127.0.0.1/")


@pytest.mark.parametrize(
    ("target", "same"),
    [
        ("https://www.hub.example/b", True),
        ("/b", True),
        ("https://hub.example:444/", False),
        ("https://cdn.hub.example/", False),
        ("https://hub.example.evil.example/", False),
    ],
)
def test_what_counts_as_the_same_website(target: str, same: bool) -> None:
    start = address(OUTSIDE)
    if same:
        assert redirected(start, start, target, elsewhere=False).site == start.site
    else:
        with pytest.raises(DeskError, match="another website"):
            redirected(start, start, target, elsewhere=False)


def test_what_is_shown_of_an_address_tells_no_secret() -> None:
    assert shown("https://me:pass@hub.example/a?X-Signature=s#t") == "https://hub.example/a"
    assert shown("https://hub.example/\x1b[2J") == "https://hub.example/\ufffd[2J"
    assert len(shown("https://hub.example/" + "a" * 5000)) == 200
