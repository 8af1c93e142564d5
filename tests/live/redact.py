"""redact.py HEAPGLASS PYTHON: a redacted core tells the same of the heap, and nothing of its contents.

The program made 20,000 secrets of several kinds and kept 400: no 8-byte run of any of them is in the file, while
export (with labels, without contents), paths and histogram are those of the process.
"""
import json
import os
import sys

from target import Scratch, Target, run, run_json

PATIENT = ("--max-pause", "30s")
failed = []


def check(name, holds):
    if not holds:
        failed.append(name)
        print("FAILS: " + name)


def export(heapglass, source, path):
    with open(path, "wb") as out:
        ran = run(heapglass, "export", "--format", "ndjson", "--labels", *PATIENT, source, timeout=300, stdout=out)
    check("export of %s: %d %r" % (source, ran.code, ran.err[-200:]), ran.code == 0)
    with open(path, "rb") as lines:
        return json.loads(lines.readline() or b"{}"), lines.read()


def runs(secret):
    return {secret[i : i + 8] for i in range(len(secret) - 7)}


def leaked(path, secrets):
    """How many of the secrets have 8 bytes in a row in the file."""
    wanted = set()
    for secret in secrets:
        wanted |= runs(secret)
    with open(path, "rb") as file:
        data = file.read()
    found = {data[i : i + 8] for i in range(len(data) - 7)} & wanted
    return len(found)


def main(heapglass, python):
    with Scratch() as scratch:
        told = scratch.path("secrets")
        with Target(python, "secrets_maker.py", told, options=("-S",)) as target:
            core, whole = scratch.path("core"), scratch.path("whole")
            live, live_lines = export(heapglass, target.pid, scratch.path("live"))
            by_type = run(heapglass, "histogram", target.pid, "--format", "csv", *PATIENT).out
            paths = run(heapglass, "paths", target.pid, "--type", "__main__.Account", *PATIENT).out
            for path, options in ((core, ("--redact",)), (whole, ())):
                ran = run(heapglass, "core", target.pid, "-o", path, *options, *PATIENT)
                check("core %s: %d %r" % (options, ran.code, ran.err), ran.code == 0)
        kept, kept_lines = export(heapglass, core, scratch.path("kept"))
        check("the same objects, references and labels", live_lines == kept_lines)
        check("the same roots", live["roots"] == kept["roots"])
        check("the same histogram", run(heapglass, "histogram", core, "--format", "csv").out == by_type)
        check("the same paths", run(heapglass, "paths", core, "--type", "__main__.Account").out == paths and paths)
        with open(told, "rb") as file:
            secrets = [bytes.fromhex(line.decode()) for line in file.read().split()]
        check("20,000 secrets: %d" % len(secrets), len(secrets) >= 20000)
        in_whole, in_redacted = leaked(whole, secrets), leaked(core, secrets)
        check("they are in a whole core, or this test looks for nothing", in_whole > 1000)
        check("of %d runs in the whole core %d are in the redacted one" % (in_whole, in_redacted), in_redacted == 0)
        print("%d objects, %.1f MB, runs of secrets: %d whole, %d redacted" % (
            live_lines.count(b"\n"), os.stat(core).st_size / 1e6, in_whole, in_redacted))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
