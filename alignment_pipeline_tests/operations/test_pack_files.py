"""The two files of the meeting: what people write by hand is read, or the line that cannot be is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.meeting.sections.actions import Action
from alignment_pipeline.meeting.sections.disputes import Dispute, id_of
from alignment_pipeline.operations import pack_files

HEAD = "kind,subject,team,raised_by,raised_on,reason,decision,decided_by,decided_on\n"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "file.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_no_file_is_no_dispute_and_no_action(tmp_path: Path) -> None:
    assert [] == pack_files.disputes(tmp_path / "disputes.csv")
    assert [] == pack_files.actions(tmp_path / "actions.csv")


def test_disputes_are_read_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        (HEAD + "Breach,clock-1,Sales,Ann Lee,2026-11-18,On leave,Upheld,VP Marketing,2026-11-20\n\n").replace(",", ";"),
        "utf-8-sig",
    )

    expected = Dispute(id_of("breach", "clock-1"), "breach", "clock-1", "sales", "Ann Lee", date(2026, 11, 18), "On leave", "upheld",
                       "VP Marketing", date(2026, 11, 20))  # fmt: skip
    assert [expected] == pack_files.disputes(path)


def test_actions_need_what_who_and_when(tmp_path: Path) -> None:
    path = written(tmp_path, "Action,Owner,Due_on,note\nCall them,Ann Lee,2026-11-27,  by   phone \n")

    assert [Action("Call them", "Ann Lee", date(2026, 11, 27), note="by phone")] == pack_files.actions(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind,subject\nbreach,x\n", "has no column team"),
        (HEAD + "delay,x,sales,Ann,2026-11-18,Why,,,\n", r"file.csv:2: kind is 'delay'; it is one of breach"),
        (HEAD + "breach,x,support,Ann,2026-11-18,Why,,,\n", "team is 'support'"),
        (HEAD + "breach,x,sales,Ann,18.11.2026,Why,,,\n", "write a day as 2026-11-23"),
        (HEAD + "breach,x,sales,Ann,2026-11-18,,,,\n", "reason is empty"),
        (HEAD + "breach,x,sales,Ann,2026-11-18,Why,maybe,VP Marketing,\n", "decision is 'maybe'"),
        (HEAD + "breach,x,sales,Ann,2026-11-18,Why,upheld,,\n", "needs decided_by"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        pack_files.disputes(written(tmp_path, text))


def test_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="save it as CSV in UTF-8"):
        pack_files.actions(written(tmp_path, "action,owner,due_on\nGrüße,Ann,2026-11-27\n", "latin-1"))
