"""The quick way to a registrable domain agrees with the public suffix list."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.names import domains

RULES = [rule.lstrip("!*.") for rule in sorted(domains._extract.tlds) if rule.isascii()]


def by_the_list(host: str) -> str:
    parts = domains._extract(host)
    if not parts.suffix:
        return ""
    return f"{parts.domain}.{parts.suffix}" if parts.domain else host if parts.is_private else ""


@pytest.mark.parametrize("prefix", ["", "a.", "b.a.", "www.c.b.a."])
def test_hosts_under_every_kind_of_suffix_have_the_same_registrable_domain(prefix: str) -> None:
    hosts = [prefix + rule for rule in RULES[::5]]

    assert [by_the_list(host) for host in hosts] == [domains.registrable(host) for host in hosts]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.acme.com", "acme.com"),
        ("acme.co.uk", "acme.co.uk"),
        ("me.github.io", "me.github.io"),
        ("10.0.0.1", ""),
        ("com", ""),
        ("a.b.ck", "a.b.ck"),
    ],
)
def test_a_host_has_one_registrable_domain(host: str, expected: str) -> None:
    assert expected == domains.registrable(host)
