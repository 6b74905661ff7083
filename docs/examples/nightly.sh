#!/bin/sh
# nightly.sh FOLDER: for cron. Backs the queue up into FOLDER, keeps the last 7 backups, removes old jobs, checks the queue.
#   30 2 * * * QUEUECTL_DB=/var/lib/queuectl/queue.db /usr/local/bin/nightly.sh /var/backups/queuectl
# Prints nothing when all is well, so cron sends no mail then. Exits 1 when the queue has a problem.
set -eu
folder=${1:?usage: nightly.sh FOLDER}
keep=7

mkdir -p "$folder"
queuectl backup "$folder/queue-$(date +%F).db" --force > /dev/null
# Names have the day in them, so their order is that of time.
ls "$folder"/queue-*.db | sort -r | tail -n "+$((keep + 1))" | while read -r old; do rm -f "$old"; done

queuectl purge --state completed,cancelled --older-than 2d --yes > /dev/null
queuectl dlq purge --older-than 90d --yes > /dev/null

report=$(queuectl doctor && queuectl audit) || {
  echo "$report"
  exit 1
}
