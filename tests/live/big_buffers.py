"""big_buffers.py HEAPGLASS PYTHON OBJECTS_MB BUFFERS_MB: buffers are not copied.

A process with so much in objects and so much in bytearrays and numpy arrays: at most 1.3 times the objects
are copied, nothing is missed, and the pause is that of the objects.
"""
import sys

from target import Target, run_json, skip

MB = 1 << 20
BASE_MB = 40  # the interpreter, the modules, numpy itself
SLOWEST = 3.0  # seconds of pause per GB copied, on a machine shared with other tests (0.2 when alone)


def available_mb():
    with open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) >> 10
    return 0


def main(heapglass, python, objects_mb, buffers_mb):
    needed = 2.5 * objects_mb + 1.1 * buffers_mb + 500
    if available_mb() < needed:
        skip("big_buffers %d %d: %d MB of free memory are not on this machine" % (objects_mb, buffers_mb, needed))
    with Target(python, "big_buffers.py", objects_mb, buffers_mb) as target:
        rss = target.status("VmRSS") >> 10
        document, ran = run_json(heapglass, "histogram", "--json", "--max-pause", "20s", target.pid, timeout=200)
        acquisition = document["acquisition"]
        copied = acquisition["bytes_read"] / MB
        pause = acquisition["pause_ms"] / 1000
        print("%d MB resident, %.0f MB copied, pause %.3f s (%.2f s/GB), missed %d, %.2f s in all, peak %d MB" % (
            rss, copied, pause, pause / max(copied, 1) * 1024, acquisition["missed"], ran.seconds, ran.peak >> 20))
        failures = []
        if rss < objects_mb + buffers_mb:
            failures.append("the target is smaller than it should be")
        if copied > 1.3 * objects_mb + BASE_MB:
            failures.append("copied %.0f MB, allowed %.0f" % (copied, 1.3 * objects_mb + BASE_MB))
        if acquisition["missed"]:
            failures.append("%d looks into pages left out" % acquisition["missed"])
        if pause > 0.1 + SLOWEST * copied / 1024:
            failures.append("the pause is not that of what was copied")
        counts = {row["type"]: row["count"] for row in document["types"]}
        if counts.get("__main__.Row", 0) < objects_mb * 2900:
            failures.append("only %d rows" % counts.get("__main__.Row", 0))
    for failure in failures:
        print("FAILED: " + failure)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
