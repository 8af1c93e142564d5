"""compare_test.py [PYTHON]: the judge is judged. No heapglass is needed for this.

The truth is taken again and again from a program until it stands still (what the first time creates, a
keyword table, a hot code object, is there afterwards) and must be the same bytes then. An export made of
the truth itself must compare equal, and each planted difference must be found, and no other.
"""
import copy
import io
import sys
import unittest

from compare import compare, lacking_and_surplus
from exact import compare_histogram
from target import Scratch, Target
from truth_file import Truth, sums_by_type

PYTHON = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else sys.executable


class FakeExport:
    head = {"schema": "heapglass.graph/1"}

    def __init__(self, lines):
        self.lines = lines

    def __iter__(self):
        return iter(self.lines)


def line_of(truth, i):
    references = ["0x%x" % a for a in reversed(truth.references(i))]  # another order is no difference
    return {"address": "0x%x" % truth.address(i), "type": truth.type(i).name, "size": truth.size(i), "refcount": 1,
            "tracked": truth.tracked(i), "references": references, "also": []}


class Planted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Scratch() as scratch, Target(PYTHON, "million.py", 20000) as target:
            target.truth(scratch.path("truth"))
            cls.truth = Truth(scratch.path("truth"))
        cls.good = [line_of(cls.truth, i) for i in range(len(cls.truth))]

    def find(self, type_name, tracked=None, references=0):
        """The number of an object that only one other refers to, of that type."""
        for i in range(len(self.truth)):
            if (self.truth.type(i).name == type_name and len(self.truth.references(i)) >= references
                    and tracked in (None, self.truth.tracked(i))):
                return i
        raise AssertionError("no " + type_name)

    def differences(self, lines, core_only=False):
        said = io.StringIO()
        found = compare(self.truth, FakeExport(lines), core_only, said)
        kinds = {(kind, name): row[0] for (kind, name), row in found.rows.items()}
        return kinds, found.failing, said.getvalue()

    def planted(self, i, core_only=False, **fields):
        lines = list(self.good)
        lines[i] = dict(lines[i], **fields)
        return self.differences(lines, core_only)

    def test_nothing_planted(self):
        kinds, failing, said = self.differences(self.good)
        self.assertEqual((kinds, failing), ({}, 0), said)
        self.assertIn("differences: none", said)

    def test_the_truth_did_not_see_itself(self):
        self.assertEqual(self.truth.own_seen, 0)

    def test_wrong_size(self):
        kinds, failing, said = self.planted(self.find("dict"), size=1)
        self.assertEqual((kinds, failing), ({("size", "dict"): 1}, 1))
        self.assertIn("1 for heapglass", said)

    def test_wrong_type(self):
        self.assertEqual(self.planted(self.find("list"), type="tuple")[0], {("type", "list"): 1})

    def test_wrong_tracked(self):
        i = self.find("tuple", tracked=True)
        self.assertEqual(self.planted(i, tracked=False)[0], {("tracked", "tuple"): 1})

    def test_one_reference_too_few(self):
        i = self.find("dict", references=3)
        kinds, failing, said = self.planted(i, references=self.good[i]["references"][1:])
        self.assertEqual(kinds[("references", "dict")], 1)
        self.assertIn("lacks 1", said)

    def test_one_reference_too_many(self):
        i = self.find("list", references=2)
        doubled = self.good[i]["references"] + self.good[i]["references"][:1]
        kinds, failing, said = self.planted(i, references=doubled)
        self.assertEqual((kinds, failing), ({("references", "list"): 1}, 1))
        self.assertIn("has besides 1", said)

    def test_missing_object_and_what_only_it_reached(self):
        i = self.find("__main__.Line")
        lines = self.good[:i] + self.good[i + 1 :]
        kinds, failing, _ = self.differences(lines)
        self.assertEqual(kinds[("missing", "__main__.Line")], 1)
        self.assertGreaterEqual(kinds[("missing", "str")], 1)  # its article: exported, but nothing leads to it

    def test_extra_object(self):
        extra = {"address": "0x10", "type": "dict", "size": 64, "tracked": True, "references": []}
        kinds, failing, _ = self.differences(self.good + [extra])
        self.assertEqual((kinds, failing), ({("extra", "dict"): 1}, 1))

    def test_what_is_only_held_besides_is_no_extra(self):
        i = self.find("dict")
        extra = {"address": "0x10", "type": "str", "size": 64, "tracked": False, "references": []}
        lines = self.good + [extra]
        lines[i] = dict(lines[i], also=["0x10"])
        kinds, failing, said = self.differences(lines)
        self.assertEqual((kinds, failing), ({}, 0), said)
        self.assertIn("1 only held besides", said)

    def test_an_extra_reached_by_an_inferred_reference(self):
        i = self.find("dict")
        extra = {"address": "0x10", "type": "str", "size": 64, "tracked": False, "references": []}
        lines = self.good + [extra]
        lines[i] = dict(lines[i], inferred=["0x10"])
        self.assertEqual(self.differences(lines)[0], {("extra", "str"): 1})

    def test_references_that_are_only_inferred(self):
        i = self.find("dict", references=3)
        moved = dict(references=[], inferred=self.good[i]["references"])
        self.assertEqual(self.planted(i, **moved)[0], {("inferred", "dict"): 1})

    def foreign(self, type_name, lines, **flags):
        """The differences if that type were one of an extension that is no part of Python."""
        truth = copy.copy(self.truth)
        truth.types = [copy.copy(kind) for kind in truth.types]
        for kind in truth.types:
            if kind.name == type_name:
                kind.foreign, kind.core = True, False
                for name, value in flags.items():
                    setattr(kind, name, value)
        said = io.StringIO()
        found = compare(truth, FakeExport(lines), out=said)
        return {(kind, name): row[0] for (kind, name), row in found.rows.items()}, found, said.getvalue()

    def changed(self, i, **fields):
        lines = list(self.good)
        lines[i] = dict(lines[i], **fields)
        return lines

    def test_a_guess_of_a_foreign_type_is_told_and_forgiven(self):
        i = self.find("__main__.Line")
        kinds, found, said = self.foreign("__main__.Line", self.changed(i, references=[],
                                                                        inferred=self.good[i]["references"]))
        self.assertEqual((kinds, found.failing), ({("inferred", "__main__.Line"): 1}, 0), said)
        self.assertIn("lacks", said)

    def test_a_guess_that_lacks_one_is_not_forgiven(self):
        i = self.find("__main__.Session", references=2)
        lines = self.changed(i, references=[], inferred=self.good[i]["references"][1:])
        kinds, found, _ = self.foreign("__main__.Session", lines)
        self.assertEqual(kinds[("references", "__main__.Session")], 1)
        self.assertGreaterEqual(found.failing, 1)
        lacking_twice = self.good[i]["references"] * 2
        self.assertEqual(lacking_and_surplus(lacking_twice, self.good[i]["references"])[0], self.good[i]["references"])

    def test_of_a_foreign_type_all_but_a_guess_fails(self):
        i = self.find("__main__.Line")
        one_more = self.good[i]["references"] + self.good[i]["references"][:1]
        for fields in (dict(size=1), dict(tracked=not self.good[i]["tracked"]), dict(type="x"),
                       dict(references=one_more), dict(references=one_more, inferred=one_more)):
            self.assertEqual(self.foreign("__main__.Line", self.changed(i, **fields))[1].failing, 1, fields)
        without = self.foreign("__main__.Line", self.good[:i] + self.good[i + 1 :])[0]
        self.assertEqual(without[("missing", "__main__.Line")], 1)

    def test_what_only_a_guess_leads_to(self):
        i = self.find("__main__.Line")
        guess = {"address": "0x10", "type": "str", "size": 64, "tracked": False, "references": ["0x20"]}
        behind = dict(guess, address="0x20", references=[])
        lines = self.changed(i, inferred=["0x10"]) + [guess, behind]
        kinds, found, said = self.foreign("__main__.Line", lines)
        self.assertEqual((kinds, found.failing), ({("guessed", "str"): 2}, 0), said)
        self.assertEqual(found.beyond, [("str", 64), ("str", 64)])
        # As soon as anything else leads there it is no guess, nor where the type is Python's own.
        j = self.find("dict")
        lines[j] = dict(lines[j], inferred=["0x20"])
        kinds, found, _ = self.foreign("__main__.Line", lines)
        self.assertEqual((kinds, found.failing), ({("guessed", "str"): 1, ("extra", "str"): 1}, 1))
        self.assertEqual(self.differences(lines)[1], 2)

    def test_what_is_inferred_where_the_collector_cannot_look(self):
        i = self.find("str")
        guess = {"address": "0x10", "type": "str", "size": 64, "tracked": False, "references": []}
        self.assertFalse(self.truth.type(i).collectable)
        self.assertEqual(self.differences(self.changed(i, inferred=["0x10"]) + [guess])[0], {})

    def test_the_same_object_twice(self):
        i = self.find("set")
        self.assertEqual(self.differences(self.good + [self.good[i]])[0], {("duplicate", "set"): 1})

    def test_a_type_outside_the_core_is_told_and_forgiven(self):
        i = self.find("mappingproxy") if self.has("mappingproxy") else self.find("ellipsis")
        kinds, failing, said = self.planted(i, core_only=True, size=1)
        self.assertEqual((len(kinds), failing), (1, 0))
        self.assertIn("1 for heapglass", said)
        self.assertEqual(self.planted(i, size=1)[1], 1)

    def test_a_core_type_is_not_forgiven(self):
        for name in ("__main__.Session", "__main__.Line", "function", "type", "code"):
            self.assertEqual(self.planted(self.find(name), core_only=True, size=1)[1], 1, name)

    def test_a_name_that_is_no_utf8(self):
        truth = copy.copy(self.truth)
        truth.types = [copy.copy(kind) for kind in truth.types]
        kind = truth.type(self.find("__main__.Line"))
        kind.name = "a" + chr(0xD800)
        lines = [dict(l, type="a\ufffd") if l["type"] == "__main__.Line" else l for l in self.good]
        self.assertEqual(compare(truth, FakeExport(lines), out=io.StringIO()).failing, 0)

    def has(self, type_name):
        return any(kind.name == type_name for kind in self.truth.types)

    def test_histogram(self):
        sums = sums_by_type(self.truth)
        rows = [{"type": name, "count": row[0], "bytes": row[1]} for name, row in sums.items()]
        self.assertEqual(compare_histogram(self.truth, {"types": rows}, True), 0)
        for name in ("dict", "str"):
            wrong = [dict(r, bytes=r["bytes"] + 1) if r["type"] == name else r for r in rows]
            self.assertEqual(compare_histogram(self.truth, {"types": wrong}, True), 1)
        self.assertEqual(compare_histogram(self.truth, {"types": rows[1:]}, False), 1)


class StandsStill(unittest.TestCase):
    def test_the_truth_does_not_change_what_it_tells_of(self):
        with Scratch() as scratch, Target(PYTHON, "stdlib_zoo.py") as target:
            previous = None
            for _ in range(6):
                target.truth(scratch.path("truth"))
                with open(scratch.path("truth"), "rb") as file:
                    told = file.read()
                if told == previous:
                    # And nothing in it, which is all of Python, is taken for an extension's.
                    foreign = [kind.name for kind in Truth(scratch.path("truth")).types if kind.foreign]
                    self.assertEqual(foreign, [])
                    return
                previous = told
            self.fail("no two truths were the same")


if __name__ == "__main__":
    unittest.main()
