"""recorded.py HEAPGLASS [NAME...]: cores that were recorded of many versions and builds, each compared object by
object with what the process itself said (fixtures/record_cores.py). Without any file of the machines that they
are from; so no interpreter is needed, and nothing is skipped.
"""
import glob
import lzma
import os
import sys

from exact import Export, Truth, compare, compare_acquisition, compare_histogram
from target import Scratch, run, run_json

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "fixtures")


def check(heapglass, name):
    core = os.path.join(FIXTURES, "cores", name + ".core.zst")
    with Scratch() as scratch:
        nowhere = scratch.path("nowhere")
        os.mkdir(nowhere)
        with open(scratch.path("export"), "wb") as out:
            exported = run(heapglass, "export", "--format", "ndjson", core, "--sysroot", nowhere, timeout=60, stdout=out)
        if exported.code:
            print("%s: exit code %d: %s" % (name, exported.code, exported.err.decode("utf-8", "replace")))
            return 1
        document, _ = run_json(heapglass, "histogram", "--collector", "--json", core, "--sysroot", nowhere)
        with lzma.open(os.path.join(FIXTURES, "expected", name + ".truth.xz")) as file, \
                open(scratch.path("truth"), "wb") as out:
            out.write(file.read())
        truth, export = Truth(scratch.path("truth")), Export(scratch.path("export"))
        python = export.head["target"]["python"]
        wrong = name.partition("-")[0] != python["version"] + ("d" if python["debug"] else "")
        differences = compare(truth, export, False)
        wrong += differences.failing
        # In a small heap what C code keeps in pools for itself counts for more.
        wrong += compare_acquisition(export.head["acquisition"], not python["debug"], 93)
        wrong += compare_histogram(truth, document, False, differences.beyond)
        print("%s: %d objects: %s" % (name, len(truth), "FAILED" if wrong else "equal"))
        return wrong


def main(heapglass, *names):
    recorded = sorted(os.path.basename(path)[: -len(".core.zst")] for path in glob.glob(FIXTURES + "/cores/*.core.zst"))
    told = sorted(name.split(".truth")[0] for name in os.listdir(FIXTURES + "/expected"))
    if not recorded or recorded != told:
        raise SystemExit("fixtures/cores has %s, and fixtures/expected %s" % (recorded, told))
    return 1 if sum([check(heapglass, name) for name in names or recorded]) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
