"""heap.py N: holds N mixed objects (fixtures/programs/million.py's sessions) and traverses itself on request.

Prints `ready PID`, waits, and does what each byte on stdin asks for:
    m, s       traverses the whole heap, as fast as Python can, or with one call an object as one would
               write it; prints objects, bytes, seconds and seconds of CPU
    q, EOF     ends the process at once
The traversal runs in a forked child, so that what it makes is not in the heap that the others read. The
child traverses twice and times the second: the first pays for the fork (each object whose count it moves
has its page copied), which a traversal in the process itself would not.
"""
import gc
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/programs"))
wanted = int(sys.argv[1])
sys.argv[1] = "0"  # of million.py: it builds at least so many, and here it shall be as many
import million  # noqa: E402
import truth  # noqa: E402

OBJECTS_OF_A_SESSION = 13  # as counted, on average, on 3.11 and 3.12
AT_ONCE = 1024  # objects handed to one call: the fastest of 1 to 4096, and of whole levels


def traverse():
    """The closure of gc.get_objects() over gc.get_referents, with sys.getsizeof of each object."""
    waiting = gc.get_objects()
    seen = set(map(id, waiting))
    size = 0
    add, push, get_referents, getsizeof = seen.add, waiting.append, gc.get_referents, sys.getsizeof
    while waiting:
        part = waiting[-AT_ONCE:]
        del waiting[-AT_ONCE:]
        size += sum(map(getsizeof, part))
        for obj in get_referents(*part):
            if id(obj) not in seen:
                add(id(obj))
                push(obj)
    return len(seen), size


def traverse_singly():
    """The same, an object at a time."""
    waiting = gc.get_objects()
    seen = set(map(id, waiting))
    size = 0
    add, push, get_referents, getsizeof = seen.add, waiting.append, gc.get_referents, sys.getsizeof
    while waiting:
        one = waiting.pop()
        size += getsizeof(one)
        for obj in get_referents(one):
            if id(obj) not in seen:
                add(id(obj))
                push(obj)
    return len(seen), size


def measure(traverse):
    child = os.fork()
    if child == 0:
        traverse()
        began, cpu_began = time.perf_counter(), time.process_time()
        objects, size = traverse()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        truth.say(b"%d %d %.6f %.6f\n" % (objects, size, seconds, cpu))
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        truth.say(b"failed\n")


def serve():
    gc.disable()
    truth.say(b"ready %d\n" % os.getpid())
    while True:
        command = os.read(0, 1)
        if command in (b"m", b"s"):
            measure(traverse if command == b"m" else traverse_singly)
        elif command in (b"q", b""):
            os._exit(0)


million.sessions = {number: million.session(number) for number in range(wanted // OBJECTS_OF_A_SESSION)}
serve()
