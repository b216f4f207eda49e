"""Aliases from open data: what each kind of file says, and which of it concerns the accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli.aliases import aliases
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import alias_dumps
from alignment_pipeline_tests.staging.factories import account, staged

BASEL = {
    "names": [
        {"types": ["label", "ror_display"], "value": "University of Basel"},
        {"types": ["label"], "value": "Universität Basel"},
        {"types": ["acronym"], "value": "UB"},
    ],
    "domains": [],
    "links": [{"type": "website", "value": "https://www.unibas.ch"}, {"type": "wikipedia", "value": ""}],
}
OLD = {
    "name": "Zentrum Acme",
    "aliases": ["Acme Centre"],
    "acronyms": ["ZA"],
    "labels": [{"label": "Centre Acme"}],
    "links": ["http://acme.ch/"],
}


def test_ror_s_dump_gives_names_and_domains_and_no_acronyms(tmp_path: Path) -> None:
    file = tmp_path / "ror.json"
    file.write_text(json.dumps([BASEL, OLD, {"names": []}]), encoding="utf-8")
    assert list(alias_dumps.ror(file)) == [
        ("University of Basel", "Universität Basel", "unibas.ch"),
        ("Zentrum Acme", "Acme Centre", "Centre Acme", "acme.ch"),
        (),
    ]


def test_gleif_s_golden_copy_gives_legal_and_other_names(tmp_path: Path) -> None:
    file = tmp_path / "lei.csv"
    other = "Entity.OtherEntityNames.OtherEntityName.1"
    latin = "Entity.TransliteratedOtherEntityNames.TransliteratedOtherEntityName.1"
    header = f"LEI,Entity.LegalName,Entity.LegalName.xmllang,{other},{other}.type,{latin}"
    file.write_text(f"{header}\nX,三菱商事株式会社,ja,Mitsubishi Corporation,X,Mitsubishi Shoji\n", encoding="utf-8")
    assert list(alias_dumps.gleif(file)) == [("三菱商事株式会社", "Mitsubishi Corporation", "Mitsubishi Shoji")]


def test_wikidata_s_rows_are_joined_by_item(tmp_path: Path) -> None:
    file = tmp_path / "wd.csv"
    rows = [
        "item,itemLabel,itemAltLabel,website",
        'Q1,Alphabet,"Google parent, Alphabet Inc.",https://abc.xyz/',
        "Q1,Alphabet,,",
        "Q2,Pellucid,,",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")
    assert list(alias_dumps.wikidata(file)) == [("Alphabet", "Google parent", "Alphabet Inc.", "abc.xyz"), ("Pellucid",)]


@pytest.mark.parametrize(("kind", "text"), [("ror", "{}"), ("ror", "id,name"), ("gleif", "name\nx\n"), ("wikidata", "name\nx\n")])
def test_a_file_of_another_kind_is_refused_in_words(tmp_path: Path, kind: str, text: str) -> None:
    file = tmp_path / "other"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="other: "):
        list(alias_dumps.READERS[kind](file))


def test_only_what_says_something_new_of_an_account_is_taken() -> None:
    groups = [
        ("University of Basel", "Universität Basel", "unibas.ch"),
        ("Nobody's Institute", "Institut de personne"),
        ("Acme GmbH", "Acme"),
        ("Ministry of Health", "Kenya Health"),
        ("Ministry of Health", "Ghana Health"),
    ]
    found = alias_dumps.of_accounts(groups, ["Universität Basel", "Acme", "Ministry of Health"], [])
    assert found == [("University of Basel", "Universität Basel", "unibas.ch")]
    assert alias_dumps.of_accounts(groups, [], ["https://unibas.ch/en"]) == found


@given(
    st.lists(st.lists(st.sampled_from(["Quorvex", "Dalmund", "Brindle", "Xanthor", "Pellucid"]), max_size=4).map(tuple), max_size=6),
    st.randoms(),
)
def test_the_order_of_a_dump_changes_nothing_and_every_group_names_an_account(groups: list[tuple[str, ...]], dice: Any) -> None:
    """The law: each chosen group holds an account's name, and names that no other group bears."""
    shuffled = list(groups)
    dice.shuffle(shuffled)
    found = alias_dumps.of_accounts(groups, ["Quorvex", "Dalmund"], [])

    assert sorted(map(sorted, alias_dumps.of_accounts(shuffled, ["Quorvex", "Dalmund"], []))) == sorted(map(sorted, found))
    assert all({"Quorvex", "Dalmund"} & set(group) and len(set(group)) > 1 for group in found)


def test_the_command_writes_an_agreement_that_extends_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    from alignment_pipeline.installation.home import Home

    Home.from_env().warehouse().replace("accounts", staged("accounts", [{"account_id": account(1), "name": "Universität Basel"}]))
    dump, out = tmp_path / "ror.json", tmp_path / "aliases.yaml"
    dump.write_text(json.dumps([BASEL, OLD]), encoding="utf-8")
    done = CliRunner().invoke(aliases, ["import", "ror", str(dump), "--out", str(out), "--json"], standalone_mode=False)

    assert done.exception is None and json.loads(done.output) == {"accounts": 1, "groups": 1, "file": str(out)}
    assert loader.load(out).matching.alias_groups == [["University of Basel", "Universität Basel", "unibas.ch"]]
