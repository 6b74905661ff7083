# One job of a chaos run:  exec sh job.sh FOLDER KIND [SECONDS…]
#
# It keeps its own ledger and knows nothing of the queue but its own environment. A line is one write at the end of the
# file, so that the order of lines is the order of events, for any writers and any clock. It begins with a newline too:
# if a kill ever cuts a line short, the next one is still separate.
folder=$1
kind=$2
shift 2
steps=$*
ledger=$folder/ledger
pids=$folder/pids/$QUEUECTL_JOB_ID

# Sets the state letter, session and start time of a process; fails if it does not exist.
inspect() {
  { read -r stat < "/proc/$1/stat"; } 2> /dev/null || return 1
  set -- ${stat##*) }
  state=$1
  session=$4
  started_at=${20}
}

inspect $$
own_start=$started_at

note() {
  read -r now _ < /proc/uptime
  echo "
$QUEUECTL_JOB_ID $QUEUECTL_RUN $QUEUECTL_LEASE $now $$ $own_start $*" >> "$ledger"
}

# Each process signs in, so that a later run of the job can check that no process of an earlier one is alive.
sign_in() {
  echo "$QUEUECTL_LEASE $$ $own_start" >> "$pids"
}

find_former() {
  while read -r token pid start; do
    [ "$token" = "$QUEUECTL_LEASE" ] && continue
    inspect "$pid" || continue
    case $state in Z | X) continue ;; esac
    [ "$started_at" = "$start" ] && note double "$token" "$pid"
  done < "$pids"
}

work() {
  for step in $steps; do
    sleep "$step"
    note tick
  done
}

forever() {
  while :; do
    sleep 0.2
    note tick
  done
}

finish() {
  note end "$1"
  exit "$1"
}

# Processes that outlive their shell unless they are ended: in its group, in their own session, and without a parent.
children() {
  sh "$0" "$folder" child &
  setsid sh "$0" "$folder" child &
  (setsid sh "$0" "$folder" child &)
  until [ "$(grep -c "^$QUEUECTL_LEASE " "$pids")" = 4 ]; do sleep 0.02; done
}

# A command that exits 0 may leave daemons behind, that is processes in other sessions.
end_daemons() {
  while read -r token pid _; do
    [ "$token" = "$QUEUECTL_LEASE" ] && inspect "$pid" && [ "$session" != $$ ] && kill -9 "$pid"
  done < "$pids"
}

sign_in
case $kind in
  child)
    note child
    exec sleep 300
    ;;
  daemon_itself)
    note daemon
    : > "$folder/pids/$QUEUECTL_LEASE.up"
    sleep 1
    note daemon_end
    exit
    ;;
esac

note start
find_former
echo "run $QUEUECTL_RUN of $QUEUECTL_JOB_ID"

case $kind in
  plain | slow)
    work
    finish 0
    ;;
  flaky)
    work
    [ "$QUEUECTL_ATTEMPT" -le 2 ] && finish 3
    finish 0
    ;;
  doomed)
    work
    finish 7
    ;;
  deaf)
    trap '' TERM
    work
    finish 0
    ;;
  family)
    # Fails once and leaves all its processes; then succeeds, and leaves those in its own session.
    children
    work
    [ "$QUEUECTL_ATTEMPT" -le 1 ] && finish 3
    end_daemons
    finish 0
    ;;
  daemon)
    setsid sh "$0" "$folder" daemon_itself &
    until [ -e "$folder/pids/$QUEUECTL_LEASE.up" ]; do sleep 0.02; done
    work
    finish 0
    ;;
  poison)
    worker=$(tr '\0' '\n' < "/proc/$PPID/environ" | sed -n 's/^QUEUECTL_WORKER=//p')
    if [ -n "$worker" ]; then
      note kill "$worker"
      kill -9 $PPID
    fi
    forever
    ;;
  endless | late)
    forever
    ;;
  deaf_endless | deaf_late)
    trap '' TERM
    forever
    ;;
  *)
    echo "unknown kind $kind" >&2
    exit 99
    ;;
esac
