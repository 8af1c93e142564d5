"""cycles.py HEAPGLASS PYTHON: garbage as the collector counts it, and live cycles as they were planted.

For each kind of fixtures/programs/cycles.py, and all of them together: garbage_objects is what gc.collect()
returns in the target directly afterwards. While heapglass looks, the target is blocked in a read.
Then fixtures/programs/planted_cycles.py: its rings among what 150 modules are made of.
"""
import subprocess
import sys

from target import PROGRAMS, Target, run_json


def kinds(python):
    listed = subprocess.run([python, "-B", PROGRAMS + "/cycles.py", "--list"], stdout=subprocess.PIPE, check=True)
    return listed.stdout.decode().split()


def planted(heapglass, python):
    """How much is wrong with what is told of the planted cycles."""
    wrong = []
    with Target(python, "planted_cycles.py") as target:
        document, _ = run_json(heapglass, "cycles", "--json", "--max-pause", "30s", target.pid)
    cycles = {name: [c for c in document["cycles"] if name in c["signature"]]
              for name in ("__main__.Ringed", "__main__.Link")}

    def expect(what, have, want):
        if have != want:
            wrong.append("%s: %r, not %r" % (what, have, want))

    for name, count, edges, cut in (("__main__.Ringed", 500, [".child", ".parent", ".partner"], ".parent"),
                                    ("__main__.Link", 1, [".following"] * 3, ".following")):
        expect("entries of " + name, len(cycles[name]), 1)
        for cycle in cycles[name]:
            expect(name, cycle["count"], count)
            expect("signature", cycle["signature"], " -> ".join([name] * 4))
            expect("nodes of " + name, cycle["types"][name], 3 * count)
            expect("edges of " + name, sorted(step["edge"] for step in cycle["example"]), edges)
            expect("edge to cut", cycle["cut"]["edge"], cut)
            expect("garbage", cycle["garbage"], False)
            held = "__main__.rings[<int>]" if count == 500 else "__main__.last"
            expect("what holds " + name, cycle["held_by"]["text"].partition(".parent")[0], held)
    collector = document["collectors"][0]
    expect("gc.isenabled()", collector["enabled"], False)
    expect("gc.get_threshold()", [g["threshold"] for g in collector["generations"]], [701, 11, 9])
    large = [c for c in document["cycles"] if c["largest"] > 10000]
    for cycle in large:
        expect("what breaks a component of %d" % cycle["largest"], bool(cycle["broken_by"]), True)
    for line in wrong:
        print("WRONG   planted: " + line)
    print("planted: %d entries, largest component %d" % (
        len(document["cycles"]), max(c["largest"] for c in document["cycles"])))
    return len(wrong)


def main():
    heapglass, python = sys.argv[1:3]
    failed = 0
    for kind in sys.argv[3:] or kinds(python) + ["all"]:
        with Target(python, "cycles.py", kind) as target:
            document, _ = run_json(heapglass, "cycles", "--json", target.pid)
            said = document["totals"]["garbage_objects"]
            truth = target.collect()
            again = run_json(heapglass, "cycles", "--json", target.pid)[0]["totals"]["garbage_objects"]
        right = said == truth and again == 0
        failed += not right
        print("%-7s %-16s gc.collect() %7d, heapglass %7d, afterwards %d" % (
            "ok" if right else "WRONG", kind, truth, said, again))
    if not sys.argv[3:]:
        failed += planted(heapglass, python)
    print("%d wrong" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
