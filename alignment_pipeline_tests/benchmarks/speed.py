"""Seconds and memory of matching, each in a fresh process.

Belongs here: the labelled set as it is, a generated base with real word frequencies, and one lead against a built index. Generated names
draw
their words from the account names of the folder (or of the bundled word counts) and add made-up rare words, so that postings are as long
as real
ones.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from alignment_pipeline.matching import match
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.names import wordlists
from alignment_pipeline.matching.settings import MatchingSettings

ACCOUNTS, LEADS = 100_000, 200_000
SINGLES = 200
SEED = 20_261_121


def report(folder: Path | None) -> None:
    """Print one line per measurement."""
    jobs = ([["labelled", str(folder)]] if folder else []) + [["generated", str(folder or "")]]
    for job in jobs:
        run = subprocess.run([sys.executable, "-m", __spec__.name, *job], capture_output=True, text=True, check=False)
        if run.returncode:
            raise SystemExit(f"{job[0]}: {run.stderr.strip()[-2000:]}")
        print(run.stdout.strip())


def names_like(folder: str, count: int, chance: random.Random) -> list[str]:
    """Names whose words are as frequent as in real account names; about half of them with a made-up word."""
    words: Counter[str] = Counter()
    if folder:
        frame = pd.read_csv(Path(folder) / "accounts.csv", dtype=str, keep_default_na=False)
        for name in frame["name"]:
            words.update(name.split())
    else:
        words.update(
            {line.split()[0].title(): int(line.split()[1]) for line in wordlists.lines("word_counts.txt") if not line.startswith("_")}
        )
    known, weights = list(words), list(words.values())
    sizes = chance.choices((1, 2, 3, 4), (25, 40, 25, 10), k=count)
    drawn = iter(chance.choices(known, weights, k=sum(sizes)))
    result = []
    for size in sizes:
        parts = [next(drawn) for _ in range(size)]
        if size == 1 or chance.random() < 0.5:
            parts[0] = "".join(chance.choice("bcdfglmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(2, 5))).title()
        result.append(" ".join(parts))
    return result


def generated(folder: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts, and leads of which 70 % name an account: as it is, without its last word, misspelt, or with its domain."""
    chance = random.Random(SEED)
    names = names_like(folder, ACCOUNTS, chance)
    sites = [
        f"{''.join(filter(str.isalnum, name)).lower()[:20]}{chance.choice(('.com', '.io', '.de', '.co.uk'))}"
        if chance.random() < 0.78
        else ""
        for name in names
    ]
    accounts = pd.DataFrame({"account_id": [f"A{number:07d}" for number in range(ACCOUNTS)], "name": names, "website": sites})
    strangers = iter(names_like(folder, LEADS, chance))
    rows = []
    for number in range(LEADS):
        at = chance.randrange(ACCOUNTS)
        kind = chance.random()
        name, mail = names[at], chance.choice(("gmail.com", "", "", "qq.com"))
        if kind < 0.30:
            name = next(strangers)
        elif kind < 0.45:
            mail = sites[at] or mail
        elif kind < 0.55:
            name = " ".join(name.split()[:-1]) or name
        elif kind < 0.62:
            cut = chance.randrange(len(name))
            name = name[:cut] + name[cut + 1 :]
        rows.append((f"L{number:07d}", name, mail, chance.choice(("", "US", "DE", "IN"))))
    return accounts, pd.DataFrame(rows, columns=["lead_id", "company", "email_domain", "country"])


def _peak() -> int:
    """Highest resident memory of this process in MB; `ru_maxrss` alone would inherit the starting process's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(kind: str, folder: str) -> dict[str, object]:
    if kind == "labelled":
        accounts, leads = (pd.read_csv(Path(folder) / name, dtype=str, keep_default_na=False) for name in ("accounts.csv", "leads.csv"))
    else:
        accounts, leads = generated(folder)
    base = _peak()
    started, cpu = time.perf_counter(), time.process_time()
    index = AccountIndex.build(accounts, settings=MatchingSettings())
    built = time.perf_counter()
    table = match.match_leads(leads, index)
    done, used = time.perf_counter(), time.process_time() - cpu
    peak = _peak()
    single = []
    for row in range(min(SINGLES, len(leads))):
        one = leads.iloc[[row]]
        begin = time.perf_counter()
        match.match_leads(one, index)
        single.append(time.perf_counter() - begin)
    single.sort()
    return {
        "what": f"{kind}: {len(leads)} leads x {len(accounts)} accounts",
        "index seconds": round(built - started, 2),
        "match seconds": round(done - built, 2),
        "seconds": round(done - started, 2),
        "cpu seconds": round(used, 2),
        "peak MB": peak,
        "MB before": base,
        "one lead ms (median, p95)": [round(single[len(single) // 2] * 1000, 2), round(single[int(len(single) * 0.95)] * 1000, 2)],
        "matched": table["decision"].to_pylist().count("matched"),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")))
