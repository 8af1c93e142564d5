"""labels.py HEAPGLASS PYTHON: references have the names that a programmer gives them, and no name tells
what is contents.

1. fixtures/programs/labels.py makes objects that refer to each other in every way, and says which labels
   the references have from one to the other: those, and no others, are in `export --labels`, and in the
   same with --values. Texts that are contents are nowhere in the first, and all in the second.
2. fixtures/programs/labels_zoo.py, with all of the zoo: the program itself does what each label says
   (fixtures/programs/label_truth.py), and finds the object there that the reference leads to.
"""
import json
import sys

from compare import Export, addresses, shown
from target import Scratch, Target, run

EXAMPLES = 20
PATIENT = ("--max-pause", "30s")
MOST_WITHOUT = 0.15  # the dict of interned strings among them, which Python has no way to
FIELDS = (("references", "edges"), ("also", "also_edges"), ("inferred", "inferred_edges"))


def export(heapglass, pid, path, *options):
    with open(path, "wb") as out:
        ran = run(heapglass, "export", "--format", "ndjson", *options, *PATIENT, pid, timeout=300, stdout=out)
    if ran.code:
        raise SystemExit("%s: exit code %d\n%s" % (ran.command, ran.code, ran.err.decode("utf-8", "replace")))


def named(found):
    """(to, label) of all references of an object of an export; they must be parallel."""
    for references, labels in FIELDS:
        to, names = addresses(found, references), found.get(labels, ())
        if len(to) != len(names) or "" in names:
            raise SystemExit("%s: %d %s, but %d %s" % (found["address"], len(to), references, len(names), labels))
        yield from zip(to, names)


def labels_between(path, pairs):
    """{(from, to): sorted labels} of an export, for these pairs."""
    sources = {source for source, _ in pairs}
    between = {}
    types = {}
    for found in Export(path):
        source = int(found["address"], 16)
        types[source] = found["type"]
        for to, label in named(found):
            if source in sources and (source, to) in pairs:
                between.setdefault((source, to), []).append(label)
    return {pair: sorted(labels) for pair, labels in between.items()}, types


def check_expected(expected, path, column):
    """Prints where the labels between two objects are others; returns how many pairs that are."""
    pairs = {}
    for edge in expected["edges"]:
        pairs.setdefault((edge[0], edge[1]), []).append(edge[column])
    between, types = labels_between(path, pairs)
    wrong = 0
    for (source, to), labels in pairs.items():
        have = between.get((source, to), [])
        if have == sorted(labels):
            continue
        wrong += 1
        if wrong <= EXAMPLES:
            print("    0x%x %s -> 0x%x %s: %s instead of %s" % (
                source, shown(types.get(source, "(not there)")), to, shown(types.get(to, "(not there)")),
                ascii(have), ascii(sorted(labels))))
    print("%d labels between %d pairs of objects: %d pairs wrong" % (len(expected["edges"]), len(pairs), wrong))
    return wrong


def check_secrets(expected, hidden, told):
    """Texts that are contents are in no export without --values, and in the one with them."""
    failed = 0
    for path, wanted in ((hidden, False), (told, True)):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for secret in expected["secrets"]:
            if (secret[:60] in text) != wanted:
                failed += 1
                print("%r is %s export %s --values" % (
                    secret, "not in the" if wanted else "in the", "with" if wanted else "without"))
    print("%d texts that are contents: %d shown or hidden wrongly" % (len(expected["secrets"]), failed))
    return failed


def exactly(heapglass, python):
    with Scratch() as scratch:
        expectations = scratch.path("expected")
        with Target(python, "labels.py", expectations) as target:
            export(heapglass, target.pid, scratch.path("hidden"), "--labels")
            export(heapglass, target.pid, scratch.path("told"), "--labels", "--values")
            export(heapglass, target.pid, scratch.path("plain"))
        with open(expectations, encoding="utf-8") as file:
            expected = json.load(file)
        failed = check_expected(expected, scratch.path("hidden"), 2)
        failed += check_expected(expected, scratch.path("told"), 3)
        failed += check_secrets(expected, scratch.path("hidden"), scratch.path("told"))
        unnamed = [found for found in Export(scratch.path("plain")) if "edges" in found or "value" in found]
        if unnamed:
            print("labels or values were not asked for: %r" % unnamed[0])
        return failed + bool(unnamed)


def judged_by_itself(heapglass, python):
    with Scratch() as scratch, Target(python, "labels_zoo.py") as target:
        export(heapglass, target.pid, scratch.path("export"), "--labels")
        claims = 0
        with open(scratch.path("claims"), "w", encoding="utf-8") as out:
            for found in Export(scratch.path("export")):
                source = int(found["address"], 16)
                for to, label in named(found):
                    if "\n" not in label:
                        out.write("%d %d %s\n" % (source, to, label))
                        claims += 1
        target.process.stdin.write(("%s %s\n" % (scratch.path("claims"), scratch.path("result"))).encode())
        if target.line() != "done":
            raise SystemExit("the target said something else than done")
        with open(scratch.path("result"), encoding="utf-8") as file:
            result = json.load(file)
    for kind, source, to, label in result["wrong"][:EXAMPLES]:
        print("    0x%x %s: %s is not 0x%x" % (source, shown(kind), ascii(label), to))
    print("%d labels of the zoo: %d hold, %d do not; %d are no Python, %d of objects that Python does not reach" % (
        claims, result["held"], len(result["wrong"]), result["unknown"], result["without"]))
    return len(result["wrong"]) + (result["held"] == 0 or result["without"] > MOST_WITHOUT * claims)


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    failed = exactly(*arguments) + judged_by_itself(*arguments)
    print("FAILED" if failed else "all as they should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
