"""columns.py HEAPGLASS PYTHON: what `export --columns` says of an object is what Python says of it.

Starts fixtures/programs/columns.py under that interpreter, has heapglass export it with --columns while every
thread is blocked, then has the program tell the truth of every container, text, cache, descriptor, frame,
lock and future that it can reach, and compares them all.
"""
import json
import os
import sys
from collections import Counter

from target import Scratch, Target, run

TIMEOUT = 300
COLUMNS = {"length", "capacity", "fd", "lru", "line", "locked", "owner", "count", "state"}
MOST_MADE_SINCE = 5  # a set that was emptied and filled, say: by the telling itself
# Every kind must have been met so often.
LEAST = {"list": 500, "dict": 500, "set": 20, "frozenset": 5, "deque": 3, "bytearray": 2, "array": 2, "str": 10000,
         "bytes": 200, "OrderedDict": 1, "Counter": 1, "List": 1, "Text": 1, "socket": 4, "FileIO": 3, "epoll": 2,
         "_lru_cache_wrapper": 4, "frame": 5, "generator": 3, "coroutine": 2, "async_generator": 2, "traceback": 6,
         "lock": 2, "RLock": 5, "Future": 4, "Task": 3}


def export(heapglass, pid, path):
    with open(path, "wb") as out:
        done = run(heapglass, "export", "--format", "ndjson", "--columns", "--max-pause", "30s", pid,
                   timeout=TIMEOUT, stdout=out)
    if done.code:
        raise SystemExit("%s: exit code %d\n%s" % (done.command, done.code, done.err.decode("utf-8", "replace")))
    with open(path, encoding="utf-8") as file:
        next(file)
        return {int(row["address"], 16): row for row in map(json.loads, file)}


def mapped_descriptors(rows, pid):
    """mmap keeps a descriptor of its own, which Python does not tell: the kernel says which file it is."""
    fds = sorted(row["fd"] for row in rows.values() if row["type"] == "mmap.mmap")
    files = [os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in fds if fd >= 0]
    return -1 in fds and any("/mapped" in file for file in files)


def main(heapglass, python):
    with Scratch() as scratch, Target(python, "columns.py") as target:
        rows = export(heapglass, target.pid, scratch.path("export"))
        failed = 0
        if not mapped_descriptors(rows, target.pid):
            failed += 1
            print("mmap: no descriptor of the mapped file, or none of a map without file")
        target.truth(scratch.path("truth"))
        target.close()
        met, missing, wrong, silent = Counter(), Counter(), Counter(), set(COLUMNS)
        with open(scratch.path("truth")) as file:
            for address, kind, says in map(json.loads, file):
                row = rows.get(address)
                if row is None or row["type"].rpartition(".")[2] != kind:
                    missing[kind] += 1
                    continue
                met[kind] += 1
                silent.difference_update(says)
                have = {name: row.get(name) for name in says}
                more = (COLUMNS - {"capacity"} - set(says)) & set(row)
                if have != says or more or row.get("length", 0) > row.get("capacity", 0):
                    wrong[kind] += 1
                    if wrong[kind] <= 5:
                        print("%s 0x%x: have %s %s\n   want %s" % (kind, address, have, sorted(more), says))
    few = {kind: met[kind] for kind, least in LEAST.items() if met[kind] < least}
    print("compared %d objects of %d types; wrong: %d; made since: %d %s" % (
        sum(met.values()), len(met), sum(wrong.values()), sum(missing.values()), dict(missing.most_common(4))))
    if few:
        print("too few of: %s" % few)
    if silent:
        print("never asked for: %s" % sorted(silent))
    return 1 if failed or wrong or few or silent or sum(missing.values()) > MOST_MADE_SINCE else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    sys.exit(main(*sys.argv[1:]))
