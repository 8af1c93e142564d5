"""roots.py HEAPGLASS PYTHON: the roots that heapglass names are those that the program has.

Starts fixtures/programs/roots.py under that interpreter, has heapglass export its graph while every thread
is blocked, then has the program itself tell its roots, and compares: every local of every frame of every
thread by name, line and address, every module, what the interpreter's and the threads' states hold; that
no object has more references than its count, and that for the program's markers they are equal.
"""
import json
import sys
from collections import Counter

from target import Scratch, Target, run

TIMEOUT = 120
IMMORTAL = 900_000_000  # counts near this or above are not kept


class Export:
    def __init__(self, heapglass, pid, path):
        with open(path, "wb") as out:
            done = run(heapglass, "export", "--format", "ndjson", "--max-pause", "30s", pid, timeout=TIMEOUT, stdout=out)
        if done.code:
            raise SystemExit("%s: exit code %d\n%s" % (done.command, done.code, done.err.decode("utf-8", "replace")))
        with open(path, encoding="utf-8") as file:
            self.head = json.loads(file.readline())
            self.objects = {int(row["address"], 16): row for row in map(json.loads, file)}
        self.roots = [(r["kind"], r["name"], int(r["address"], 16), r["hold"]) for r in self.head["roots"]]

    def references(self, address):
        row = self.objects.get(address, {})
        return [int(r, 16) for key in ("references", "also") for r in row.get(key, ())]

    def type(self, address):
        return self.objects.get(address, {}).get("type")

    def reaches(self, start, goal, steps=8):
        seen, edge = {start}, [start]
        for _ in range(steps):
            edge = [r for address in edge for r in self.references(address) if r not in seen]
            seen.update(edge)
        return goal in seen


class Check:
    def __init__(self):
        self.failed = 0
        self.count = 0

    def equal(self, what, have, want):
        self.count += 1
        if have != want:
            self.failed += 1
            print("%s\n   have %r\n   want %r" % (what, have, want))

    def same(self, what, have, want):
        """Multisets."""
        self.count += 1
        more, less = Counter(have) - Counter(want), Counter(want) - Counter(have)
        if more or less:
            self.failed += 1
            print("%s: %d too many, %d missing" % (what, sum(more.values()), sum(less.values())))
            for row in sorted(more, key=str)[:10]:
                print("   too many: %s" % (row,))
            for row in sorted(less, key=str)[:10]:
                print("   missing:  %s" % (row,))


def frame_name(label, frame):
    call = "" if frame["function"] == "<module>" else "()"
    return "%s frame %s%s at %s:%d" % (label, frame["function"], call, frame["file"], frame["line"])


def label_of(thread):
    # Up to 3.10 only a Thread object has the kernel's number, and none has up to 3.7.
    number = "thread %d" % thread["native"] if thread["native_known"] else "thread 0x%x" % thread["ident"]
    return '%s "%s"' % (number, thread["name"]) if thread["name"] else number


def compare_locals(check, export, truth, thread):
    """3.11 and later: each local is a root of its own."""
    label = label_of(thread)
    want, cells = [], []
    for frame in thread["frames"]:
        for name, address in frame.get("locals", {}).items():
            row = (frame_name(label, frame) + " local " + name, address)
            (cells if name in frame["cells"] else want).append(row)
    of_thread = [(n, a) for kind, n, a, _ in export.roots if kind == "frame" and n.startswith(label + " frame ")]
    have = [(n, a) for n, a in of_thread if " local " in n]
    have_cells = [(n, a) for n, a in have if export.type(a) == "cell"]
    check.same("locals of " + label, [row for row in have if export.type(row[1]) != "cell"], want)
    contents = []
    for name, cell in have_cells:
        contents += [(name, r) for r in export.references(cell)]
    check.same("cells of " + label, contents, cells)
    # Its code, globals and, where it has one, namespace stand there under the frame's own name.
    have = Counter((n, a) for n, a in of_thread)
    for frame in thread["frames"]:
        for part in ("code", "globals", "namespace"):
            if part in frame:
                check.equal("%s of %s" % (part, frame_name(label, frame)),
                            have[frame_name(label, frame), frame[part]] >= 1, True)


