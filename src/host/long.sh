#!/bin/sh
# A long act under a name of its own, which outlives the connection that started it. Runs on the server as root.
#   start NAME SECONDS COMMAND...  starts it once, and only once; after SECONDS it is ended, with code 124
#   look NAME                      absent | running | ended CODE | broken (started, and neither running nor ended: the server went down)
#   poll NAME FROM MOST            waits up to 10 s for news, then prints: the state; where its output was read from and where it
#                                  goes on, in bytes; the output in base64. Of more than MOST bytes it reads the last.
#   forget NAME
set -eu
verb=$1 name=$2; shift 2
dir=/var/lib/berth/acts/$name; unit=berth-$name

look() {
  if [ -s "$dir/code" ]; then echo "ended $(cat "$dir/code")"
  elif systemctl is-active --quiet "$unit" || [ "$(systemctl is-active "$unit")" = activating ]; then echo running
  elif [ -s "$dir/code" ]; then echo "ended $(cat "$dir/code")"      # it ended between the two looks
  elif [ -e "$dir/started" ]; then echo broken
  else echo absent; fi
}
size() { stat -c %s "$dir/output" 2>/dev/null || echo 0; }

case $verb in
  start) seconds=$1; shift; umask 077; mkdir -p "$dir"
    exec 7>"$dir.lock"; flock 7                                      # not 9: a lock's act holds that one
    [ "$(look)" = absent ] || exit 0
    cat /proc/sys/kernel/random/boot_id >"$dir/started"; sync "$dir/started"
    # The act itself writes its code, whole or not at all: a finished unit vanishes, a failed one until it is reset.
    systemd-run --quiet --unit="$unit" --collect --property=KillMode=mixed --property=TimeoutStopSec=90 \
      --setenv=LC_ALL=C.UTF-8 --setenv=HOME=/root --setenv=D="$dir" --setenv=S="$seconds" -- \
      /bin/sh -c 'timeout --kill-after=30 "$S" "$@" >"$D/output" 2>&1 </dev/null; c=$?; echo $c >"$D/code.new"; sync "$D/output" "$D/code.new"; mv "$D/code.new" "$D/code"' sh "$@" 7>&- ||
      { code=$?; rm -f "$dir/started"; exit $code; } ;;
  look) look ;;
  poll) from=$1 most=$2 tries=0
    while state=$(look) end=$(size); [ "$state" = running ] && [ "$end" -le "$from" ] && [ $tries -lt 50 ]; do sleep 0.2; tries=$((tries + 1)); done
    [ $((end - from)) -le "$most" ] || from=$((end - most))
    echo "$state"; echo "$from $end"
    [ "$end" -le "$from" ] || tail -c +$((from + 1)) "$dir/output" | head -c $((end - from)) | base64 -w0 ;;
  forget) rm -rf "$dir" "$dir.lock" ;;
esac
