#!/bin/sh
# Everything from a fresh Debian 12 or Ubuntu 24.04 to the summary of all tests:
#     sh tests/run.sh          installs what is missing, builds (release and sanitize), tests
#     sh tests/run.sh --long   the long tests too
# Ends on ctest's summary, with ctest's exit code.
set -eu
cd "$(dirname "$0")/.."

skip_long='-LE long'
for argument; do
  case $argument in
    --long) skip_long='' ;;
    *) echo "usage: sh tests/run.sh [--long]" >&2; exit 2 ;;
  esac
done

as_root=''
[ "$(id -u)" = 0 ] || as_root=sudo

installed() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: install ok installed'; }

needed='g++ clang cmake ninja-build ccache libelf-dev zlib1g-dev libminizip-dev libzstd-dev
  libboost-program-options-dev nlohmann-json3-dev doctest-dev python3 python3-jsonschema python3-numpy
  clang-format clang-tidy git gdb strace elfutils zstd'
# Only where the distribution has it: Debian 12 does, on Ubuntu 24.04 python3 is a 3.12.
wanted='python3.11 libpython3.11-dev'
# Applications under test, where the distribution's python3, which they are made for, is that 3.11.
applications='python3-django python3-aiohttp python3-sqlalchemy python3-sqlalchemy-ext'

if command -v dpkg >/dev/null 2>&1; then
  missing=''
  for package in $needed; do installed "$package" || missing="$missing $package"; done
  if [ -n "$missing" ]; then
    echo "installing:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
  fi
  for package in $wanted; do
    installed "$package" && continue
    [ -n "$(apt-cache search --names-only "^$package\$")" ] || continue
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$package"
  done
  missing=''
  if [ "$(readlink -f /usr/bin/python3)" = /usr/bin/python3.11 ]; then
    for package in $applications; do installed "$package" || missing="$missing $package"; done
  fi
  if [ -n "$missing" ]; then
    echo "installing:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
  fi
else
  echo "not a Debian or Ubuntu: nothing is installed; needed are $needed" >&2
fi

cmake --preset sanitize -Wno-dev -DHEAPGLASS_TESTS=ON
cmake --build --preset sanitize -j2
cmake --preset release -Wno-dev -DHEAPGLASS_TESTS=ON -DHEAPGLASS_SANITIZED_BUILD="$PWD/build/sanitize"
cmake --build --preset release -j2

# shellcheck disable=SC2086
exec ctest --test-dir build/release --output-on-failure -j2 $skip_long