def compare_frames(check, export, truth, thread):
    """Up to 3.10 each frame is an object, and a root."""
    label = label_of(thread)
    want = [(frame_name(label, frame), frame["address"]) for frame in thread["frames"]]
    frames = {address for _, address in want}
    have = [(n, a) for kind, n, a, _ in export.roots
            if kind == "frame" and n.startswith(label + " frame ") and " stack " not in n and a in frames]
    check.same("frames of " + label, have, want)
    others = [n for kind, n, a, hold in export.roots
              if kind == "frame" and n.startswith(label + " frame ") and " stack " not in n and a not in frames]
    # What is left: generators, whose frame the frame is.
    check.equal("other roots of frames of " + label, set(others) <= {n for n, _ in want}, True)


def compare_threads(check, export, truth):
    labels = {label_of(thread) for thread in truth["threads"]}
    main = label_of(truth["main"])
    found = {n.partition(" frame ")[0] for kind, n, _, _ in export.roots if kind == "frame"}
    check.same("threads", found, labels | {main})
    for thread in truth["threads"]:
        (compare_frames if truth["frames_are_objects"] else compare_locals)(check, export, truth, thread)
    serving = "%s frame serve() at roots.py:%d" % (main, truth["main"]["line"])
    if not truth["frames_are_objects"]:
        witness = [(n, hold) for _, n, a, hold in export.roots if a == truth["main"]["witness"] and " local " in n]
        check.equal("a local of the main thread", witness, [(serving + " local witness", "owned")])
    check.equal("the main thread's frame", any(n.startswith(serving) for _, n, _, _ in export.roots), True)

    by_label = {thread["name"]: label_of(thread) for thread in truth["threads"]}
    for name, held in truth["thread"].items():
        for what, address in held.items():
            have = [a for kind, n, a, hold in export.roots
                    if kind == "thread" and n == "%s %s" % (by_label[name], what) and hold == "owned"]
            check.equal("%s of %s" % (what, name), address in have, True)
    for name, address in truth["thread dict"].items():
        have = [a for _, n, a, hold in export.roots if n == by_label[name] + " thread-locals" and hold == "owned"]
        check.equal("thread-locals of " + name, have, [address])
    if truth["context value"]:  # 3.6 has no contexts
        (start,) = [a for _, n, a, _ in export.roots if n == by_label["context"] + " context"]
        check.equal("a context leads to its value", export.reaches(start, truth["context value"]), True)
    check.equal("the running coroutine", any(
        kind == "frame" and a == truth["coroutine"] and n.startswith(by_label["coroutine"] + " frame blocking_coroutine() at ")
        for kind, n, a, hold in export.roots), True)
    stacked = [(n.rpartition(" stack ")[0], hold) for _, n, a, hold in export.roots if a == truth["on stack"] and " stack " in n]
    (frame,) = [frame_name(by_label["full stack"], f) for t in truth["threads"] for f in t["frames"]
                if f["function"] == "with_full_stack"]
    check.equal("a value stack", stacked, [(frame, "inferred" if truth["frames_are_objects"] else "owned")])


def compare_interpreter(check, export, truth):
    check.same("modules", [(n, a) for kind, n, a, hold in export.roots if kind == "module" and hold == "borrowed"],
               [("module " + name, address) for name, address in truth["modules"].items()])
    roots = Counter((n, a) for kind, n, a, hold in export.roots if kind == "interpreter" and hold == "owned")
    for name, address in truth["interpreter"].items():
        check.equal(name, (roots[name, address], sum(c for (n, _), c in roots.items() if n == name)), (1, 1))
    registered = [a for n, a in roots if n == "atexit callback"]
    if registered:  # else the module shows them
        # The function itself, a tuple of what it is called with, or since 3.14 a list of such tuples.
        check.equal("atexit", [a for a in truth["atexit"] if not any(
            export.reaches(start, a, 3) for start in registered)], [])
    for name, address in truth["held by a container"].items():
        starts = [a for n, a in roots if n == name]
        # Untracked lists (of audit hooks) are not in the graph as long as it does not begin at roots.
        check.equal(name, [start not in export.objects or export.reaches(start, address, 1) for start in starts], [True])


