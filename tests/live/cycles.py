"""cycles.py HEAPGLASS PYTHON: garbage as the collector counts it, and live cycles as they were planted.

For each kind of fixtures/programs/cycles.py, and all of them together: garbage_objects is what gc.collect()
returns in the target directly afterwards. While heapglass looks, the target is blocked in a read.
"""
import subprocess
import sys

from target import PROGRAMS, Target, run_json


def kinds(python):
    listed = subprocess.run([python, "-B", PROGRAMS + "/cycles.py", "--list"], stdout=subprocess.PIPE, check=True)
    return listed.stdout.decode().split()


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
    print("%d wrong" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
