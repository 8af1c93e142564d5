#!/bin/sh
# heapglass in sixty seconds, on a fresh Debian 12 or Ubuntu 24.04:
#     sh cli/demo.sh       builds, starts a service that leaks, and looks into it
#     sh cli/demo.sh PID   builds, and looks into your process
# HEAPGLASS=path uses that binary and builds nothing.
set -eu
cd "$(dirname "$0")/.."

pid=${1:-}
case $pid in
  *[!0-9]*) echo "usage: sh cli/demo.sh [PID]" >&2; exit 2 ;;
esac

as_root=''
if [ "$(id -u)" != 0 ]; then as_root=sudo; fi

say() { printf '%s\n' "$*"; }
installed() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: install ok installed'; }

# --- the program ------------------------------------------------------------------------------------
heapglass=${HEAPGLASS:-build/release/cli/heapglass}
if [ -z "${HEAPGLASS:-}" ]; then
  missing=''
  for package in g++ cmake ninja-build libelf-dev zlib1g-dev libminizip-dev libzstd-dev libboost-program-options-dev \
                 nlohmann-json3-dev python3; do
    installed "$package" || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    say "Installing what the build needs:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
  say "Building heapglass ..."
  log=$(mktemp)
  # A build that has tests keeps them; a first one does without, and without what only they need.
  tests=''
  [ -e build/release/CMakeCache.txt ] || tests=-DHEAPGLASS_TESTS=OFF
  if ! { cmake --preset release -Wno-dev $tests &&
         cmake --build --preset release --target heapglass; } >"$log" 2>&1; then
    cat "$log"
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
fi

# --- what to look at --------------------------------------------------------------------------------
service=''
output=''
end_service() {
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  [ -z "$output" ] || rm -f "$output"
}
trap end_service EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A Python that heapglass has the layout of: python3 if it is one, else another that is installed.
readable_python() {
  for candidate in python3 python3.12 python3.11 python3.13 python3.10 python3.9 python3.8 /usr/bin/python3.12 /usr/bin/python3.11; do
    minor=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    for layout in symbols/layouts/"$minor"*.tsv; do
      if grep -qs '^exact.yes$' "$layout"; then say "$candidate"; return; fi
    done
  done
}

if [ -z "$pid" ]; then
  python=$(readable_python)
  if [ -z "$python" ]; then
    say "There is no Python here that this heapglass knows: sudo apt-get install python3.11 (or python3.12)" >&2
    exit 1
  fi
  "$python" -B fixtures/programs/leaky_service.py >/dev/null &
  service=$!
  pid=$service
  say "A shop service runs as process $pid ($("$python" -V)). For ten seconds it answers visitors ..."
  sleep "${DEMO_SECONDS:-10}"
fi

# --- the look ---------------------------------------------------------------------------------------
# Ubuntu (Yama) lets nobody but a parent or root look into a process; other people's need root anyway.
look=''
if [ -n "$as_root" ]; then
  owner=$(stat -c %u "/proc/$pid" 2>/dev/null || echo none)
  yama=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)
  if [ "$owner" != "$(id -u)" ] || [ "$yama" != 0 ]; then look=$as_root; fi
fi

say ""
say "\$ ${look:+$look }heapglass histogram $pid --top 10"
output=$(mktemp)
$look "$heapglass" histogram "$pid" --top 10 | tee "$output"
[ -s "$output" ] || exit 1

say ""
say "\$ ${look:+$look }heapglass suspects $pid"
$look "$heapglass" suspects "$pid" || exit 1

say ""
if [ -n "$service" ]; then
  say "Look at __main__.Session: one for each visitor so far, none ever removed from the dict SESSIONS. That is the leak."
  say "dict, str, list and collections.deque are so many because every Session holds one or more of each."
  say "__main__.Pricing is the second leak: an lru_cache without a bound keeps each request's self as part of a key."
  say "SIZE is sys.getsizeof, FOOTPRINT what the objects really occupy; the process was only paused meanwhile."
  say "Ask again with your own process: sh cli/demo.sh PID; and what grows: heapglass suspects PID --over 60s"
else
  say "Each line is a type: how many objects of it there are, and what they take."
  say "Your own classes carry their module's name; look for one that has more objects than you can explain."
  say "dict, str, list and tuple are what those objects are made of: they follow, they seldom lead."
  say "SIZE is sys.getsizeof, FOOTPRINT what the objects really occupy; the process was only paused meanwhile."
  say "What grows between two looks is what leaks: heapglass suspects $pid --over 60s"
fi
