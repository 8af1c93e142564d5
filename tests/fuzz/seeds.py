"""seeds.py DIR: inputs to begin with, in DIR/core, DIR/files and DIR/walk."""
import os
import struct
import sys

PT_LOAD, PT_NOTE = 1, 4


def note(owner, kind, body):
    owner += b"\0"
    return struct.pack("<III", len(owner), len(body), kind) + owner.ljust(-(-len(owner) // 4) * 4, b"\0") + \
        body.ljust(-(-len(body) // 4) * 4, b"\0")


def core():
    files = [(0x400000, 0x401000, 0, b"/usr/bin/python3.12"), (0x7F0000000000, 0x7F0000002000, 1, b"/lib/libpython3.12.so")]
    table = struct.pack("<QQ", len(files), 4096) + b"".join(struct.pack("<QQQ", *f[:3]) for f in files)
    table += b"".join(f[3] + b"\0" for f in files)
    notes = note(b"CORE", 3, bytes(136)) + note(b"CORE", 1, bytes(336)) + \
        note(b"CORE", 6, struct.pack("<QQQQ", 3, 0x400040, 0, 0)) + note(b"CORE", 0x46494C45, table) + \
        note(b"heapglass", 1, b'{"schema":"heapglass.core/1"}')
    parts = [(4, 0x400000, 4096, 4096), (6, 0x500000, 8192, 8192), (6, 0x600000, 0, 65536), (6 | 1 << 20, 0x700000, 0, 65536)]
    headers = 64 + 56 * (len(parts) + 1)
    offset = headers + len(notes)
    table = struct.pack("<IIQQQQQQ", PT_NOTE, 0, headers, 0, 0, len(notes), 0, 4)
    for flags, address, size, memory in parts:
        table += struct.pack("<IIQQQQQQ", PT_LOAD, flags, offset, address, 0, size, memory, 4096)
        offset += size
    head = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(parts) + 1, 0, 0, 0)
    return head + table + notes + os.urandom(sum(part[2] for part in parts))


def main(directory):
    seeds = {"core/small": core(), "files/maps": open("/proc/self/maps", "rb").read(), "walk/none": b"", "walk/one": bytes(13)}
    for name in os.listdir("/usr/lib/x86_64-linux-gnu"):
        path = "/usr/lib/x86_64-linux-gnu/" + name
        if ".so" in name and os.path.isfile(path) and os.stat(path).st_size < 20000:
            seeds["files/elf"] = open(path, "rb").read()
    for name, data in seeds.items():
        os.makedirs(os.path.join(directory, os.path.dirname(name)), exist_ok=True)
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)


main(sys.argv[1])
