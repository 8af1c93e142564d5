"""paths.py HEAPGLASS PYTHON: objects are held by what the program holds them by, and told so in its words.

fixtures/programs/holders.py holds objects in every way, each of a class of its own, and says what the text of
each path must be. `paths --json` must print that text with that count, and no other path; its steps must lead
from the root to the object; and nothing where nothing holds them.
"""
import json
import sys

from target import Scratch, Target, run_json


def check(heapglass, pid, kind, count, text):
    document, _ = run_json(heapglass, "paths", pid, "--type", kind, "--json", "--max-pause", "30s")
    paths = [(path["count"], path["text"]) for path in document["paths"]]
    wanted = [] if text is None else [(count, text)]
    # Of a single object other ways to it may follow.
    if count == 1:
        paths = paths[:1]
    if paths != wanted or document["objects"] != count or document["without_path"] != (count if text is None else 0):
        print("%s: %s instead of %s; %d objects, %d without" % (
            kind, ascii(paths), ascii(wanted), document["objects"], document["without_path"]))
        return 1
    for path in document["paths"]:
        if path["steps"][-1]["type"] != kind or path["steps"][0]["edge"] is not None:
            print("%s: steps %r" % (kind, path["steps"]))
            return 1
    return 0


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    heapglass, python = arguments
    with Scratch() as scratch, Target(python, "holders.py", scratch.path("truth")) as target:
        with open(scratch.path("truth")) as file:
            truths = json.load(file)
        failed = sum(check(heapglass, target.pid, *one) for one in truths)
    print("%d ways to hold objects: %s" % (len(truths), "%d WRONG" % failed if failed else "all told right"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
