"""What the CRM holds becomes a message that can do nothing but be read."""

from __future__ import annotations

import pytest

from alignment_pipeline.connectors.notify import messages

ROW: dict[str, object] = {
    "escalation_id": "sla:00Q000000000001AAA:first:2026-11-18T15:00:00Z:rep",
    "state": "due",
    "title": "First touch: rep",
    "task_subject": "Call Ada",
    "task_body": "Due now.",
    "notify_user_ids": '["005000000000001AAA", "005000000000002AAA", "005000000000003AAA"]',
    "is_urgent": True,
    "record_id": "00Q000000000001AAA",
}
USERS = [
    {"user_id": "005000000000001AAA", "name": "Ada", "email": "ada@us.example", "is_active": True},
    {"user_id": "005000000000002AAA", "name": "Gone", "email": "gone@us.example", "is_active": False},
]


def test_due_rungs_go_to_active_users_with_a_link_to_the_record() -> None:
    found = messages.from_escalations([ROW, ROW | {"state": "cancelled"}], USERS, crm_host="acme.my.salesforce.com")

    assert found == [
        messages.Message(
            key=str(ROW["escalation_id"]),
            title="First touch: rep",
            subject="Call Ada",
            body="Due now.",
            recipients=(messages.Recipient("005000000000001AAA", "Ada", "ada@us.example"),),
            is_urgent=True,
            link="https://acme.my.salesforce.com/00Q000000000001AAA",
        )
    ]


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<!channel> now", "‹!channel› now"),
        ("<https://evil.example|click>", "‹https(:)//evil.example¦click›"),
        ("[click](javascript:alert(1))", "(click)(javascript(:)alert(1))"),
        ("@everyone look", "@\u200beveryone look"),
        ("Ada\r\nBcc: all@us.example", "Ada Bcc: all@us.example"),
        ("*bold* `code` ~gone~", "∗bold∗ 'code' ∼gone∼"),
        ("\x1b[31mred\x00", "(31mred"),
        ("Łukasz Ōta 山田 ada@us.example", "Łukasz Ōta 山田 ada@us.example"),
    ],
)
def test_names_cannot_mention_link_or_format(hostile: str, shown: str) -> None:
    (found,) = messages.from_escalations([ROW | {"task_subject": hostile}], USERS)

    assert found.subject == shown


def test_a_record_id_that_is_none_makes_no_link() -> None:
    (found,) = messages.from_escalations([ROW | {"record_id": "../../evil"}], USERS, crm_host="acme.my.salesforce.com")

    assert found.link is None
