"""suspects.py HEAPGLASS PYTHON [CASE...] [--one-look|--two-looks] [-v]: real leaks are named, healthy programs are not.

For each program of fixtures/programs/cases (or those whose name or file's name is given): after one look the
culprit must be among the first three suspects; after two, with the leak going on in between, it must be the
first. The culprit is named where type, count, path and kind are as the program itself says
(case.py). A healthy program has no suspect, and the verdict says so.
What one look says of the process, it must say of a snapshot of the process too.
Prints a table case x outcome, and what was said instead where it is wrong.
"""
import json
import os
import sys

from target import PROGRAMS, Scratch, Target, run, run_json

CASES = os.path.join(PROGRAMS, "cases")
LOOKED_AT = 3
FIELDS = {"kind": str, "type": (str, type(None)), "count": int, "bytes": int, "retained_bytes": int,
          "share_percent": (int, float), "path": (str, type(None)), "reason": str}


def contains(text, words):
    position = 0
    for word in words:
        position = (text or "").find(word, position)
        if position < 0:
            return False
        position += len(word)
    return True


def differences(suspect, truth, two_looks):
    """What is wrong about this suspect; None where it is about something else."""
    numbers, kinds = (truth["growths"], truth["growth_kinds"]) if two_looks else (truth["counts"], truth["kinds"])
    known = suspect["type"] in numbers
    words = truth["paths"].get(suspect["type"], truth["path_contains"])
    placed = contains(suspect["path"], words)
    if not known and not (placed and words):
        return None
    wrong = []
    wanted = list(numbers[suspect["type"] if known else truth["type"]])
    more = truth.get("changed_by_c_code" if two_looks else "kept_by_c_code", 0)
    less = more if two_looks else 0
    if not any(number - less <= suspect["count"] <= number + more for number in wanted):
        wrong.append("count %s instead of %s" % (suspect["count"], " or ".join(map(str, wanted))))
    if not placed:
        wrong.append("path %s without %s" % (ascii(suspect["path"]), words))
    if suspect["kind"] not in kinds:
        wrong.append("kind %s instead of %s" % (suspect["kind"], "|".join(kinds)))
    return wrong


def malformed(document):
    """A sound document, whatever it says."""
    for suspect in document["suspects"]:
        for field, kind in FIELDS.items():
            if field not in suspect or not isinstance(suspect[field], kind):
                return "%s is %r" % (field, suspect.get(field, "missing"))
        if not suspect["reason"] or not 0 <= suspect["share_percent"] <= 100:
            return "reason %r, share %r" % (suspect["reason"], suspect["share_percent"])
    return None


def judge(document, truth, two_looks):
    """(outcome in a word or two, right)"""
    trouble = malformed(document)
    if trouble:
        return "MALFORMED: " + trouble, False
    suspects = document["suspects"]
    if truth.get("healthy"):
        if suspects:
            return "FALSE ALARM, %d suspects" % len(suspects), False
        if "nothing" not in document["verdict"].lower():
            return "verdict %r" % document["verdict"], False
        return "nothing", True
    best = None
    for place, suspect in enumerate(suspects, 1):
        wrong = differences(suspect, truth, two_looks)
        if wrong is None:
            continue
        if place > (1 if two_looks else LOOKED_AT):
            wrong = ["place %d" % place] + wrong
        if best is None or len(wrong) < len(best[1]):
            best = place, wrong
    if best is None:
        return "MISSED", False
    return ("place %d" % best[0] if not best[1] else "WRONG: " + ", ".join(best[1])), not best[1]


def told(document):
    lines = ["    said: " + ascii(document["verdict"])]
    for suspect in document["suspects"][:5]:
        lines.append("      %s %s of %s, %.0f %%, %s" % (
            suspect["kind"], suspect["count"], suspect["type"], suspect["share_percent"], ascii(suspect["path"])))
    return "\n".join(lines)


def look_at(heapglass, python, name, looks, scratch):
    """[(outcome, right, document), ...], one for each of `looks`; None where that look cannot tell."""
    results = []
    with Target(python, os.path.join(CASES, name + ".py")) as target:
        truth = json.loads(target.line())
        if "one" in looks and "one" not in truth.get("looks", ["one"]):
            results.append(None)
        elif "one" in looks:
            document, _ = run_json(heapglass, "suspects", target.pid, "--json", "--max-pause", "30s")
            results.append(judge(document, truth, False) + (document,))
        if "two" in looks:
            before = scratch.path(name + ".npz")
            ran = run(heapglass, "snapshot", target.pid, "-o", before, "--max-pause", "30s")
            if ran.code:
                raise SystemExit("%s: exit code %d\n%s" % (ran.command, ran.code, ran.err.decode()))
            if results and results[0]:
                again, _ = run_json(heapglass, "suspects", before, "--json")
                if (again["verdict"], again["suspects"]) != (document["verdict"], document["suspects"]):
                    results[0] = ("ITS SNAPSHOT DIFFERS", False, again)
            target.process.stdin.write(b"m")
            if target.line() != "done":
                raise SystemExit("%s: did not say done" % name)
            document, _ = run_json(
                heapglass, "suspects", target.pid, "--json", "--against", before, "--max-pause", "30s")
            results.append(judge(document, truth, True) + (document,))
    return results


def main(arguments):
    looks = ["one", "two"]
    if "--one-look" in arguments:
        looks = ["one"]
    elif "--two-looks" in arguments:
        looks = ["two"]
    verbose = "-v" in arguments
    arguments = [argument for argument in arguments if argument not in ("--one-look", "--two-looks", "-v")]
    if len(arguments) < 2 or any(argument.startswith("-") for argument in arguments):
        raise SystemExit(__doc__)
    heapglass, python, *chosen = arguments
    names = sorted(name[:-3] for name in os.listdir(CASES) if name.endswith(".py") and name != "case.py")
    unknown = [one for one in chosen if not any(one in (name, name.split("_")[0]) for name in names)]
    if unknown:
        raise SystemExit("no such case: %s; there are %s" % (" ".join(unknown), " ".join(names)))
    if chosen:
        names = [name for name in names if name in chosen or name.split("_")[0] in chosen]
    count = failed = 0
    print("%-24s%s" % ("", "".join("%-24s" % ("%s look%s" % (look, "s" * (look == "two"))) for look in looks)))
    with Scratch() as scratch:
        for name in names:
            results = look_at(heapglass, python, name, looks, scratch)
            print("%-24s%s" % (name, "".join("%-23s " % (one[0] if one else "-") for one in results)), flush=True)
            for _, right, document in filter(None, results):
                count += 1
                failed += not right
                if verbose or not right:
                    print(told(document), flush=True)
    print("%d looks at %d programs: %s" % (
        count, len(names), "%d WRONG" % failed if failed else "all told right"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
