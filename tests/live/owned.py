"""owned.py HEAPGLASS PYTHON: references that the collector is never shown are right too.

Starts fixtures/programs/owned.py under that interpreter, has heapglass export its graph, and compares
every claim of the program about what one of its objects holds (see there) with `references` and `also`
of that object: all of them, or how often each object that is named. Then, over the whole export: no
object has more references to it, of both kinds, than its count says; but for counts that are no count
(immortal) and references that were never counted (uncounted()).
"""
import json
import sys
from collections import Counter

from compare import Export, addresses, lacking_and_surplus, shown
from target import Scratch, Target, run

EXAMPLES = 3
PATIENT = ("--max-pause", "30s")
# What says that a count is none. CPython 3.11's objects of frozen modules: 999,999,999 and what was added
# since (Tools/scripts/deepfreeze.py). 3.12 and later: at least 2^30 (Include/object.h).
DEEP_FROZEN = range(900_000_000, 1 << 30)
IMMORTAL = 1 << 30


class Found:
    """One line of the export."""

    __slots__ = ("type", "count", "references", "also", "inferred")

    def __init__(self, line):
        self.type = line["type"]
        self.count = line["refcount"]
        self.references = addresses(line, "references")
        self.also = addresses(line, "also")
        self.inferred = addresses(line, "inferred")


def read_export(path):
    objects = {}
    for line in Export(path):
        objects[int(line["address"], 16)] = Found(line)
    return objects


def described(address, objects):
    found = objects.get(address)
    return "0x%x %s" % (address, shown(found.type) if found else "(not in the export)")


def some(addresses_, objects):
    text = ", ".join(described(a, objects) for a in addresses_[:EXAMPLES])
    return text + (", ..." if len(addresses_) > EXAMPLES else "")


def what_is_wrong(mode, want, found, objects):
    """With one claim: a text, or None."""
    have = found.references + found.also
    if mode == "each":
        named = set(want)
        have = [a for a in have if a in named]
    lacking, surplus = lacking_and_surplus(want, have)
    trouble = []
    if lacking:
        trouble.append("lacks %d: %s" % (len(lacking), some(lacking, objects)))
    if surplus:
        trouble.append("has besides %d: %s" % (len(surplus), some(surplus, objects)))
    if found.inferred:
        trouble.append("%d are only inferred" % len(found.inferred))
    return "; ".join(trouble)


def compare_claims(claims, objects):
    """Prints what is wrong by what it is about; returns how many claims are."""
    wrong, checked, references = {}, Counter(), 0
    for what, address, mode, want in claims:
        checked[what] += 1
        references += len(want)
        found = objects.get(address)
        trouble = what_is_wrong(mode, want, found, objects) if found else "not in the export"
        if trouble:
            wrong.setdefault(what, []).append("0x%x %s" % (address, trouble))
    for what, troubles in sorted(wrong.items()):
        print("%s: %d of %d" % (what, len(troubles), checked[what]))
        for trouble in troubles[:EXAMPLES]:
            print("    " + trouble)
    print("%d claims of %d kinds, %d references: %d wrong" % (
        len(claims), len(checked), references, sum(map(len, wrong.values()))))
    return sum(map(len, wrong.values()))


def uncounted(found):
    """Whose references were never counted: objects of frozen modules in 3.11, and the dict of interned
    strings, which up to 3.11 holds each of them as key and value, and takes both from its count."""
    if found.count in DEEP_FROZEN:
        return True
    return found.type == "dict" and len(found.also) > 1000 and sorted(found.also) == sorted(found.references)


def compare_counts(objects):
    """Prints the objects that more refer to than their count says; returns how many there are."""
    incoming = Counter()
    for found in objects.values():
        if not uncounted(found):
            incoming.update(found.references)
            incoming.update(found.also)
    over, counted = [], 0
    for address, references in incoming.items():
        found = objects.get(address)
        if found is None:
            over.append("0x%x (not in the export): %d references" % (address, references))
        elif found.count < IMMORTAL and found.count not in DEEP_FROZEN:
            counted += 1
            if references > found.count:
                over.append("%s: %d references, count %d" % (described(address, objects), references, found.count))
    for line in over[:EXAMPLES * 3]:
        print("    " + line)
    print("%d objects with a count and references to them: %d have more than their count" % (counted, len(over)))
    return len(over)


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    heapglass, python = arguments
    with Scratch() as scratch, Target(python, "owned.py") as target:
        with open(scratch.path("export"), "wb") as out:
            exported = run(heapglass, "export", "--format", "ndjson", *PATIENT, target.pid, timeout=300, stdout=out)
        if exported.code:
            raise SystemExit("%s: exit code %d\n%s" % (
                exported.command, exported.code, exported.err.decode("utf-8", "replace")))
        target.truth(scratch.path("claims"))
        target.close()
        with open(scratch.path("claims")) as file:
            told = json.load(file)
        objects = read_export(scratch.path("export"))
        for failed in told["failed"]:
            print("owned.py could not make: " + failed)
        failing = len(told["failed"]) + compare_claims(told["claims"], objects) + compare_counts(objects)
        print("FAILED" if failing else "right")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
