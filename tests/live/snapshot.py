"""snapshot.py HEAPGLASS PYTHON: a snapshot says what the process said in the moment it was taken.

One stop keeps a snapshot and exports the graph: the export of the file is the same, line by line, roots
too. numpy.load and scipy's csr_matrix open the arrays, and count the same references. What the file may
not do is refused: --values, --save again; a damaged copy.
"""
import json
import os
import stat
import sys

import numpy
from scipy.sparse import csr_matrix
from target import Scratch, Target, run

PATIENT = ("--max-pause", "30s")
failed = []


def check(name, holds):
    if not holds:
        failed.append(name)
        print("FAILS: " + name)


def export(heapglass, source, path, *options):
    with open(path, "wb") as out:
        ran = run(heapglass, "export", "--format", "ndjson", "--labels", "--columns", *options, source, timeout=300, stdout=out)
    check("export of %s ends with 0: %r" % (source, ran.err[-200:]), ran.code == 0)
    with open(path, "rb") as lines:
        head = json.loads(lines.readline())
        return head, lines.read()


def degrees(lines):
    incoming, outgoing = {}, []
    for line in lines.splitlines():
        found = json.loads(line)
        to = found["references"] + found["also"] + found.get("inferred", [])
        outgoing.append(len(to))
        for address in to:
            incoming[address] = incoming.get(address, 0) + 1
    return incoming, outgoing


def check_numpy(path, lines):
    arrays = numpy.load(path)
    begin, to = arrays["reference_begin"], arrays["reference_to"]
    incoming, outgoing = degrees(lines)
    check("numpy counts the same references from objects", numpy.diff(begin).tolist() == outgoing)
    counted = numpy.bincount(to, minlength=len(outgoing)).tolist()
    by_address = {hex(address): count for address, count in zip(arrays["address"].tolist(), counted) if count}
    check("numpy counts the same references to objects", by_address == incoming)
    matrix = csr_matrix((numpy.ones(len(to), numpy.int64), to, begin), shape=(len(outgoing),) * 2)
    check("scipy counts the same", matrix.sum(axis=0).A1.tolist() == counted)


def main(heapglass, python):
    with Scratch() as scratch, Target(python, "stdlib_zoo.py") as target:
        file, compressed = scratch.path("heap.npz"), scratch.path("small.npz")
        live, live_lines = export(heapglass, target.pid, scratch.path("live"), "--save", file, *PATIENT)
        kept, kept_lines = export(heapglass, file, scratch.path("kept"))
        check("the same objects, references and labels", live_lines == kept_lines)
        check("the same roots", live["roots"] == kept["roots"] and live["root_counts"] == kept["root_counts"])
        check("the same target", live["target"] == kept["target"])
        modes = live["acquisition"].pop("mode"), kept["acquisition"].pop("mode")
        check("modes are told: %s %s" % modes, modes == ("pause", "snapshot"))
        check("the same acquisition", live["acquisition"] == kept["acquisition"])
        check("for the owner's eyes alone", stat.S_IMODE(os.stat(file).st_mode) == 0o600)
        check_numpy(file, kept_lines)
        ran = run(heapglass, "snapshot", "--compress", "-o", compressed, *PATIENT, target.pid, timeout=60)
        check("--compress ends with 0", ran.code == 0)
        check("--compress makes it smaller", os.stat(compressed).st_size < os.stat(file).st_size / 2)
        check("and as good", run(heapglass, "histogram", compressed, timeout=60).code == 0)
        check("--values are not in it", run(heapglass, "export", "--format", "ndjson", "--values", file).code == 2)
        check("nothing to save again", run(heapglass, "histogram", file, "--save", file + "2").code == 2)
        check("never over a file", run(heapglass, "snapshot", target.pid, "-o", file).code == 7)
        with open(file, "r+b") as damaged:
            damaged.seek(os.stat(file).st_size // 2)
            byte = damaged.read(1)[0]
            damaged.seek(-1, os.SEEK_CUR)
            damaged.write(bytes([byte ^ 1]))
        check("a flipped bit is noticed", run(heapglass, "histogram", file).code == 4)
        print("%d objects, %.1f MB, %.1f MB compressed" % (
            kept_lines.count(b"\n"), os.stat(file).st_size / 1e6, os.stat(compressed).st_size / 1e6))
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
