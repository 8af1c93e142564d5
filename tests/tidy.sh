#!/bin/sh
# clang-tidy over the three targets' sources, by a build's compile_commands.json:
#     sh tests/tidy.sh BUILD_DIR
set -eu
cd "$(dirname "$0")/.."
git ls-files 'symbols/*.cpp' 'inspector/*.cpp' 'cli/*.cpp' |
  xargs -P 2 -n 4 clang-tidy -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option
