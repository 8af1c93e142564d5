"""hostile.py HEAPGLASS PYTHON KIND: an answer in bounded time and memory, with what was wrong counted.

KIND is one of fixtures/programs/hostile.py. Asserted of `histogram --json`, `histogram`, `export --labels --values`,
and of paths, referrers, show and retained in each form: exit code 0 or 6, at most 60 s and MAX_RSS, valid JSON in valid UTF-8, one of the expected faults counted in
acquisition.faults, a table without control characters, and a target that runs on as before.
"""
import json
import os
import subprocess
import sys

from target import PROGRAMS, Scratch, Target, run, run_json

SECONDS = 60
MAX_RSS = 700 << 20  # the target has 10 to 100 MB; sanitizers double what they watch
CODES = (0, 6)
BIDI = {chr(c) for c in list(range(0x202A, 0x202F)) + list(range(0x2066, 0x206A)) + [0x200E, 0x200F, 0x061C]}


def expected_faults(python, kind):
    listed = subprocess.run(
        [python, "-B", os.path.join(PROGRAMS, "hostile.py"), "--list"], stdout=subprocess.PIPE, check=True)
    for line in listed.stdout.decode().splitlines():
        name, *faults = line.split()
        if name == kind:
            return faults
    raise SystemExit("hostile.py knows no %r" % kind)


def check_table(text):
    for c in text:
        if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in BIDI or c in "\u2028\u2029":
            raise SystemExit("the table has a raw %r" % c)
    longest = max(map(len, text.splitlines()), default=0)
    if longest > 2000:
        raise SystemExit("the table has a line of %d characters" % longest)


def check_export(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = json.loads(line)
            longest = max(map(len, found.get("edges", []) + found.get("also_edges", [])), default=0)
            if longest > 2000:
                raise SystemExit("a label has %d characters" % longest)


EXPLAINING = (("paths", "--type", "*"), ("paths", "--type", "list", "--json", "--top", "30"),
              ("referrers", "--type", "*", "--values"), ("show", "--type", "*", "--values"), ("retained",),
              ("retained", "--tree"), ("retained", "--by", "module"), ("retained", "--by", "thread"))


def check_explaining(heapglass, pid, patient, limits):
    for arguments in EXPLAINING:
        said = run(heapglass, *arguments, *patient, pid, **limits)
        print("%s: exit %d in %.2f s, %d MB" % (" ".join(arguments), said.code, said.seconds, said.peak >> 20))
        if said.code not in CODES:
            yield "%s: exit code %d: %s" % (arguments[0], said.code, said.err.decode("utf-8", "replace"))
        elif "--json" in arguments:
            json.loads(said.out.decode("utf-8"))
        else:
            check_table(said.out.decode("utf-8"))


def main(heapglass, python, kind):
    patient = ("--max-pause", "10s")
    limits = dict(timeout=SECONDS, max_rss=MAX_RSS)
    faults = expected_faults(python, kind)
    failures = []
    with Target(python, "hostile.py", kind) as target, Scratch() as scratch:
        document, ran = run_json(heapglass, "histogram", "--json", *patient, target.pid, codes=CODES, **limits)
        acquisition = document["acquisition"]
        counted = {name: n for name, n in acquisition.get("faults", {}).items() if n}
        print("%s: exit %d in %.2f s, %d MB, %d objects, invalid %s, faults %s" % (
            kind, ran.code, ran.seconds, ran.peak >> 20, document["totals"]["objects"],
            acquisition["objects_invalid"], counted))
        if faults and not set(faults) & set(counted):
            failures.append("none of %s was counted" % " ".join(faults))
        if document["totals"]["objects"] < 5000:
            failures.append("only %d objects: the walk gave up too early" % document["totals"]["objects"])
        table = run(heapglass, "histogram", *patient, target.pid, **limits)
        if table.code not in CODES:
            failures.append("histogram: exit code %d: %s" % (table.code, table.err.decode("utf-8", "replace")))
        check_table(table.out.decode("utf-8"))
        check_table(table.err.decode("utf-8"))
        with open(scratch.path("export"), "wb") as out:
            exported = run(heapglass, "export", "--format", "ndjson", "--labels", "--values", *patient, target.pid,
                           stdout=out, **limits)
        if exported.code not in CODES:
            failures.append("export: exit code %d: %s" % (exported.code, exported.err.decode("utf-8", "replace")))
        else:
            check_export(scratch.path("export"))
        failures.extend(check_explaining(heapglass, target.pid, patient, limits))
        if kind.startswith("deep_") and kind != "deep_inheritance":
            nested = {row["type"]: row["count"] for row in document["types"]}[kind[len("deep_"):]]
            if nested < 300000:
                failures.append("only %d of 300000 nested objects" % nested)
        if target.process.poll() is not None or target.state() not in "SR":
            failures.append("the target does not run on")
        print("export: exit %d in %.2f s, %d MB" % (exported.code, exported.seconds, exported.peak >> 20))
    for failure in failures:
        print("FAILED: " + failure)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    sys.exit(main(*sys.argv[1:]))
