#!/bin/sh
# Runs benchmarks, each in turn: all, or those that are named. One is spec/bench/NAME/run.lua or spec/bench/NAME.lua.
set -eu

all=""
for file in spec/bench/*.lua spec/bench/*/run.lua; do
  all="$all $(echo "$file" | sed 's|spec/bench/||; s|/run.lua$||; s|\.lua$||')"
done

for name in ${*:-$all}; do
  file="spec/bench/$name/run.lua"
  [ -e "$file" ] || file="spec/bench/$name.lua"
  if [ ! -e "$file" ]; then
    echo "there is no benchmark $name; there are:$all" >&2
    exit 1
  fi
  echo "== $name"
  lua5.4 "$file"
done
