#!/usr/bin/env python3
"""Holds Sluse against Python's email package and ripmime on mutated mail.

Whenever one of them shows the planted number, `sluse scan` must say sensitive
or unscannable. The twin of a mutant, with a wrong number, must not be sensitive;
only where decoding was tampered with may chance make it valid. Ends with
status 1 when either fails, and keeps the messages with a text that tells how
each was made; with status 2 when it cannot run.
"""

import argparse
import collections
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import mutant  # noqa: E402
import oracles  # noqa: E402

CHUNK = 200
GUARDED = ("sensitive", "unscannable")


def main():
    options = arguments()
    if shutil.which("ripmime") is None:
        print("ripmime is not installed: apt-get install ripmime", file=sys.stderr)
        return 2
    if options.only is not None:
        return show_one(options)
    started = time.monotonic()
    books = Books()
    indices = range(options.start, options.start + options.count)
    chunks = [(options, list(indices[at : at + CHUNK])) for at in range(0, len(indices), CHUNK)]
    with multiprocessing.Pool(options.jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for rows in pool.imap(judge, chunks):
            for row in rows:
                books.enter(row)
                if row["wrong"]:
                    keep(options, row)
            progress(options, books, started)
    books.tell(options, time.monotonic() - started)
    return 1 if books.wrong else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sluse", required=True, help="the program to test")
    parser.add_argument("--count", type=int, default=20000, help="how many mutants")
    parser.add_argument("--start", type=int, default=0, help="the first index")
    parser.add_argument("--seed", default="1", help="any word; the same word makes the same mutants")
    parser.add_argument("--hostile", action="store_true", help="more mutations in each")
    parser.add_argument("--keep", type=Path, help="folder for what went wrong")
    parser.add_argument("--only", type=int, metavar="INDEX", help="write this mutant to standard output")
    parser.add_argument("--twin", action="store_true", help="with --only: the one with the wrong number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--table", action="store_true", help="figures of every mutation")
    options = parser.parse_args()
    if options.keep is None:
        options.keep = Path(tempfile.gettempdir()) / "sluse-differential"
    return options


def show_one(options):
    made = mutant.make(options.seed, options.only, options.hostile)
    sys.stdout.buffer.write(made.twin if options.twin else made.raw)
    return 0


def judge(task):
    """One row for each mutant of a chunk."""
    options, indices = task
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sluse-differential-", dir=memory) as folder:
        made = [mutant.make(options.seed, index, options.hostile) for index in indices]
        paths = []
        for one in made:
            for name, raw in (("a", one.raw), ("b", one.twin)):
                paths.append(os.path.join(folder, f"{one.index}{name}.eml"))
                Path(paths[-1]).write_bytes(raw)
        verdicts = scan(options.sluse, paths)
        rows = []
        for at, one in enumerate(made):
            shown = shown_by(one, paths[2 * at], folder)
            rows.append(row_of(one, shown, verdicts[2 * at], verdicts[2 * at + 1]))
        return rows


def scan(sluse, paths):
    command = [sluse, "scan", "--as", "message", "--format", "json", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if [line["path"] for line in lines] != paths:
        raise RuntimeError(f"sluse answered {len(lines)} of {len(paths)}: {done.stderr[-500:]}")
    return [line["verdict"] for line in lines]


def shown_by(one, path, folder):
    """The oracles that show the number, each with an excerpt."""
    views = {name: oracles.python(one.raw, policy) for name, policy in oracles.POLICIES.items()}
    views["ripmime"] = oracles.ripmime(path, os.path.join(folder, f"{one.index}.d"))
    shown = {}
    for name, texts in views.items():
        # All of them: ripmime's folder goes with the last.
        found = [excerpt for excerpt in map(one.planted.excerpt, texts) if excerpt]
        if found:
            shown[name] = found[0]
    return shown


def row_of(one, shown, verdict, twin):
    wrong = []
    if shown and verdict not in GUARDED:
        wrong.append(f"{' and '.join(shown)} show the number, sluse says {verdict}")
    if twin == "sensitive" and one.kind in ("control", "mild"):
        wrong.append("the twin with a wrong number is called sensitive")
    if one.kind == "control" and not shown:
        wrong.append("nothing was changed, and no oracle shows the number")
    if one.kind == "control" and (verdict, twin) != ("sensitive", "clean"):
        wrong.append(f"nothing was changed, sluse says {verdict}, of the twin {twin}")
    row = dict(index=one.index, kind=one.kind, place=one.place, mutations=one.mutations)
    row.update(shown=list(shown), verdict=verdict, twin=twin, wrong=wrong)
    if wrong:
        row.update(excerpts=shown, raw=one.raw, twin_raw=one.twin, digits=one.planted.digits)
    return row


class Books:
    """What became of all mutants."""

    def __init__(self):
        self.all = 0
        self.shown = collections.Counter()
        self.verdicts = collections.defaultdict(collections.Counter)
        self.twins = collections.defaultdict(collections.Counter)
        self.by_mutation = collections.defaultdict(collections.Counter)
        self.wrong = []

    def enter(self, row):
        self.all += 1
        self.shown.update(row["shown"])
        self.shown["any"] += bool(row["shown"])
        self.verdicts["shown" if row["shown"] else "not shown"][row["verdict"]] += 1
        self.twins[row["kind"]][row["twin"]] += 1
        for name in dict.fromkeys(row["mutations"]):
            count = self.by_mutation[name]
            count["all"] += 1
            count["shown"] += bool(row["shown"])
            count[row["verdict"]] += 1
            count["twin unscannable"] += row["twin"] == "unscannable"
            count["wrong"] += bool(row["wrong"])
        if row["wrong"]:
            self.wrong.append(row)

    def tell(self, options, seconds):
        print(f"{self.all} mutants, seed {options.seed}, {seconds:.0f} s")
        for name in (*oracles.POLICIES, "ripmime", "any"):
            print(f"  shown by {name:<15}{self.shown[name]:>7}")
        for group in ("shown", "not shown"):
            self.tell_verdicts(f"sluse, number {group}", self.verdicts[group])
        for kind in ("control", "mild", "mixed", "hostile"):
            if self.twins[kind]:
                self.tell_verdicts(f"twins, {kind}", self.twins[kind])
        if options.table:
            self.tell_mutations()
        print(f"exceptions: {len(self.wrong)}" + (f", kept in {options.keep}" if self.wrong else ""))

    @staticmethod
    def tell_verdicts(title, counts):
        whole = sum(counts.values()) or 1
        told = [f"{name} {n} ({100 * n / whole:.1f} %)" for name, n in sorted(counts.items())]
        print(f"  {title + ':':<25} {', '.join(told)}")

    def tell_mutations(self):
        columns = ["all", "shown", "sensitive", "unscannable", "clean", "twin unscannable", "wrong"]
        print(f"  {'mutation':<20}" + "".join(f"{c:>17}" for c in columns))
        for name, count in sorted(self.by_mutation.items()):
            print(f"  {name:<20}" + "".join(f"{count[c]:>17}" for c in columns))


def keep(options, row):
    """Writes what went wrong, and how to make it again."""
    options.keep.mkdir(parents=True, exist_ok=True)
    stem = options.keep / f"{options.seed}-{row['index']}"
    stem.with_suffix(".eml").write_bytes(row["raw"])
    stem.with_suffix(".twin.eml").write_bytes(row["twin_raw"])
    hostile = " --hostile" if options.hostile else ""
    stem.with_suffix(".txt").write_text(
        f"{'; '.join(row['wrong'])}\n"
        f"number {row['digits']} in {row['place']}, {row['kind']}: {', '.join(row['mutations'])}\n"
        + "".join(f"{name}: {excerpt!r}\n" for name, excerpt in row["excerpts"].items())
        + f"explain: sluse scan --as message {stem}.eml\n"
        f"again: tests/differential/run.py --sluse sluse --seed {options.seed} --only {row['index']}{hostile}\n"
    )


def progress(options, books, started):
    """One line that is written over, or ten lines into a log."""
    last = books.all == options.count
    tenth = max(1, options.count // CHUNK // 10)
    if not sys.stderr.isatty() and not last and books.all // CHUNK % tenth:
        return
    speed = books.all / (time.monotonic() - started)
    start, end = ("\r", "\n" if last else "") if sys.stderr.isatty() else ("", "\n")
    text = f"{start}{books.all} of {options.count}, {speed:.0f} a second, {len(books.wrong)} wrong"
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
