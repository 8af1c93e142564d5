"""Reads what fixtures/programs/truth.py wrote (the format is told there)."""
import os
from array import array

MAGIC = 0x68656170676C6173
FIELDS = 5  # words of an object before its referents


class TypeOfTruth:
    def __init__(self, address, flags, name):
        self.address = address
        self.core = bool(flags & 1)
        self.own_sizeof = bool(flags & 2)
        self.python_class = bool(flags & 4)
        self.foreign = bool(flags & 8)
        self.collectable = bool(flags & 16)
        self.name = name


class Truth:
    """Objects are numbered as they stand in the file; `start[i]` is where object i's words begin."""

    def __init__(self, path):
        with open(path, "rb") as file:
            head = words(file, 8)
            magic, count, length, type_count, _, self.collected, self.own_seen, _ = head
            if magic != MAGIC:
                raise SystemExit("%s is no truth file" % path)
            self.values = words(file, length)
            table = words(file, 3 * type_count)
            self.types = []
            for k in range(0, len(table), 3):
                name = file.read(table[k + 2]).decode("utf-8", "surrogatepass")
                self.types.append(TypeOfTruth(table[k], table[k + 1], name))
        self.start = array("Q")
        self.number = {}  # address -> number
        at = 0
        while at < length:
            self.number[self.values[at]] = len(self.start)
            self.start.append(at)
            at += FIELDS + self.values[at + 4]
        if len(self.start) != count or len(self.number) != count or at != length:
            raise SystemExit("%s is damaged" % path)

    def add(self, other):
        """Takes over what only `other` has, the truth of another interpreter of the same process. What both
        tell of (immortal objects, static types) stands."""
        first = len(self.types)
        self.types += other.types
        for i in range(len(other)):
            at = other.start[i]
            if other.values[at] in self.number:
                continue
            self.number[other.values[at]] = len(self.start)
            self.start.append(len(self.values))
            self.values += other.values[at : at + FIELDS + other.values[at + 4]]
            self.values[self.start[-1] + 1] += first
        self.collected += other.collected
        self.own_seen += other.own_seen

    def __len__(self):
        return len(self.start)

    def address(self, i):
        return self.values[self.start[i]]

    def type(self, i):
        return self.types[self.values[self.start[i] + 1]]

    def size(self, i):
        return self.values[self.start[i] + 2]

    def tracked(self, i):
        return bool(self.values[self.start[i] + 3] & 1)

    def permanent(self, i):
        """Not of the closure of gc.get_objects(): only the permanent generation leads to it."""
        return bool(self.values[self.start[i] + 3] & 4)

    def references_known(self, i):
        return not self.values[self.start[i] + 3] & 2

    def references(self, i):
        at = self.start[i] + FIELDS
        return self.values[at : at + self.values[at - 1]]


def words(file, count):
    read = array("Q")
    try:
        read.fromfile(file, count)
    except EOFError:
        raise SystemExit("%s is cut short" % file.name)
    return read


def sums_by_type(truth):
    """{type name: [count, bytes, core]} over the closure of gc.get_objects(), without what only the
    permanent generation leads to; core where every type of that name is."""
    sums = {}
    for i in range(len(truth)):
        if truth.permanent(i):
            continue
        kind = truth.type(i)
        row = sums.setdefault(kind.name, [0, 0, True])
        row[0] += 1
        row[1] += truth.size(i)
        row[2] = row[2] and kind.core
    return sums
