"""threads.py HEAPGLASS PYTHON: threads, frames, locals and tasks are those that the program itself tells.

fixtures/programs/threads.py stands still in functions with locals of known sizes, and has asyncio tasks that
wait for each other in every way. `threads --json` must tell the same frames (function, file, line), the same
locals with their types, what they and their frames retain; each task with its name, its state, the coroutines
down to what it awaits, and which tasks it waits for; a snapshot the same as the process.
"""
import json
import sys

from target import Scratch, Target, run, run_json

PATIENT = ("--max-pause", "30s")
SLACK = 3000  # bytes that a frame or a local retains besides what it is known by


class Check:
    failed = 0
    count = 0

    def equal(self, what, have, want):
        self.count += 1
        if have != want:
            self.failed += 1
            print("%s\n   have %s\n   want %s" % (what, ascii(have), ascii(want)))

    def near(self, what, have, want, slack=SLACK):
        self.count += 1
        if not want <= have <= want + slack:
            self.failed += 1
            print("%s: %d is not %d and at most %d more" % (what, have, want, slack))


def types_of(frame):
    return {local["name"]: local["type"] for local in frame["locals"]}


def check_frames(check, what, have, want):
    places = lambda frames: [(f["function"], f["file"], f["line"]) for f in frames if "line" in f]
    check.equal(what + ": places", places(have), places(want))
    if len(have) != len(want):
        return
    for number, (one, other) in enumerate(zip(have, want)):
        if "locals" in other:
            check.equal("%s: locals of %s (%d)" % (what, one["function"], number), types_of(one), other["locals"])


def check_threads(check, have, truth):
    by_id = {thread["native_id"]: thread for thread in have}
    main = [t for t in truth["threads"] if t["name"] == "MainThread"][0]["native_id"]
    for want in truth["threads"]:
        thread = by_id.get(want["native_id"], {"name": None, "frames": []})
        check.equal("name of thread %d" % want["native_id"], thread["name"], want["name"])
        # The main thread has gone on to tell the truth.
        frames = [f for f in want["frames"] if f["function"] not in ("write_truth", "describe_threads", "describe")]
        if want["native_id"] == main:
            check.equal("functions of the main thread", [f["function"] for f in thread["frames"]],
                        [f["function"] for f in frames])
        else:
            check_frames(check, want["name"], thread["frames"], frames)


def check_sizes(check, have, sizes):
    by_name = {thread["name"]: thread for thread in have}
    frames = {frame["function"]: frame for frame in by_name["worker-1"]["frames"]}
    inner = {local["name"]: local for local in frames["inner"]["locals"]}
    for name, want, alone in (("buffer", sizes["big"], True), ("shared", sizes["big"], False),
                              ("captured", sizes["middle"], True)):
        check.near("local " + name, inner[name]["retained_bytes"], want)
        check.equal("whether local %s is held alone" % name, inner[name]["alone"], alone)
    check.equal("rows retain", inner["rows"]["retained_bytes"] > 100 * 16, True)
    own = sizes["big"] + sizes["middle"] + inner["rows"]["retained_bytes"]
    check.near("frame of inner", frames["inner"]["retained_bytes"], own)
    check.near("frame of outer", frames["outer"]["retained_bytes"], sizes["middle"])
    check.near("thread worker-1", by_name["worker-1"]["retained_bytes"], own + sizes["middle"],
               SLACK + 1000 * len(by_name["worker-1"]["frames"]))  # up to 3.10 frames are objects
    recursing = [f for f in by_name["recursing"]["frames"] if f["function"] == "recurse"]
    check.equal("depth of recursion", len(recursing), 5)
    for frame in recursing:
        check.near("a frame of recurse", frame["retained_bytes"], sizes["middle"])
    (produce,) = [f for f in by_name["generating"]["frames"] if f["function"] == "produce"]
    check.near("frame of produce", produce["retained_bytes"], sizes["middle"])


def check_tasks(check, have, truth):
    by_address = {task["address"]: task for task in have}
    check.equal("number of tasks", len(have), len(truth["tasks"]))
    started = {}  # parent's function -> its address
    for want in truth["tasks"]:
        task = by_address.get(want["address"])
        if task is None:
            check.equal("task " + want["address"], None, want)
            continue
        what = "task %s" % (want["chain"][0]["function"] if want["chain"] else want["name"])
        if want["chain"]:
            started[want["chain"][0]["function"]] = want["address"]
        check.equal(what + ": name", task["name"], want["name"])
        check.equal(what + ": state", task["state"], want["state"])
        check.equal(what + ": functions", [f["function"] for f in task["frames"]],
                    [f["function"] for f in want["chain"]])
        if want["state"] == "pending":
            check_frames(check, what, task["frames"], want["chain"])
        else:
            check.equal(what + ": path " + task["path"], "finished[" in task["path"] or "tasks[" in task["path"], True)
        if what in ("task worker", "task returning", "task Service.outermost"):
            check.near(what + ": retained", task["retained_bytes"], truth["sizes"]["payload"])
    for parent, children in truth["waits_for"].items():
        check.equal("%s waits for" % parent, sorted(by_address[started[parent]]["waits_for"]), sorted(children))
    others = set(started) - set(truth["waits_for"])
    for parent in sorted(others):
        check.equal("%s waits for" % parent, by_address[started[parent]]["waits_for"], [])


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    heapglass, python = arguments
    check = Check()
    with Scratch() as scratch, Target(python, "threads.py") as target:
        snapshot = scratch.path("heap.npz")
        document, _ = run_json(heapglass, "threads", target.pid, "--json", "--save", snapshot, *PATIENT)
        text = run(heapglass, "threads", target.pid, *PATIENT).out.decode()
        tree = run(heapglass, "threads", target.pid, "--tree", *PATIENT).out.decode()
        target.truth(scratch.path("truth"))
        with open(scratch.path("truth")) as file:
            truth = json.load(file)
        again, _ = run_json(heapglass, "threads", snapshot, "--json")
    for key in ("threads", "tasks"):
        check.equal("the snapshot's " + key, again[key], document[key])
    check_threads(check, document["threads"], truth)
    check_sizes(check, document["threads"], truth["sizes"])
    check_tasks(check, document["tasks"], truth)
    check.equal("workers are one line", [line.split()[0] for line in text.splitlines() if "worker() at" in line], ["50"])
    below = tree[tree.index("gathering() at"):].splitlines()[1]
    check.equal("what is below gathering", below.startswith("  3 tasks") and "waiting() at" in below, True)
    print("%d comparisons, %s" % (check.count, "%d WRONG" % check.failed if check.failed else "all equal"))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
