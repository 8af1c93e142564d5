"""Prints which words of each extension module's C state its m_traverse shows to the collector.

A module's state (md_state, md_def->m_size bytes, or since 3.15 md_state_size) is a struct that only the module's own code knows. So
extract.py runs this in the interpreter whose layout it writes: it imports what there is, reads each
module's state with ctypes, and asks gc.get_referents which of the objects in it are shown. One that
is not shown is owned nevertheless, unless its count has no room for that: then it is borrowed.

    python3 module_states.py OFFSET_OF_md_state OFFSET_OF_md_def OFFSET_OF_m_size
    python3 module_states.py OFFSET_OF_md_state OFFSET_OF_md_state_size
    _functools<TAB>48 0 8 16      state of 48 bytes; shown at 0, 8 and 16, or empty there
    binascii<TAB>16 -0 -8         state of 16 bytes; what stands at 0 and 8 is borrowed
    _hmac<TAB>64 0 type           the traversal shows the module's type besides
"""

import ctypes
import gc
import os
import sys
import warnings
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hides  # noqa: E402  the list of modules

WORD = 8


def import_all():
    warnings.simplefilter("ignore")
    beside = [name.split(".")[0] for path in sys.path if path.endswith("lib-dynload")
              for name in os.listdir(path)]
    for name in list(hides.MODULES) + list(sys.builtin_module_names) + beside:
        if name.startswith(("_test", "xx", "_xxtest")):
            continue
        try:
            __import__(name)
        except Exception:
            pass


def word(address):
    return ctypes.c_size_t.from_address(address).value


def count_referents():
    """{id: [object, how many references to it the collector knows]}, of all that it reaches."""
    counted = {id(thing): [thing, 0] for thing in gc.get_objects()}
    todo = [thing for thing, _ in counted.values()]
    while todo:
        for referent in gc.get_referents(todo.pop()):
            if id(referent) not in counted:
                counted[id(referent)] = [referent, 0]
                todo.append(referent)
            counted[id(referent)][1] += 1
    return counted


def count_of(address):
    if "t" in sys.abiflags:  # free-threaded: ob_ref_local, and ob_ref_shared with two flags below
        shared = ctypes.c_ssize_t.from_address(address + 16).value
        return ctypes.c_uint32.from_address(address + 12).value + (shared >> 2)
    return word(address) & 0xFFFFFFFF


def is_borrowed(address, counted):
    if address not in counted:
        return False
    return count_of(address) - 1 <= counted[address][1]  # all but that of `counted` itself are known


def state_size(module, path):
    """path: the offset of each field on the way to it, from the module on."""
    address = id(module)
    for offset in path[:-1]:
        address = word(address + offset)
        if not address:
            return 0
    return ctypes.c_ssize_t.from_address(address + path[-1]).value


def shown_words(module, md_state, size_path, counted):
    state = word(id(module) + md_state)
    size = state_size(module, size_path)
    if not state or size <= 0 or size > 1 << 16:
        return None
    shown = Counter(id(referent) for referent in gc.get_referents(module))
    offsets = []
    for offset in range(0, size - WORD + 1, WORD):
        value = word(state + offset)
        # What is empty now and filled later is shown then: traversals leave out few words.
        if value == 0:
            offsets.append(offset)
        elif shown[value] > 0:
            shown[value] -= 1
            offsets.append(offset)
        elif is_borrowed(value, counted):
            offsets.append("-%d" % offset)
    if shown[id(type(module))] > 0:
        offsets.append("type")
    return size, offsets


class Loop:
    pass


loops = [Loop()]


def fill():
    """Fills words that the traversals leave out, and that would be taken for shown while empty."""
    set_running_loop = getattr(sys.modules["_asyncio"], "_set_running_loop", None)  # since 3.7
    if set_running_loop:
        set_running_loop(loops[0])  # borrowed by the state


def main():
    md_state, *size_path = map(int, sys.argv[1:])
    import_all()
    fill()
    counted = count_referents()
    found = {}
    for name, module in sorted(sys.modules.items()):
        if type(module) is not type(sys):
            continue
        # 3.12.1's _asyncio frees its free lists once more at every look (python/cpython#122695): no
        # future was made here, so they are empty.
        words = shown_words(module, md_state, size_path, counted)
        if words is not None:
            found[module.__name__] = words
    for name, (size, offsets) in sorted(found.items()):
        print(name + "\t" + " ".join(map(str, [size] + offsets)))


if __name__ == "__main__":
    main()
