"""run.py BUILD_DIR [--objects N] [--rounds N] [--python PY] [--scale] [--export] [--json] [--smoke]

What reading a heap from outside costs, side by side on one heap held by one process (heap.py):
    in-process   the target traverses itself: gc.get_objects, gc.get_referents, sys.getsizeof; as fast as
                 Python can (1024 objects a call), and singly (one call an object)
    raw copy     process_vm_readv of the same pages, no stop, warm buffers (raw_copy.cpp)
    heapglass    `heapglass histogram PID --json`: the whole run from exec to exit; of it, the pause
    export       `heapglass export PID --format ndjson` to /dev/null, with --export
Rounds are interleaved (A B C A B C ...), so that what else the machine does meets all of them alike.
Medians and ratios only: it never fails by time. Read the ratios; seconds are this machine's.
--scale repeats it at 1, 5 and 20 million objects, to see whether the cost of an object stays the same.
--smoke is the test: 100,000 objects, 1 round, and every number is there and positive.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../live"))
from target import Target, skip  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SCALE = (1000000, 5000000, 20000000)
PATIENT = ("--max-pause", "60s")  # it is measured here, not limited
READABLE = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 15), (3, 10), (3, 9), (3, 8), (3, 7), (3, 6))  # for the default of --python only


def in_process(target, how=b"m"):
    target.process.stdin.write(how)
    answer = target.line(3600).split()
    if len(answer) != 4:
        raise SystemExit("the target could not traverse itself: %s" % " ".join(answer))
    return {"seconds": float(answer[2]), "cpu": float(answer[3]), "objects": int(answer[0]), "bytes": int(answer[1])}


def raw_copy(program, target):
    answer = subprocess.run([program, str(target.pid)], stdout=subprocess.PIPE, check=True).stdout.split()
    return {"seconds": float(answer[0]), "cpu": float(answer[1]), "bytes": int(answer[2])}


def timed(command, out):
    """Wall seconds from start to exit, CPU seconds and peak RSS in bytes, by wait4."""
    with tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        child.returncode = status
        err.seek(0)
        if status != 0:
            raise SystemExit("%s: wait status %d\n%s" % (
                " ".join(command), status, err.read().decode("utf-8", "replace")))
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss << 10}


def histogram(heapglass, target):
    with tempfile.TemporaryFile() as out:
        measured = timed([heapglass, "histogram", str(target.pid), "--json", *PATIENT], out)
        out.seek(0)
        document = json.loads(out.read().decode("utf-8"))
    measured["pause"] = document["acquisition"]["pause_ms"] / 1000
    measured["objects"] = document["totals"]["objects"]
    measured["bytes"] = document["acquisition"]["bytes_read"]
    return measured


def export(heapglass, target):
    return timed([heapglass, "export", str(target.pid), "--format", "ndjson", *PATIENT], subprocess.DEVNULL)


def medians(rounds):
    """[{key: number}] -> {key: {"median", "min", "max"}}."""
    return {key: {"median": statistics.median(r[key] for r in rounds),
                  "min": min(r[key] for r in rounds), "max": max(r[key] for r in rounds)}
            for key in rounds[0]}


def bench(build, python, objects, rounds, with_export):
    heapglass = os.path.join(build, "cli", "heapglass")
    raw = os.path.join(build, "tests", "bench", "raw_copy")
    taken = {"in_process": [], "singly": [], "raw_copy": [], "heapglass": [], "export": []}
    with Target(python, os.path.join(HERE, "heap.py"), objects, timeout=3600) as target:
        rss = target.rss_kb() << 10
        for done in range(rounds):
            note("%d objects, round %d of %d" % (objects, done + 1, rounds))
            taken["in_process"].append(in_process(target))
            taken["singly"].append(in_process(target, b"s"))
            taken["raw_copy"].append(raw_copy(raw, target))
            taken["heapglass"].append(histogram(heapglass, target))
            if with_export:
                taken["export"].append(export(heapglass, target))
    note("")
    result = {"wanted": objects, "rounds": rounds, "target_rss": rss}
    result.update((name, medians(rows)) for name, rows in taken.items() if rows)
    result["ratios"] = ratios(taken)
    return result


def ratios(taken):
    """Medians of the ratios of each round: what slowed a whole round down cancels out."""
    def median(of):
        return statistics.median(of(*row) for row in zip(taken["in_process"], taken["raw_copy"], taken["heapglass"]))

    return {
        "heapglass_to_in_process": median(lambda inside, raw, ours: ours["seconds"] / inside["seconds"]),
        "heapglass_to_singly": statistics.median(
            ours["seconds"] / singly["seconds"] for singly, ours in zip(taken["singly"], taken["heapglass"])),
        "heapglass_to_raw_copy": median(lambda inside, raw, ours: ours["seconds"] / raw["seconds"]),
        "pause_to_raw_copy": median(lambda inside, raw, ours: ours["pause"] / raw["seconds"]),
        "bytes_to_raw_copy": median(lambda inside, raw, ours: ours["bytes"] / raw["bytes"]),
        "in_process_ns_per_object": median(lambda inside, raw, ours: inside["seconds"] / inside["objects"] * 1e9),
        "heapglass_ns_per_object": median(lambda inside, raw, ours: ours["seconds"] / ours["objects"] * 1e9),
        "heapglass_cpu_ns_per_object": median(lambda inside, raw, ours: ours["cpu"] / ours["objects"] * 1e9),
        "pause_s_per_gb": median(lambda inside, raw, ours: ours["pause"] / ours["bytes"] * 1e9),
        "memory_beyond_copy_per_object": median(
            lambda inside, raw, ours: (ours["peak"] - ours["bytes"]) / ours["objects"]),
    }


ROWS = (("in-process traversal", "in_process", "seconds", "cpu"),
        ("in-process, singly", "singly", "seconds", "cpu"), ("raw copy", "raw_copy", "seconds", "cpu"),
        ("heapglass histogram", "heapglass", "seconds", "cpu"), ("  its pause", "heapglass", "pause", None),
        ("heapglass export", "export", "seconds", "cpu"))


def show(run):
    ours, ratio = run["heapglass"], run["ratios"]
    print("%s objects (in-process sees %s) · target RSS %.0f MB · copied %.0f MB · %d rounds" % (
        "{:,.0f}".format(ours["objects"]["median"]), "{:,.0f}".format(run["in_process"]["objects"]["median"]),
        run["target_rss"] / 1e6, ours["bytes"]["median"] / 1e6, run["rounds"]))
    print("%-22s %10s %10s %10s %10s" % ("seconds", "median", "min", "max", "CPU"))
    for title, name, key, cpu in ROWS:
        if name in run:
            values = run[name][key]
            print("%-22s %10.3f %10.3f %10.3f %10s" % (
                title, values["median"], values["min"], values["max"],
                "%.3f" % run[name][cpu]["median"] if cpu else ""))
    print("heapglass / in-process   %8.2f" % ratio["heapglass_to_in_process"])
    print("heapglass / singly       %8.2f" % ratio["heapglass_to_singly"])
    print("heapglass / raw copy     %8.2f" % ratio["heapglass_to_raw_copy"])
    print("pause / raw copy         %8.2f   (%.2f s/GB; %.2f of the bytes)" % (
        ratio["pause_to_raw_copy"], ratio["pause_s_per_gb"], ratio["bytes_to_raw_copy"]))
    print("ns per object            %8.0f   (CPU %.0f; in-process %.0f)" % (
        ratio["heapglass_ns_per_object"], ratio["heapglass_cpu_ns_per_object"], ratio["in_process_ns_per_object"]))
    print("peak RSS                 %8.0f MB; beyond the bytes copied, %.1f bytes per object" % (
        ours["peak"]["median"] / 1e6, ratio["memory_beyond_copy_per_object"]))
    print(flush=True)


def show_scale(runs):
    print("%-12s %16s %16s %16s %16s" % ("objects", "ns per object", "CPU ns", "pause s/GB", "memory/object"))
    for run in runs:
        ratio = run["ratios"]
        print("%-12s %16.0f %16.0f %16.2f %16.1f" % (
            "{:,.0f}".format(run["heapglass"]["objects"]["median"]), ratio["heapglass_ns_per_object"],
            ratio["heapglass_cpu_ns_per_object"], ratio["pause_s_per_gb"], ratio["memory_beyond_copy_per_object"]))


def note(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def numbers(value):
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers(part)]
    return [value]


def assert_positive(run):
    for name in ("in_process", "singly", "raw_copy", "heapglass", "ratios"):
        for key, value in run[name].items():
            assert all(n > 0 for n in numbers(value)), "%s of %s is %r" % (key, name, value)
    assert abs(run["in_process"]["objects"]["median"] / run["wanted"] - 1) < 0.5, "heap.py builds another number"


def some_python():
    if sys.version_info[:2] in READABLE:
        return sys.executable
    for version in READABLE:
        found = shutil.which("python%d.%d" % version)
        if found:
            return found
    skip("no python%d.%d here" % READABLE[0])


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n", 1)[0], description=__doc__.split("\n", 1)[1],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--objects", type=int, default=5000000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=None)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    chosen = parser.parse_args()
    chosen.python = chosen.python or some_python()
    if chosen.smoke:
        chosen.objects, chosen.rounds, chosen.scale = 100000, 1, False
    load = os.getloadavg()[0]
    if not chosen.json:
        print("%s · %d CPUs, load %.1f before" % (chosen.python, os.cpu_count(), load))
    runs = []
    for objects in SCALE if chosen.scale else (chosen.objects,):
        runs.append(bench(chosen.build, chosen.python, objects, chosen.rounds, chosen.export))
        if not chosen.json:
            show(runs[-1])
    if chosen.json:
        print(json.dumps({"schema": "heapglass.bench/1", "python": chosen.python, "cpus": os.cpu_count(),
                          "load_before": load, "runs": runs}, indent=1))
    elif chosen.scale:
        show_scale(runs)
    if chosen.smoke:
        assert_positive(runs[0])


main()
