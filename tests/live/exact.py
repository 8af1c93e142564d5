"""exact.py HEAPGLASS PYTHON PROGRAM [ARGUMENT...] [--all-types] [--needs MODULE] [--clone]: what heapglass sees is
the truth.

Starts a fixture program under that interpreter, has heapglass export its graph and count it by type
while the program is blocked, then has the program itself tell the truth, and compares: object by object
(compare.py), and the histogram's count and bytes per type with the truth's sums. Differences in types
outside the core are printed and forgiven, unless --all-types. Skipped where PYTHON has no MODULE.
"""
import json
import os
import subprocess
import sys
import time

from compare import Export, compare, shown
from target import Scratch, Target, run, run_json, skip, skip_unless_packaged
from truth_file import Truth, sums_by_type

TIMEOUT = 300
LEAST_EXPLAINED = 97  # percent of the bytes in used pool blocks
PATIENT = ("--max-pause", "30s")  # the pause is measured elsewhere; here the machine may be busy


def compare_histogram(truth, document, core_only, beyond=()):
    """Prints the types whose count or bytes differ; returns how many count as failures.

    beyond: (type, size) of objects that only heapglass counts, and rightly (compare.py)."""
    want = sums_by_type(truth)
    for name, size in beyond:
        count, total, core = want.get(name, (0, 0, True))
        want[name] = (count + 1, total + size, core)
    have = {row["type"]: (row["count"], row["bytes"]) for row in document["types"]}
    differing = []
    for name in set(want) | set(have):
        count, size, core = want.get(name, (0, 0, True))
        if have.get(name, (0, 0)) != (count, size):
            failing = core or not core_only
            differing.append((not failing, name, have.get(name, (0, 0)), (count, size)))
    if differing:
        print("%-5s %10s %10s %13s %13s  %s" % ("fails", "count", "in truth", "bytes", "in truth", "type"))
    for forgiven, name, (count, size), (true_count, true_size) in sorted(differing):
        print("%-5s %10d %10d %13d %13d  %s" % (
            "no" if forgiven else "yes", count, true_count, size, true_size, shown(name)))
    core = sum(1 for _, _, core in want.values() if core)
    print("histogram: %d types, %d of the core; different: %d, of those %d fail" % (
        len(want), core, len(differing), sum(1 for row in differing if not row[0])))
    return sum(1 for row in differing if not row[0])


def compare_acquisition(acquisition, pools_tell, least=LEAST_EXPLAINED):
    """A quiet program has nothing torn, no object more references than its count, and hardly a block in the
    allocator's pools that is neither an object nor a table of one. Returns the failures."""
    wrong = {name: acquisition[name] for name in ("objects_invalid", "missed", "negative_counts") if acquisition[name]}
    wrong.update((name, count) for name, count in acquisition["faults"].items() if count)
    for name, count in sorted(wrong.items()):
        print("%s: %d" % (name, count))
    explained = acquisition["explained"]["pool_percent"]
    if not pools_tell:
        if explained is not None:
            print("pool_percent: %s, though objects are not where blocks begin" % explained)
        return len(wrong) + (explained is not None)
    if explained is None or not least <= explained <= 100:
        print("pool_percent: %s, less than %d" % (explained, least))
        return len(wrong) + 1
    return len(wrong)


def compare_target(heapglass, target, program, core_only, pools_tell=True, mode="--pause"):
    """Looks at a target that serves, has it tell the truth, ends it. Prints what differs; returns how much that
    is, and whether the target's RSS grew."""
    with Scratch() as scratch:
        rss = target.rss_kb()
        with open(scratch.path("export"), "wb") as out:
            exported = run(heapglass, "export", "--format", "ndjson", *PATIENT, mode, target.pid, timeout=TIMEOUT,
                           stdout=out)
        if exported.code:
            raise SystemExit("%s: exit code %d\n%s" % (
                exported.command, exported.code, exported.err.decode("utf-8", "replace")))
        document, counted = run_json(
            heapglass, "histogram", "--collector", "--json", *PATIENT, mode, target.pid, timeout=TIMEOUT)
        grown = target.rss_kb() - rss
        took = target.truth(scratch.path("truth"))
        target.close()
        began = time.monotonic()
        truth = Truth(scratch.path("truth"))
        export = Export(scratch.path("export"))
        print("%s %s: export %.1f s, %d MB; histogram %.1f s, %d MB; truth %.1f s" % (
            program, export.head.get("target", {}).get("python", {}).get("version"), exported.seconds,
            exported.peak >> 20, counted.seconds, counted.peak >> 20, took))
        print("acquisition: " + json.dumps(export.head.get("acquisition")))
        differences = compare(truth, export, core_only)
        failing = differences.failing
        if mode != "--" + export.head["acquisition"]["mode"]:
            print("it was read by %(mode)s: %(clone_refused)s" % export.head["acquisition"])
            failing += 1
        # Other allocators put no object where a block begins, or tables of all sizes into blocks.
        build = export.head["target"]["python"]
        pools_tell = pools_tell and not (
            os.environ.get("PYTHONMALLOC") or build["debug"] or build["free_threaded"])
        failing += compare_acquisition(export.head["acquisition"], pools_tell)
        failing += compare_histogram(truth, document, core_only, differences.beyond)
        # The twin's making writes two frames below a thread's stack, which may take new pages.
        grew = grown > (0 if mode == "--pause" else 16)
        if grew:
            print("the target's RSS grew by %d kB while it was read" % grown)
        print("compared in %.1f s: %s" % (time.monotonic() - began, "FAILED" if failing else "equal"))
    return failing, grew


def main(arguments):
    core_only = "--all-types" not in arguments
    mode = "--clone" if "--clone" in arguments else "--pause"
    arguments = [a for a in arguments if a not in ("--all-types", "--clone")]
    needs = None
    if "--needs" in arguments:
        at = arguments.index("--needs")
        needs = arguments[at + 1]
        del arguments[at : at + 2]
    if len(arguments) < 3:
        raise SystemExit(__doc__)
    heapglass, python, program = arguments[:3]
    if needs and subprocess.run([python, "-c", "import " + needs], stderr=subprocess.DEVNULL).returncode:
        if os.path.realpath(python) == os.path.realpath("/usr/bin/python3"):  # whose packages they are
            skip_unless_packaged("python3-" + needs)
        skip("%s has no %s" % (python, needs))
    # A page that the kernel reclaims just when it is read comes back with its neighbours (fault-around). What reads
    # pages that were never there does so each time.
    for _ in range(2):
        with Target(python, program, *arguments[3:]) as target:
            failing, grew = compare_target(heapglass, target, program, core_only, mode=mode)
        if failing or not grew:
            break
        print("it grew: once more, with another target")
    return 1 if failing or grew else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
