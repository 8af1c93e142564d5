"""children.py HEAPGLASS PYTHON: a parent and what it forked, each and summed.

The workers' own objects are counted in the right worker; of what the parent loaded nearly all is on shared
pages, until a worker touches it: then its copy is private, by type. snapshot, check and suspects too.
"""
import os
import sys

from target import Scratch, Target, run, run_json

failed = []


def check(name, holds):
    if not holds:
        failed.append(name)
        print("FAILS: " + name)


def row(document, name):
    return next((row for row in document["types"] if row["type"] == name), {})


def main(heapglass, python):
    with Scratch() as scratch, Target(python, "forking.py") as target:
        def look():
            document, _ = run_json(heapglass, "histogram", target.pid, "--children", "--json", "--quiet")
            return document["processes"], document["sum"]

        def unshared():  # kB that are the first worker's alone
            with open("/proc/%d/smaps_rollup" % target.worker) as file:
                return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))

        with open("/proc/%d/task/%d/children" % (target.pid, target.pid)) as file:
            target.worker = int(file.read().split()[0])
        before = unshared()
        processes, total = look()
        print("private memory of a worker: %d kB before, %d kB after the look" % (before, unshared()))
        check("a look makes no shared page private", unshared() <= before + 100)
        check("the parent and two workers", len(processes) == 3 and processes[0]["target"]["pid"] == target.pid)
        own = [row(document, "__main__.Own").get("count", 0) for document in processes]
        check("each worker's own objects: %s" % own, own == [0, 1000, 2000])
        check("and their sum", row(total, "__main__.Own")["count"] == 3000)
        check("totals add up", total["totals"]["objects"] == sum(d["totals"]["objects"] for d in processes))
        check("what the sum is said", "copy-on-write" in total["note"])
        parts = [row(document, "__main__.Shared") for document in processes]
        shares = [part["footprint_shared"] / part["footprint"] for part in parts]
        print("shared of what the parent loaded: %s" % ", ".join("%.1f %%" % (100 * share) for share in shares))
        check("each has it", all(part["count"] == 20000 for part in parts))
        check("nearly all of it is shared: %s" % shares, min(shares) > 0.95)
        check("parts add up", all(part["footprint_shared"] + part["footprint_private"] == part["footprint"] for part in parts))
        workers_own = row(processes[1], "__main__.Own")
        check("its own is private", workers_own["footprint_private"] > workers_own["footprint"] * 0.9)
        target.process.stdin.write(b"t")
        check("it touched them", target.line() == "touched")
        processes, _ = look()
        parts = [row(document, "__main__.Shared") for document in processes]
        shares = [part["footprint_shared"] / part["footprint"] for part in parts]
        print("and after the first worker touched it: %s" % ", ".join("%.1f %%" % (100 * share) for share in shares))
        check("the worker that touched it has its own copy", shares[1] < 0.05)
        check("the others share it still", shares[0] > 0.95 and shares[2] > 0.95)

        file = scratch.path("heap.npz")
        ran = run(heapglass, "snapshot", target.pid, "--children", "-o", file, "--quiet")
        names = ["heap-%d.npz" % document["target"]["pid"] for document in processes]
        check("a snapshot of each: %r" % ran.err, ran.code == 0 and all(os.path.exists(scratch.path(name)) for name in names))
        ran = run(heapglass, "check", target.pid, "--children", "--max-count", "__main__.Own=1500")
        check("one of three fails", ran.code == 1 and ran.out.count(b"failed: ") == 1)
        document, _ = run_json(heapglass, "suspects", target.pid, "--children", "--json", "--quiet")
        check("suspects of each", len(document["processes"]) == 3)
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
