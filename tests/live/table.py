"""table.py HEAPGLASS [PYTHON...]: the interpreters here, each compared just now, as a table in Markdown.

Looks at fixtures/programs/stdlib_zoo.py under each interpreter given, or else under each on this machine
(/usr/bin, ~/.pyenv, what fixtures/interpreters.sh brought), and compares with the program's own truth
(compare.py). One row each, in Markdown: of the objects of the truth, and of those that only heapglass
tells of, how many percent both have; of those found, how many have the same type, size and references.
Rounded down: 100 is all. Exits 1 where a number is not 100 or an interpreter does not start; one that is
refused has a row that says so. Each takes half a minute.
"""
import glob
import io
import os
import re
import subprocess
import sys

from compare import Export, compare
from target import Scratch, Target, run
from truth_file import Truth

TIMEOUT = 600
HEAD = "| version | build | objects | found % | types % | sizes % | references % | from |\n|---|---|---|---|---|---|---|---|"
ABOUT = """import sys, sysconfig
get = sysconfig.get_config_var
print(sys.version.split()[0], 'shared' if get('Py_ENABLE_SHARED') and 'libpython' in open('/proc/self/maps').read() else 'static',
      *(word for word, var in (('pydebug', 'Py_DEBUG'), ('free-threaded', 'Py_GIL_DISABLED')) if get(var)))"""


def on_this_machine():
    brought = os.environ.get("HEAPGLASS_INTERPRETERS") or os.path.expanduser("~/.cache/heapglass/interpreters")
    places = ["/usr/bin/*", "/usr/local/bin/*", os.path.expanduser("~/.pyenv/versions/*/bin/*"), brought + "/bin/*"]
    name = re.compile(r"python3[.][0-9]+[dt]?(-(?!config)[a-z]+)?$")
    return [path for place in places for path in sorted(glob.glob(place), key=version_key)
            if name.match(os.path.basename(path)) and os.access(path, os.X_OK)]


def version_key(path):
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", path)]


def percent(good, of):
    hundredths = good * 10000 // of if of else 0
    return "%d" % (hundredths // 100) if hundredths % 100 == 0 else "%d.%02d" % divmod(hundredths, 100)


def numbers(heapglass, python):
    """[objects, found %, types %, sizes %, references %], or the words of a refusal."""
    with Scratch() as scratch, Target(python, "stdlib_zoo.py") as target:
        with open(scratch.path("export"), "wb") as out:
            exported = run(heapglass, "export", "--format", "ndjson", "--max-pause", "30s", target.pid,
                           timeout=TIMEOUT, stdout=out)
        if exported.code:
            return exported.err.decode("utf-8", "replace").strip().splitlines()[0]
        target.truth(scratch.path("truth"))
        target.close()
        truth = Truth(scratch.path("truth"))
        told = io.StringIO()
        wrong = compare(truth, Export(scratch.path("export")), out=told)
        missing, more = wrong.of_kind("missing"), wrong.of_kind("extra") + wrong.of_kind("duplicate")
        if wrong.failing:
            sys.stderr.write(told.getvalue())
        found = len(truth) - missing
        of = lambda *kinds: percent(found - sum(wrong.of_kind(kind) for kind in kinds), found)  # noqa: E731
        return ["{:,}".format(len(truth)), percent(found, len(truth) + more), of("type"), of("size"),
                of("references", "inferred", "tracked")]


def main(arguments):
    if not arguments:
        raise SystemExit(__doc__)
    heapglass, pythons = arguments[0], arguments[1:] or on_this_machine()
    failed = 0
    print(HEAD)
    for python in pythons:
        about = subprocess.run([python, "-E", "-s", "-c", ABOUT], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               universal_newlines=True, timeout=60)
        if about.returncode:
            print("%s does not start: %s" % (python, about.stderr.strip()), file=sys.stderr)
            failed += 1
            continue
        version, build = about.stdout.split(None, 1)
        row = numbers(heapglass, python)
        if isinstance(row, str):
            print("| %s | %s | %s |" % (version, build.strip(), row))
        else:
            print("| %s | %s | %s | live |" % (version, build.strip(), " | ".join(row)), flush=True)
            failed += row[1:] != ["100"] * 4
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
