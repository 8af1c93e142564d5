"""compare.py TRUTH EXPORT [--types core]: object by object, is what heapglass saw the truth?

TRUTH is what fixtures/programs/truth.py wrote, EXPORT is `heapglass export --format ndjson` of the same
process, taken before. Equal are: the set of addresses (of the export: what its tracked objects reach
over `references` and `inferred`; what only `also` leads to, or `inferred` of objects into which the collector
cannot look, is no concern of it), and for each object type, size, tracked and the multiset of references. Prints every kind of difference by type with
the first five examples, and one line of summary. Exits 1 on any difference but these two, which are
printed too: of an object whose type is foreign (truth.py, is_foreign)
    inferred     its references are among those that heapglass read conservatively: a guess, told as one
    guessed      objects that only such a guess leads to
With `--types core` only differences of the core's types count (truth.py, is_core), and `inferred` never.
"""
import json
import sys

from truth_file import Truth

EXAMPLES = 5


class Differences:
    def __init__(self, core_only):
        self.core_only = core_only
        self.rows = {}  # (kind, type name) -> [count, counts as failure, examples]
        self.failing = 0
        # (type, size) of what only heapglass counts: reached from where the truth could not ask, or guessed
        self.beyond = []

    def add(self, kind, type_name, core, example, forgiven=False):
        failing = (core or not self.core_only) and not forgiven
        row = self.rows.setdefault((kind, type_name), [0, False, []])
        row[0] += 1
        row[1] = row[1] or failing
        self.failing += failing
        if len(row[2]) < EXAMPLES:
            row[2].append(example)

    def of_kind(self, kind):
        return sum(row[0] for (k, _), row in self.rows.items() if k == kind)

    def print(self, out):
        if not self.rows:
            return
        print("%-12s %9s  %-5s %s" % ("difference", "objects", "fails", "type"), file=out)
        ordered = sorted(self.rows.items(), key=lambda item: (not item[1][1], item[0][0], -item[1][0], item[0][1]))
        for (kind, type_name), (count, failing, examples) in ordered:
            print("%-12s %9d  %-5s %s" % (kind, count, "yes" if failing else "no", shown(type_name)), file=out)
            for example in examples:
                print("    " + example, file=out)


def shown(name):
    """Safe on a terminal, and short."""
    text = name.encode("unicode_escape").decode("ascii")
    return text if len(text) <= 100 else text[:97] + "..."


def same_name(name, other):
    # JSON is valid UTF-8: a lone surrogate of a name became U+FFFD there.
    return name == other or replaced(name) == replaced(other)


def replaced(name):
    return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in name)


class Export:
    """The lines of an export, one object at a time."""

    def __init__(self, path):
        self.file = open(path, encoding="utf-8")
        self.head = json.loads(self.file.readline())
        if self.head.get("schema") != "heapglass.graph/1":
            raise SystemExit("%s: the schema is %r" % (path, self.head.get("schema")))

    def __iter__(self):
        for line in self.file:
            yield json.loads(line)
        self.file.close()


def addresses(found, field):
    return [int(a, 16) for a in found.get(field) or ()]


def describe(truth, extras, address):
    i = truth.number.get(address)
    if i is not None:
        return "0x%x %s" % (address, shown(truth.type(i).name))
    if address in extras:
        return "0x%x %s (not in the truth)" % (address, shown(extras[address][0]))
    return "0x%x (nowhere)" % address


def lacking_and_surplus(want, have):
    """What `want` has beyond `have` and the reverse; both are multisets in sorted lists."""
    left = {}
    for address in want:
        left[address] = left.get(address, 0) + 1
    surplus = []
    for address in have:
        if left.get(address):
            left[address] -= 1
        else:
            surplus.append(address)
    return [a for a, n in left.items() for _ in range(n)], surplus


