"""core.py HEAPGLASS PYTHON: a core answers as the process did in that moment.

A program that stands still is exported, and dumped by gdb's gcore and by `heapglass core`: export, labels,
columns, roots and histogram of the core are the process's own. A core that is cut counts what is missing and
says so; files of the process are found below --sysroot, and never those of another build. Our own core needs
none of them; gdb and eu-readelf take it, and compressed it answers the same.
"""
import json
import os
import shutil
import stat
import subprocess
import sys

from target import Scratch, Target, run, run_json, skip

PATIENT = ("--max-pause", "30s")
failed = []


def check(name, holds):
    if not holds:
        failed.append(name)
        print("FAILS: " + name)


def export(heapglass, source, path, *options, codes=(0,)):
    with open(path, "wb") as out:
        ran = run(heapglass, "export", "--format", "ndjson", "--labels", "--columns", *options, source, timeout=300, stdout=out)
    check("export of %s ends with %s: %d %r" % (source, codes, ran.code, ran.err[-200:]), ran.code in codes)
    with open(path, "rb") as lines:
        return json.loads(lines.readline() or b"{}"), lines.read()


def same(what, live, live_lines, kept, kept_lines):
    check(what + ": the same objects, references and labels", live_lines == kept_lines)
    check(what + ": the same roots", live.get("roots") == kept.get("roots"))
    check(what + ": the same target", live["target"] == kept.get("target"))
    acquisition = kept.get("acquisition", {})
    check(what + ": mode core, %s" % acquisition.get("mode"), acquisition.get("mode") == "core")
    for name in ("objects_invalid", "missed", "own_sizeof", "explained", "threads", "inferred_objects", "gc_running"):
        check("%s: the same %s: %s, %s" % (what, name, live["acquisition"][name], acquisition.get(name)),
              acquisition.get(name) == live["acquisition"][name])


def files_of(pid):
    with open("/proc/%d/maps" % pid) as maps:
        return sorted({line.split(None, 5)[5].strip() for line in maps if " /" in line and "/dev/" not in line})


def check_sysroot(heapglass, core, files, root, expected):
    root = os.path.join(root, "root")
    os.mkdir(root)
    ran = run(heapglass, "histogram", core, "--sysroot", root, timeout=60)
    check("without its files: %d %r" % (ran.code, ran.err), ran.code == 4 and b"--sysroot" in ran.err)
    for file in files:
        if os.path.isfile(file):
            os.makedirs(os.path.dirname(root + file), exist_ok=True)
            shutil.copy(file, root + file)
    found, _ = run_json(heapglass, "histogram", "--json", core, "--sysroot", root, timeout=60)
    check("files below --sysroot", found["types"] == expected["types"])
    interpreter = max((f for f in files if "python" in os.path.basename(f)), key=os.path.getsize)
    with open(root + interpreter, "r+b") as other:  # another build: its id, near the front, is another
        front = bytearray(other.read(4096))
        front[400:] = bytes(b ^ 1 for b in front[400:])
        other.seek(0)
        other.write(front)
    ran = run(heapglass, "histogram", core, "--sysroot", root, timeout=60)
    check("the interpreter's file of another build: %d %r" % (ran.code, ran.err), ran.code == 4)


def check_cut(heapglass, core, scratch):
    """Wherever it is cut: something counted, or refused; nothing claimed whole."""
    size = os.stat(core).st_size
    cut = scratch.path("cut")
    shutil.copy(core, cut)
    codes = []
    for share in (0.97, 0.8, 0.5, 0.2, 0.02, 0.001):
        os.truncate(cut, int(size * share))
        codes.append(run(heapglass, "histogram", cut, timeout=60, max_rss=2 << 30).code)
    check("cut cores: exit codes %s" % codes, codes[1] in (4, 6) and all(code in (2, 4, 6) for code in codes[1:]) and codes[0] in (0, 6))


def check_own(heapglass, live, live_lines, core, compressed, scratch):
    nowhere = scratch.path("nowhere")
    os.mkdir(nowhere)
    for file in (core, compressed):
        same(os.path.basename(file), live, live_lines,
             *export(heapglass, file, scratch.path("kept"), "--sysroot", nowhere))
        check("for the owner's eyes alone", stat.S_IMODE(os.stat(file).st_mode) == 0o600)
    again = scratch.path("again")
    check("a core of a core", run(heapglass, "core", compressed, "--sysroot", nowhere, "-o", again, timeout=60).code == 0)
    same("core of a core", live, live_lines, *export(heapglass, again, scratch.path("kept")))
    check("never over a file", run(heapglass, "core", core, "-o", again, timeout=60).code == 7)
    gdb = subprocess.run(["gdb", "-nx", "-batch", "-c", core, "-ex", "info threads"], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=120).stdout.decode()
    check("gdb takes it: " + gdb[-300:], "not in executable format" not in gdb and "not a core dump" not in gdb
          and "LWP %d" % live["target"]["pid"] in gdb)
    if shutil.which("eu-readelf"):
        ran = subprocess.run(["eu-readelf", "-h", "-l", "-n", core], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check("eu-readelf takes it: %r" % ran.stderr[-200:], ran.returncode == 0 and not ran.stderr)


def main(heapglass, python):
    if not shutil.which("gcore"):
        skip("gcore is not on this machine")
    with Scratch() as scratch, Target(python, "stdlib_zoo.py") as target:
        live, live_lines = export(heapglass, target.pid, scratch.path("live"), *PATIENT)
        counted, _ = run_json(heapglass, "histogram", "--json", *PATIENT, target.pid, timeout=60)
        subprocess.run(["gcore", "-o", scratch.path("gdb"), str(target.pid)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120)
        core = scratch.path("gdb.%d" % target.pid)
        own, compressed = scratch.path("own"), scratch.path("compressed")
        for path, options in ((own, ()), (compressed, ("--compress",))):
            ran = run(heapglass, "core", target.pid, "-o", path, *options, *PATIENT, timeout=60)
            check("heapglass core: %d %r" % (ran.code, ran.err), ran.code == 0)
        files = files_of(target.pid)
        target.close()
        same("gcore", live, live_lines, *export(heapglass, core, scratch.path("kept")))
        found, _ = run_json(heapglass, "histogram", "--json", core, timeout=60)
        check("the same histogram", all(found[part] == counted[part] for part in ("totals", "types")))
        check_own(heapglass, live, live_lines, own, compressed, scratch)
        check_cut(heapglass, core, scratch)
        check_sysroot(heapglass, core, files, scratch.directory.name, found)
        print("%d objects, gcore's %.1f MB, ours %.1f MB, compressed %.1f MB" % (
            live_lines.count(b"\n"), *(os.stat(file).st_size / 1e6 for file in (core, own, compressed))))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
