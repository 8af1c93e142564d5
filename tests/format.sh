#!/bin/sh
# Every C++ file as .clang-format would have it. `sh tests/format.sh --fix` makes it so.
set -eu
cd "$(dirname "$0")/.."
files=$(git ls-files --cached --others --exclude-standard '*.cpp' '*.h')
if [ "${1:-}" = --fix ]; then
  # shellcheck disable=SC2086  # a list of words
  exec clang-format -i $files
fi
# shellcheck disable=SC2086
exec clang-format --dry-run --Werror $files