def compare(truth, export, core_only=False, out=sys.stdout):
    """Prints what differs; returns the Differences."""
    differences = Differences(core_only)
    add = differences.add
    in_export = bytearray(len(truth))  # 1 found, 2 found and tracked
    other = {}   # address -> what the export says it refers to, where that is not what the truth says
    wrong_references = {}  # address -> the same, to be told when all names are known
    guesses = {}  # address -> the same, where the type is foreign and what is wrong are guesses
    extras = {}  # address -> (type, size, tracked) of what only the export has
    unseen = {}  # address -> what the export says it refers to, where the truth could not ask

    numbers = (truth.number.get(kind.address) for kind in truth.types)
    metatypes = {truth.type(i).address for i in numbers if i is not None}

    for found in export:
        address = int(found["address"], 16)
        i = truth.number.get(address)
        references = addresses(found, "references")
        # The collector looks into nothing that it could not track; of types, into none but tracked ones.
        collectable = i is None or (truth.type(i).collectable and truth.type(i).address not in metatypes)
        inferred = addresses(found, "inferred") if found["tracked"] or collectable else []
        if i is None:
            extras[address] = (found["type"], found["size"], found["tracked"])
            other[address] = references + inferred
            continue
        kind = truth.type(i)
        if in_export[i]:
            add("duplicate", kind.name, kind.core, "0x%x" % address)
            continue
        in_export[i] = 2 if found["tracked"] else 1
        if not same_name(kind.name, found["type"]):
            add("type", kind.name, kind.core, "0x%x is %s for heapglass" % (address, shown(found["type"])))
        if truth.size(i) != found["size"]:
            add("size", kind.name, kind.core,
                "0x%x %s for heapglass, in truth %d" % (address, found["size"], truth.size(i)))
        if truth.tracked(i) != found["tracked"]:
            add("tracked", kind.name, kind.core,
                "0x%x %s for heapglass, in truth %s" % (address, found["tracked"], truth.tracked(i)))
        if not truth.references_known(i):
            # The truth could not look behind it: what is reached only from there it does not know.
            unseen[address] = references + inferred
            other[address] = []
            continue
        references.sort()
        if inferred or references != sorted(truth.references(i)):
            wrong_references[address] = (references, inferred)

    for address, (references, inferred) in wrong_references.items():
        i = truth.number[address]
        lacking, surplus = lacking_and_surplus(truth.references(i), references)
        kind = truth.type(i)
        # All there, but not as exact ones?
        guessed = bool(inferred) and not surplus and not lacking_and_surplus(lacking, inferred)[0]
        (guesses if guessed and kind.foreign else other)[address] = references + inferred
        if not lacking and not surplus:
            continue  # only inferred ones besides: a guess more is no lie
        tell = ["0x%x" % address]
        for what, some in (("lacks", lacking), ("has besides", surplus)):
            if some:
                tell.append("%s %d: %s%s" % (what, len(some), ", ".join(
                    describe(truth, extras, a) for a in some[:3]), ", ..." if len(some) > 3 else ""))
        # Issue 2 leaves what no table knows (the C state of a module, say) to conservative reading.
        add("inferred" if guessed else "references", kind.name, kind.core, "; ".join(tell),
            forgiven=guessed and (core_only or kind.foreign))

    # What the guesses lead to besides is told apart, so that nothing else can hide behind them.
    reached, reached_extras = closure(truth, in_export, other, extras)
    strictly = set(reached_extras)
    guessed_extras = closure(truth, in_export, {**other, **guesses}, extras)[1] if guesses else reached_extras
    for address in guessed_extras:
        if address not in strictly:
            name, size, tracked = extras[address]
            add("guessed", name, False, "0x%x of %s bytes%s" % (address, size, ", tracked" if tracked else ""),
                forgiven=True)
    if unseen or guesses:
        all_extras = closure(truth, in_export, {**other, **guesses, **unseen}, extras)[1]
        differences.beyond = [extras[address][:2] for address in all_extras if address not in strictly]
    for i in range(len(truth)):
        if not reached[i]:
            kind = truth.type(i)
            why = "in the export, but not reached over references" if in_export[i] else "not in the export"
            add("missing", kind.name, kind.core, "0x%x (%s)" % (truth.address(i), why))
    core_of = {}
    for kind in truth.types:
        core_of[kind.name] = core_of.get(kind.name, True) and kind.core
    for address in reached_extras:
        name, size, tracked = extras[address]
        # A type that the truth does not know at all is not excused.
        add("extra", name, core_of.get(name, True), "0x%x of %s bytes%s" % (
            address, size, ", tracked" if tracked else ""))
    if truth.own_seen:
        add("truth", "the truth saw itself", True, "%d objects" % truth.own_seen)

    differences.print(out)
    print("%d objects in truth (%d of the collector's), %d in the export's closure, %d only held besides; "
          "differences: %s%s" % (
              len(truth), truth.collected, sum(reached) + len(reached_extras), len(extras) - len(reached_extras),
              ", ".join("%s %d" % (kind, differences.of_kind(kind)) for kind in
                        sorted({kind for kind, _ in differences.rows})) or "none",
              "; failing %d" % differences.failing if differences.rows else ""), file=out)
    return differences


def closure(truth, in_export, other, extras):
    """What the export's tracked objects reach: marks by number, and a list of extras."""
    reached = bytearray(len(truth))
    reached_extras = []
    if not other and all(in_export):
        return bytearray(b"\x01") * len(truth), reached_extras  # the same graph: the same closure
    seen_extras = set()
    stack = []

    def reach(address):
        i = truth.number.get(address)
        if i is not None:
            if in_export[i] and not reached[i]:
                reached[i] = 1
                stack.append(address)
        elif address in extras and address not in seen_extras:
            seen_extras.add(address)
            reached_extras.append(address)
            stack.append(address)

    for i in range(len(truth)):
        if in_export[i] == 2:
            reach(truth.address(i))
    for address, (_, _, tracked) in extras.items():
        if tracked:
            reach(address)
    while stack:
        address = stack.pop()
        references = other.get(address)
        if references is None:
            references = truth.references(truth.number[address])
        for to in references:
            reach(to)
    return reached, reached_extras


def main(arguments):
    core_only = "--types" in arguments
    if core_only:
        at = arguments.index("--types")
        if arguments[at + 1 : at + 2] != ["core"]:
            raise SystemExit("--types knows only core")
        del arguments[at : at + 2]
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    return 1 if compare(Truth(arguments[0]), Export(arguments[1]), core_only).failing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
