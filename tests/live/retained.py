"""retained.py HEAPGLASS PYTHON: what an object retains is what the program itself finds it to retain.

fixtures/programs/retained.py says for some objects which others would go with them. `show` must say as many
objects, within 0.1 %, and as many bytes: the footprints that `export` has of them. What is retained by all
types, modules and threads must add up to the heap.
"""
import json
import sys

from compare import Export
from target import Scratch, Target, run, run_json

PATIENT = ("--max-pause", "30s")
NEAR = 0.001


def differs(have, want):
    return abs(have - want) > NEAR * want


def check_sums(heapglass, pid):
    """Owners of each kind, and what several hold, can be no more than all; the tree's first level is all."""
    failed = 0
    for by in ("module", "thread"):
        document, _ = run_json(heapglass, "retained", pid, "--by", by, "--json", *PATIENT)
        rows = document[by + "s"] + [document["held_by_several"]]
        if not rows[0]["retained_bytes"] or sum(row["retained_bytes"] for row in rows) > document["totals"]["bytes"]:
            print("by %s: %r of %r" % (by, rows, document["totals"]))
            failed += 1
    document, _ = run_json(heapglass, "retained", pid, "--by", "type", "--json", *PATIENT)
    if sum(row["count"] for row in document["types"]) != document["totals"]["objects"]:
        print("by type: counts do not add up to %d" % document["totals"]["objects"])
        failed += 1
    return failed


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    heapglass, python = arguments
    failed = 0
    with Scratch() as scratch, Target(python, "retained.py", scratch.path("truth")) as target:
        with open(scratch.path("truth")) as file:
            truths = json.load(file)
        with open(scratch.path("export"), "wb") as out:
            if run(heapglass, "export", "--format", "ndjson", *PATIENT, target.pid, stdout=out).code:
                raise SystemExit("no export")
        footprint = {int(found["address"], 16): found["footprint"] for found in Export(scratch.path("export"))}
        for kind, holder, objects in truths:
            document, _ = run_json(heapglass, "show", target.pid, "--type", kind, "--address", hex(holder), "--json",
                                   *PATIENT)
            have = document["object"]["retained_objects"], document["object"]["retained_bytes"]
            want = len(objects), sum(footprint[one] for one in objects)
            wrong = differs(have[0], want[0]) or differs(have[1], want[1])
            failed += wrong
            print("%s %s: %d objects, %d bytes; the program finds %d, %d" % (
                "WRONG" if wrong else "right", kind, *have, *want))
        failed += check_sums(heapglass, target.pid)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
