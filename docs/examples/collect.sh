#!/bin/sh
# collect.sh FILE [WORKERS]: runs the commands in FILE, one a line, and prints "EXIT-CODE COMMAND" for each.
# Exits 1 when one of them failed. For CI: a queue of its own, nothing is left behind.
set -eu
file=${1:?usage: collect.sh FILE [WORKERS]}
workers=${2:-4}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export QUEUECTL_DB="$folder/queue.db"

ids=$(grep -v '^ *$' "$file" | queuectl enqueue --max-retries 0 -)
drained=0
queuectl worker start --count "$workers" --drain --timeout 1h > "$folder/events" || drained=$?
# 1: a job died. Its exit code follows.
[ "$drained" -le 1 ] || exit "$drained"

failed=0
for id in $ids; do
  code=0
  queuectl wait "$id" > /dev/null || code=$?
  echo "$code $(queuectl show "$id" | sed -n 's/^Command  *//p')"
  if [ "$code" -ne 0 ]; then
    failed=1
    queuectl logs "$id" --tail 20 >&2
  fi
done
exit "$failed"
