"""subinterpreters.py HEAPGLASS PYTHON: several interpreters in one process, each with its objects and roots.

fixtures/programs/subinterpreters.py has two or three, which tell the truth each of itself; the export is
compared with all of it, object by object, and paths say whose module holds what.
"""
import os
import sys

from compare import Export, compare
from target import Scratch, Target, run, run_json
from truth_file import Truth

def main(heapglass, python):
    failing = 0
    with Scratch() as scratch, Target(python, "subinterpreters.py") as target:
        with open(scratch.path("export"), "wb") as out:
            ran = run(heapglass, "export", "--format", "ndjson", "--max-pause", "30s", target.pid, stdout=out)
        if ran.code:
            raise SystemExit("%s: exit code %d\n%s" % (ran.command, ran.code, ran.err.decode("utf-8", "replace")))
        held, _ = run_json(heapglass, "paths", target.pid, "--type", "__main__.Session", "--json")
        counts = [300, 500][: 2 if tuple(held["target"]["python"]["version"].split(".")) >= ("3", "12") else 1]
        paths = [scratch.path("truth.%d" % number) for number in range(1 + len(counts))]
        target.process.stdin.write(b"t" + b"".join(os.fsencode(path) + b"\n" for path in paths))
        if target.line() != "done":
            raise SystemExit("the target did not tell the truth")
        truth = None
        for path in paths:
            part = Truth(path)
            print("an interpreter of %d objects" % len(part))
            if truth is None:
                truth = part
            else:
                truth.add(part)
        export = Export(scratch.path("export"))
        failing += compare(truth, export).failing
    want = {"interpreter %d __main__.SESSIONS[<str>]" % number: count for number, count in enumerate(counts, 1)}
    have = {path["text"]: path["count"] for path in held["paths"]}
    if have != want:
        print("paths: %s instead of %s" % (have, want))
        failing += 1
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
