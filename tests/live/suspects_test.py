"""suspects_test.py: the judgement of suspects.py can fail. Needs no heapglass."""
import sys

import suspects

TRUTH = {"case": "7", "type": "app.Client", "count": 40, "counts": {"app.Client": [40, 43], "app.Page": [80]},
         "growths": {"app.Client": [40], "app.Page": [80]}, "path_contains": ["Client.fetch", "lru_cache"],
         "paths": {"app.Client": ["Client.fetch", "lru_cache"], "app.Page": ["Client.fetch", "result"]},
         "kinds": ["cache"], "growth_kinds": ["growth"]}
RIGHT = {"kind": "cache", "type": "app.Client", "count": 40, "bytes": 9, "retained_bytes": 99, "share_percent": 5.0,
         "path": "app.Client.fetch (lru_cache) \u2192 key[0]", "reason": "unbounded"}
OTHER = dict(RIGHT, type="dict", path="app.settings")


def outcome(said, two_looks=False, truth=TRUTH, verdict="one thing stands out"):
    return suspects.judge({"verdict": verdict, "suspects": said}, truth, two_looks)[1]


def expectations():
    yield "as it is", True, outcome([RIGHT])
    yield "all there are", True, outcome([dict(RIGHT, count=43)])
    yield "the other name", True, outcome([dict(RIGHT, type="app.Page", count=80, path="Client.fetch \u2192 result")])
    yield "the other name's path", False, outcome([dict(RIGHT, type="app.Page", count=80)])
    yield "by the holder", True, outcome([dict(RIGHT, type="dict")])
    yield "third", True, outcome([OTHER, OTHER, RIGHT])
    yield "fourth", False, outcome([OTHER, OTHER, OTHER, RIGHT])
    yield "not at all", False, outcome([OTHER])
    yield "no suspects", False, outcome([])
    yield "one too many", False, outcome([dict(RIGHT, count=41)])
    yield "the other's count", False, outcome([dict(RIGHT, count=80)])
    yield "the holder's wrong count", False, outcome([dict(RIGHT, type="dict", count=1)])
    yield "another path", False, outcome([dict(RIGHT, path="app.settings")])
    yield "no path", False, outcome([dict(RIGHT, path=None)])
    yield "words in another order", False, outcome([dict(RIGHT, path="lru_cache of Client.fetch")])
    yield "another kind", False, outcome([dict(RIGHT, kind="garbage")])
    yield "no reason", False, outcome([dict(RIGHT, reason="")])
    yield "a share above 100", False, outcome([dict(RIGHT, share_percent=101)])
    yield "a field missing", False, outcome([{key: value for key, value in RIGHT.items() if key != "bytes"}])
    growth = dict(RIGHT, kind="growth")
    yield "growth", True, outcome([growth, OTHER], True)
    yield "growth, second", False, outcome([OTHER, growth], True)
    yield "growth by the wrong number", False, outcome([dict(growth, count=43)], True)
    yield "no growth", False, outcome([RIGHT], True)
    lost = dict(TRUTH, path_contains=[], paths={}, kept_by_c_code=3, changed_by_c_code=1)
    yield "without a path", True, outcome([dict(RIGHT, path=None)], truth=lost)
    yield "a few of C code's", True, outcome([dict(RIGHT, count=42)], truth=lost)
    yield "too many of C code's", False, outcome([dict(RIGHT, count=47)], truth=lost)
    yield "one of C code's gone", True, outcome([dict(growth, path=None, count=39)], True, lost)
    yield "two of C code's gone", False, outcome([dict(growth, path=None, count=38)], True, lost)
    healthy = {"case": "h1", "healthy": True}
    yield "healthy", True, outcome([], truth=healthy, verdict="Nothing stands out: ...")
    yield "healthy, without the words", False, outcome([], truth=healthy, verdict="all is well")
    yield "a false alarm", False, outcome([OTHER], truth=healthy, verdict="Nothing stands out: ...")


def main():
    wrong = [what for what, wanted, got in expectations() if wanted != got]
    print("\n".join("judged wrongly: " + what for what in wrong) or "all judged rightly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
