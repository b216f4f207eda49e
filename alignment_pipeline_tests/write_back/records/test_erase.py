"""Nothing of a person stays, and nothing secret gets in."""

from __future__ import annotations

from pathlib import Path

from alignment_pipeline.write_back.plans import ops, preview
from alignment_pipeline.write_back.records import erase, results
from alignment_pipeline.write_back.records.audit import audit
from alignment_pipeline.write_back.sending import attempt_log
from alignment_pipeline_tests.write_back.office import lead_id, office


def test_an_erased_person_leaves_no_byte_and_is_recognised_again(tmp_path: Path) -> None:
    with office(tmp_path, leads=30) as acme:
        for number in range(30):
            acme.want(lead_id(number), Reason__c=f"canary{number:03d}", Score__c=number)
        acme.want_task(f"sla:{lead_id(7)}:first_touch", lead_id(7))
        planned = acme.plan()
        preview.write_preview(planned.plan, planned.judgement, acme.home / "plans")
        planned.approve().apply()
        acme.edit(lead_id(7), Note__c="typed by a person")
        acme.want(lead_id(7), Note__c="ours")
        acme.plan()
        key = b"erasure key" * 4

        gone = erase.erase(acme.journal, [lead_id(7)], key=key, plans=acme.home / "plans")

        assert (gone.operations, gone.plan_folders) == (2, 1)
        needles = [b"canary007", lead_id(7).encode(), lead_id(7)[:15].encode(), b"typed by a person"]
        left = [(path.name, needle) for path in acme.home.rglob("*") if path.is_file() for needle in needles if needle in path.read_bytes()]
        assert left == []
        assert b"canary008" in b"".join(path.read_bytes() for path in acme.home.glob("journal.db*"))
        assert attempt_log.problems(acme.journal) == []
        marks = erase.tombstones(acme.journal)
        assert erase.is_erased(marks, key, [lead_id(7)[:15]]) and not erase.is_erased(marks, key, [lead_id(8)])
        assert audit(acme.journal, lead_id(7)) == {"operations": [], "base": [], "holds": [], "drift": [], "damage": []}


def test_a_task_holds_ids_for_names_and_is_sent_with_the_names_that_the_crm_has(tmp_path: Path) -> None:
    with office(tmp_path, leads=3) as acme:
        acme.edit(lead_id(0), FirstName="Ada", LastName="Canaryname")
        acme.edit(lead_id(1), FirstName="Bea", LastName="Otherperson")
        people = [("Lead", lead_id(0), "Ada Canaryname"), ("Lead", lead_id(1), "Bea Otherperson")]
        texts = {"Subject": "2 late", "Description": "Still open: Ada Canaryname\nNobody has answered Bea Otherperson yet"}
        acme.want_task("sla:digest:1", None, people, **texts)
        planned = acme.plan()
        page, _ = preview.write_preview(planned.plan, planned.judgement, acme.home / "plans")
        assert "Nobody has answered Bea Otherperson yet" in page.read_text()
        acme.edit(lead_id(1), LastName="Newname")
        planned.approve().apply()

        held = b"".join(path.read_bytes() for path in acme.home.glob("journal.db*"))
        assert b"Canaryname" not in held and b"Otherperson" not in held and b"Newname" not in held
        (task,) = acme.world.salesforce.tables["Task"].values()
        assert "Still open: Ada Canaryname\nNobody has answered Bea Newname yet" == task["Description"]

        gone = erase.erase(acme.journal, [lead_id(0)], key=b"k" * 32, plans=acme.home / "plans", people=["Ada Canaryname"])

        assert 0 == gone.operations
        left = [path.name for path in acme.home.rglob("*") if path.is_file() and lead_id(0).encode() in path.read_bytes()]
        assert [] == left
        (op,) = ops.ops_of(acme.journal, planned.plan_hash)
        assert f"Still open: somebody\nNobody has answered {{{{Lead:{lead_id(1)}:name}}}} yet" == op.after["Description"]


def test_a_task_of_an_earlier_release_names_the_erased_person_no_longer(tmp_path: Path) -> None:
    with office(tmp_path, leads=1) as acme:
        acme.want_task("sla:digest:1", None, Subject="1 late", Description="Still open: Zoë Canaryname")
        acme.run()

        erase.erase(acme.journal, [lead_id(0)], key=b"k" * 32, people=["Zoë Canaryname"])

        assert b"Canaryname" not in b"".join(path.read_bytes() for path in acme.home.glob("journal.db*"))


def test_no_secret_and_no_name_reaches_the_journal(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.fault("row_error", path="Lead/", code="STRING_TOO_LONG", message="Last Name: data value too large: CANARYNAME")
        acme.run()

        everything = b"".join(path.read_bytes() for path in acme.home.rglob("*") if path.is_file())

        environ = acme.sandbox.environment()
        secrets = [value.encode() for name, value in environ.items() if "SECRET" in name or "PASSWORD" in name or "TOKEN" in name]
        assert secrets and not [one for one in [*secrets, b"CANARYNAME", b"Bearer ", b"rep@acme"] if one in everything]
        rows = results.write_results(acme.journal).to_pyarrow().to_pylist()
        assert [(row["state"], row["error_code"]) for row in rows] == [("DEAD", "STRING_TOO_LONG")]
