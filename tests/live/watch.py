"""watch.py HEAPGLASS PYTHON [SECONDS]: looks again and again at a service under load, and nothing is worn out by it.

As many looks as --max-overhead lets it, ten a second at most and one at least, for SECONDS (20 unless given): no growth of heapglass, no request lost, the target's
descriptors as before, and of its memory no more than a run without looks takes; --max-overhead is kept. The
verdict at the end names the leak and what holds it. Then what watch does besides: metrics in a file that
promtool (where it is installed) or prometheus_client's parsers accept, snapshots on growth and on pressure.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from target import Scratch, Target, rss_of, run

PATIENT = ("--max-pause", "30s")
failed = []


def check(name, holds):
    if not holds:
        failed.append(name)
        print("FAILS: " + name)


def numbers(target, command):
    target.process.stdin.write(command.encode())
    return [int(word) for word in target.line().split()]


def watch_for(heapglass, target, seconds, scratch):
    """Its lines, and its own resident memory at a quarter and at the end."""
    out, metrics = scratch.path("watch"), scratch.path("heap.prom")
    with open(out, "wb") as lines:
        child = subprocess.Popen(
            [heapglass, "watch", str(target.pid), "--interval", "100ms", "--max-overhead", "20%", "--json", "--quiet",
             "--metrics-file", metrics, "--label", "service=shop", *PATIENT], stdout=lines)
        end, sizes = time.monotonic() + seconds, []
        while time.monotonic() < end and child.poll() is None:
            time.sleep(0.05)
            sizes.append(rss_of(child.pid))
        child.send_signal(signal.SIGINT)
        check("an interrupted watch ends with 130", child.wait(60) == 130)
    with open(out, "rb") as lines:
        documents = [json.loads(line) for line in lines]
    quarter = len(sizes) // 4
    return documents, max(sizes[quarter:2 * quarter]), max(sizes[3 * quarter:]), metrics


def check_metrics(path):
    with open(path) as file:
        text = file.read()
    check("metrics can be read by node_exporter", os.stat(path).st_mode & 0o777 == 0o644)
    check("no half file is left", os.listdir(os.path.dirname(path)) and not glob.glob(path + ".*"))
    promtool = shutil.which("promtool")
    if promtool:
        said = subprocess.run([promtool, "check", "metrics"], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print("promtool accepts them: %s" % (said.returncode == 0))
        check("promtool: %s" % said.stdout.decode(), said.returncode == 0)
    try:
        from prometheus_client import parser
        from prometheus_client.openmetrics import parser as openmetrics
    except ImportError:
        check("promtool or python3-prometheus-client is needed", promtool)
        return
    for parse in (parser.text_string_to_metric_families, openmetrics.text_string_to_metric_families):
        families = {family.name: family for family in parse(text)}
        by_type = families["heapglass_objects"].samples
        check("as many types as asked for, and the others", len(by_type) == 31)
        check("labels", all(sample.labels["service"] == "shop" for sample in by_type))
        for name in ("heapglass_object_bytes", "heapglass_garbage_objects", "heapglass_pool_bytes", "heapglass_resident_bytes",
                     "heapglass_pause_seconds", "heapglass_faults", "heapglass_gc_collections"):
            check(name + " is there", name in families and families[name].samples)


def check_snapshots(heapglass, target, scratch):
    directory = scratch.path("kept")
    os.mkdir(directory)
    ran = run(heapglass, "watch", target.pid, "--interval", "100ms", "--max-overhead", "100%", "--count", "200",
              "--until-growth", "3%", "--snapshot-on", "growth=1%", "--on-pressure", "rss=0.01%",
              "--snapshot-dir", directory, *PATIENT, timeout=120)
    kept = sorted(os.listdir(directory))
    check("it ended by growth: %r" % ran.err[-300:], ran.code == 0)
    check("snapshots on pressure and on growth: %s" % kept, 2 <= len(kept) <= 4)
    check("why they were kept is told", b"are resident of" in ran.err and b"grew by" in ran.err)
    for name in kept:
        path = os.path.join(directory, name)
        check(name + " is whole", run(heapglass, "histogram", path, "--quiet").code == 0)


def main(heapglass, python, seconds="20"):
    with Scratch() as scratch, Target(python, "leaking_server.py") as target:
        time.sleep(2)
        answered, lost = numbers(target, "r")
        (descriptors,), rss = numbers(target, "f"), target.rss_kb()
        time.sleep(float(seconds) / 4)
        leak_alone = (target.rss_kb() - rss) / max(1, numbers(target, "r")[0] - answered)  # kB a request
        before, rss = numbers(target, "r")[0], target.rss_kb()
        documents, early, late, metrics = watch_for(heapglass, target, float(seconds), scratch)
        answered, lost = numbers(target, "r")
        grown, allowed = target.rss_kb() - rss, leak_alone * (answered - before) * 1.5 + 2048
        looks, end = documents[:-1], documents[-1]
        print("%d looks, stopped %.2f %% of the time, %d requests; heapglass %.1f MB early, %.1f MB late; %d kB grown, %d allowed" % (
            len(looks), end["stopped_percent"], answered - before, early / 1e6, late / 1e6, grown, allowed))
        check("no request is lost: %d" % lost, lost == 0 and answered > before)
        check("no descriptor is left behind", abs(numbers(target, "f")[0] - descriptors) <= 4)
        check("the target grew by its leak alone", grown <= allowed)
        check("heapglass does not grow", late <= early * 1.1 + 4e6)
        check("it looked again and again", len(looks) >= float(seconds))
        check("the overhead is bounded", end["stopped_percent"] <= 22)
        check("growing: %s" % end["verdict"], end["trend"] == "growing")
        first = end["suspects"][0] if end["suspects"] else {}
        check("the leak is named first, with its path: %r" % first,
              first.get("type") == "__main__.Kept" and first.get("path") == "__main__.OPEN[<int>]")
        check_metrics(metrics)
        check_snapshots(heapglass, target, scratch)
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