def compare_other_interpreter(check, export, other):
    if other is None:
        print("no other interpreter: 3.6 and 3.7 have no module that starts one")
        return
    roots = {(name, address) for _, name, address, _ in export.roots}
    for name, address in other.items():
        check.equal(name, (name, address) in roots, True)
    check.equal("objects that are invalid, of two interpreters", export.head["acquisition"]["objects_invalid"], 0)


def compare_interned(check, export, after, truth, more):
    counts, later = export.head["root_counts"], after.head["root_counts"]
    check.equal("interned strings made", later["interned"] - counts["interned"], more)
    if truth["interned"] is not None:
        check.equal("interned strings", counts["interned"], truth["interned"])
    check.equal("many static types", counts["static_type"] > 100, True)
    check.equal("many interned strings", counts["interned"] > 1000, True)


def is_interned(row):
    """The dict of interned strings, which maps each to itself and counts neither reference."""
    return row["type"] == "dict" and len(row["also"]) > 1000 and sorted(row["also"]) == sorted(row["references"])


def compare_counts(check, export, truth):
    """No object has more references than its count."""
    incoming, inferred = Counter(), set()
    for address, row in export.objects.items():
        if row["refcount"] < IMMORTAL and not is_interned(row):  # of what was made at compile time, references were never counted
            incoming.update(export.references(address))
    names = {}
    for _, name, address, hold in export.roots:
        if hold == "owned":
            incoming[address] += 1
            names.setdefault(address, []).append(name)
        elif hold == "inferred":
            inferred.add(address)
    shown = 0
    for address, row in export.objects.items():
        if row["refcount"] >= IMMORTAL or incoming[address] <= row["refcount"]:
            continue
        check.failed += 1
        shown += 1
        if shown <= 10:
            print("0x%x (%s) has %d references, and %d were found: %s, %s" % (
                address, row["type"], row["refcount"], incoming[address], names.get(address), [row["type"] for a, row in export.objects.items() if address in export.references(a)]))
    markers = [a for a, row in export.objects.items() if row["type"] == "__main__.Marker"
               and a not in inferred and a not in truth["held natively"]]
    if not truth["frames_are_objects"]:  # else the frames are not in the graph yet
        check.equal("markers", len(markers) > 15, True)
        for address in markers:
            check.equal("references of marker 0x%x %s, held by %s" % (address, names.get(address), [row["type"] for a, row in export.objects.items() if address in export.references(a)]), incoming[address], export.objects[address]["refcount"])


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    heapglass, python = arguments
    check = Check()
    with Scratch() as scratch, Target(python, "roots.py") as target:
        export = Export(heapglass, target.pid, scratch.path("export"))
        target.process.stdin.write(b"i")
        more = int(target.line())
        after = Export(heapglass, target.pid, scratch.path("after"))
        target.truth(scratch.path("truth"))
        target.process.stdin.write(b"s")
        other = json.loads(target.line())
        with_other = Export(heapglass, target.pid, scratch.path("with other"))
        target.close()
        with open(scratch.path("truth")) as file:
            truth = json.load(file)
    print("%s: %d roots, %s, faults %s" % (
        export.head["target"]["python"]["version"], len(export.roots), Counter(r[0] for r in export.roots),
        {k: v for k, v in export.head["acquisition"]["faults"].items() if v}))
    check.equal("objects that are invalid", export.head["acquisition"]["objects_invalid"], 0)
    compare_interpreter(check, export, truth)
    compare_threads(check, export, truth)
    compare_interned(check, export, after, truth, more)
    compare_counts(check, export, truth)
    compare_other_interpreter(check, with_other, other)
    print("%d comparisons: %s" % (check.count, "%d FAILED" % check.failed if check.failed else "equal"))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
