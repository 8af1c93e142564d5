"""damaged_cores.py HEAPGLASS [ROUNDS]: recorded cores with random bytes flipped, and cut anywhere: refused or
counted, in bounded time and memory; no crash. The seed is printed, and is the second argument's sequel.
"""
import glob
import os
import random
import subprocess
import sys

from target import Scratch, run

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "fixtures")


def damage(data, random, round):
    if round % 4 == 0:
        return data[: random.randrange(len(data))]
    result = bytearray(data)
    # Of headers and notes, or of memory.
    reach = 20000 if round % 4 == 1 else len(data)
    for _ in range(random.choice((1, 10, 300))):
        at = random.randrange(min(reach, len(data)))
        result[at] = random.choice((0, 0xFF, result[at] ^ 1 << random.randrange(8), random.randrange(256)))
    return bytes(result)


def main(heapglass, rounds="40", seed=None):
    seed = int(seed) if seed else random.randrange(1 << 30)
    print("seed %d" % seed)
    rng = random.Random(seed)
    cores = sorted(glob.glob(FIXTURES + "/cores/*.core.zst"))
    codes = {}
    with Scratch() as scratch:
        nowhere, path = scratch.path("nowhere"), scratch.path("core")
        os.mkdir(nowhere)
        for round in range(int(rounds)):
            core = rng.choice(cores)
            data = subprocess.run(["zstd", "-dcq", core], stdout=subprocess.PIPE, check=True).stdout
            if round % 10 == 9:
                with open(core, "rb") as file:  # the compressed bytes themselves
                    data = file.read()
            with open(path, "wb") as file:
                file.write(damage(data, rng, round))
            command = rng.choice((("histogram",), ("export", "--format", "ndjson", "--labels", "--columns", "--values"),
                                  ("retained",), ("suspects",), ("cycles",)))
            ran = run(heapglass, *command, path, "--sysroot", nowhere, timeout=60, max_rss=2 << 30)
            codes[ran.code] = codes.get(ran.code, 0) + 1
            if ran.code not in (0, 2, 4, 6) or b"a fault in heapglass itself" in ran.err:
                print("round %d of %s: %s: exit code %d\n%s" % (round, core, command[0], ran.code, ran.err.decode("utf-8", "replace")))
                return 1
    print("%s rounds, exit codes %s" % (rounds, sorted(codes.items())))
    return 0 if len(codes) > 1 else 1  # nothing refused: nothing was damaged


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
