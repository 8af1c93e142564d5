"""run.py BUILD NAME [SECONDS]: one fuzz target of a build of the preset `fuzz`, from fresh seeds. What breaks it
is kept in BUILD/tests/fuzz. Ends with 77 where the build is not there (no clang)."""
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LIMITS = {"core": ["-max_len=32768"], "files": ["-max_len=65536"], "walk": ["-max_len=416"]}


def main(build, name, seconds="30"):
    target = os.path.join(build, "tests", "fuzz", "fuzz_" + name)
    if not os.path.exists(target):
        print("SKIP: %s is not built (cmake --preset fuzz && cmake --build --preset fuzz)" % target)
        return 77
    cores = sorted(glob.glob(os.path.join(HERE, "..", "..", "fixtures", "cores", "3.12*.core.zst")))
    with tempfile.TemporaryDirectory(prefix="heapglass-fuzz-") as scratch:
        subprocess.run([sys.executable, "-B", os.path.join(HERE, "seeds.py"), scratch], check=True)
        # A leak is looked for at the end of the run; memory and time of one input are bounded always.
        return subprocess.run(
            [target, *LIMITS[name], "-max_total_time=" + seconds, "-timeout=20", "-rss_limit_mb=3000", "-print_final_stats=1",
             "-artifact_prefix=" + os.path.join(build, "tests", "fuzz", name + "-"), os.path.join(scratch, name)],
            env=dict(os.environ, FUZZ_CORE=cores[0] if cores else "", ASAN_OPTIONS="allocator_may_return_null=0:detect_leaks=1")).returncode


sys.exit(main(*sys.argv[1:]))
