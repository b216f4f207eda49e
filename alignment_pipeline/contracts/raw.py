"""Raw tables: what each system sent and when we learned it, append-only, vendor values as text.

Belongs here: the columns that all raw tables share. Which objects and fields are read: `systems/`. How they are read: `connectors/`. What
they mean, typed and current: `contracts/staging.py`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Column, Contract, columns
from alignment_pipeline.contracts.systems.registry import STREAMS, SYSTEMS
from alignment_pipeline.contracts.systems.system import RawStream

_META = columns(
    """
    record_id        string!     the vendor's id of the record (Salesforce: 18 characters)
    known_at         timestamp!  when this version became known to us; reconstructed rows carry the vendor's own time
    is_reconstructed boolean!    true when known_at was taken from the vendor because this is the first load
    modified_at      timestamp   the vendor's stamp of this version (SystemModstamp, CreatedDate, activityDate, updatedAt)
    is_deleted       boolean!    true when the vendor says the record is deleted
    row_hash         string!     hash of the vendor's values of this version
    custom_fields    json@       API name to value, of the fields that only the agreement names
    """
)


_PERSONAL = set(
    (
        "FirstName LastName Email Phone MobilePhone Street City PostalCode MailingCity MailingPostalCode OldValue "
        "NewValue Subject email firstName lastName phone city primaryAttributeValue attributes"
    ).split()
)


def _contract(stream: RawStream) -> Contract:
    vendor = tuple(
        Column(
            name, "string", f"{stream.object}.{name} as the vendor sent it, as text", personal=name in _PERSONAL or name in stream.personal
        )
        for name in stream.fields
    )
    return Contract(
        name=stream.table,
        group="raw",
        description=f"One row per version of a {SYSTEMS[stream.system].title} {stream.object} record, as it arrived.",
        key=("record_id", "known_at", "row_hash"),
        columns=_META + vendor,
        owner="team:data-engineering",
    )


EXTRACTIONS = Contract(
    name="extractions",
    group="raw",
    description="One row per stream and extraction run: what was read, by which way, at what cost.",
    key=("run_id", "system", "object"),
    columns=columns(
        """
        run_id          string!     the extraction run
        system          string!     the system read (salesforce, marketo)
        object          string!     object or stream read
        started_at      timestamp!  when reading began
        watermark_at    timestamp   everything stamped before this moment has been read
        method          string!     bulk, rest, or unchanged (nothing new, proven by a count)
        rows            int64!      rows received
        new_rows        int64!      rows that were new versions
        api_calls       int64!      calls this stream used
        missing_fields  json!       optional fields that the integration user cannot see
        note            string      what a person should know (history tracking is off, census differs, ...)
        """
    ),
    owner="team:data-engineering",
)

REFUSED_ROWS = Contract(
    name="refused_rows",
    group="raw",
    description="One row per row of a vendor that could not become a raw row (no id, no readable stamp), with the reason; only its hash is kept.",
    key=("table_name", "record_id", "row_hash", "known_at"),
    columns=columns(
        """
        table_name string!    raw table it was meant for
        record_id  string!    the vendor's id, empty when there was none
        reason     string!    what was wrong
        row_hash   string!    hash of its values
        known_at   timestamp! when it arrived
        """
    ),
    owner="team:data-engineering",
)

CONTRACTS: tuple[Contract, ...] = (*(_contract(stream) for stream in STREAMS), EXTRACTIONS, REFUSED_ROWS)
