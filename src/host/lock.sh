#!/bin/sh
# A lock that the server enforces. Runs there as root (sudo -n for others). POSIX sh with awk, flock (util-linux) and ss (iproute2).
# Exit 74: somebody else is changing the lock, a takeover perhaps. Nobody waits for it long, since a takeover waits for them.
#   take NAME OWNER RUN TTL     -> its number, and the number since which only this run has had it; or "held OWNER RUN NUMBER SECONDS-LEFT" and exit 75. The same RUN takes over at once.
#                                  exit 77: this connection could not be ended by a later owner; 78: what the earlier owner began does not end
#   renew NAME NUMBER TTL       -> exit 76 if the lock was lost
#   act NAME NUMBER COMMAND...  -> runs COMMAND while no takeover can be, exit 76 if the lock was lost
#   release NAME NUMBER
# One line a lock: number owner run expiry boot audit/pid:start,pid:start since
set -eu
verb=$1 name=$2; shift 2
dir=/var/lib/berth/locks; lock=$dir/$name
[ -d "$dir" ] || (umask 077; mkdir -p "$dir")
now() { awk '{print int($1)}' /proc/uptime; }         # counts from boot, sleep included: nobody can set it back
start_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
parent_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f2; }
# A container's boot_id is its host's, so the start of its process 1 is part of the boot's name.
boot() { echo "$(cat /proc/sys/kernel/random/boot_id).$(start_of 1)"; }
tell() { echo "lock $name: $*" >&2; }

# AUDIT/pid:start,...: the audit session, and every sshd between this process and the listener, the one that holds the channels first.
session() {
  p=$$ found=
  while p=$(parent_of "$p") && [ "${p:-1}" -gt 1 ]; do
    case $(sed 's/^[^(]*(\(.*\)).*/\1/' "/proc/$p/stat") in sshd|sshd-session) ;; *) continue ;; esac
    ! tr '\0' ' ' <"/proc/$p/cmdline" | grep -q '\[listener\]' || break
    found="$found $p:$(start_of "$p")"
  done
  [ -n "$found" ] || { tell "not started by sshd: this connection cannot be ended by a later owner"; exit 77; }
  echo "$(cat /proc/self/sessionid 2>/dev/null || echo 4294967295)/$(echo $found | tr ' ' ,)"
}
write() { # NUMBER OWNER RUN EXPIRY BOOT SESSION SINCE: whole or not at all
  (umask 077; printf '%s\n' "$*" >"$lock.new"); sync "$lock.new"; mv "$lock.new" "$lock"
}
read_lock() { number=0 owner=- run=- expiry=0 booted=- session=- since=
  [ ! -e "$lock" ] || read -r number owner run expiry booted session since <"$lock"; }
mine() { read_lock; [ "$number" = "$1" ] && [ "$session" != - ] && [ "$booted" = "$(boot)" ] || { tell "lost: number $1, now $number of $owner"; exit 76; }; }

descendants() { # PID...: them and all below them
  cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) / /' | awk '{print $1, $3}' | awk -v roots="$*" 'BEGIN { n = split(roots, r, " "); for (i = 1; i <= n; i++) in_[r[i]] = 1 }
    { parent[$1] = $2 } END { do { more = 0; for (p in parent) if (!(p in in_) && (parent[p] in in_)) { in_[p] = 1; more = 1 } } while (more)
    for (p in in_) print p }'
}
# The audit session is set by pam_loginuid at login and follows every child, through sudo, setsid and nohup.
of_audit_session() { for f in /proc/[0-9]*/sessionid; do p=${f#/proc/}; [ "$(cat "$f" 2>/dev/null)" != "$1" ] || echo "${p%/sessionid}"; done; }

# The Engine closes its end of a connection whose caller is gone (peer 0) when it has dealt with the last request on it; 0 for one
# that it has not looked at yet. Engine 26.1 keeps some for good: a hijacked exec whose container was removed, anybody's.
orphans() { ss -Hx state connected | awk '$5 ~ /docker.sock$/ && $8 == 0 { print $6 }'; }
leaked=120                                            # seconds that no call of ours lasts without its caller: the longest grace of a stop is 60
# $lock.orphans: a line `number since` for each, when it was first seen so.
noted='BEGIN { while ((getline line <file) > 0) { split(line, part, " "); since[part[1]] = part[2] } }'
note() { # AGE: those that were not seen before are taken to be so old
  orphans | awk -v file="$lock.orphans" -v at=$(($(now) - $1)) "$noted"' $1 != 0 { print $1, ($1 in since) ? since[$1] : at }' >"$lock.orphans.new"
  mv "$lock.orphans.new" "$lock.orphans"
}
note_afresh() { rm -f "$lock.orphans"; note $leaked; }
# Prints, for each that may be the earlier owner's, for how many seconds it still counts.
unanswered() {
  orphans | awk -v file="$lock.orphans" -v at="$(now)" -v leaked=$leaked "$noted"'
    { counts = leaked - (($1 in since) ? at - since[$1] : 0) } counts > 0 { print counts }'
}
end_session() { # AUDIT/pid:start,... -> ends the connection, waits for what it had begun
  left= audit=${1%%/*} channels=${1#*/}; channels=${channels%%:*}
  for entry in $(echo "${1#*/}" | tr , ' '); do
    p=${entry%:*}
    # Stopped first: a stopped process cannot exit, so its number cannot pass to another between the check and the kill.
    kill -STOP "$p" 2>/dev/null || continue
    if [ "$(start_of "$p")" != "${entry#*:}" ]; then kill -CONT "$p" 2>/dev/null || :; continue; fi
    left="$left $p"
  done
  # While the connection stands, a call without its caller is none of its: those that lose theirs by the kill are.
  case " $left " in *" $channels "*) note_afresh ;; *) note 0 ;; esac
  tree=
  [ -z "$left" ] || tree=$(descendants $left)
  [ "$audit" = 4294967295 ] || tree=$(printf '%s\n' $tree $(of_audit_session "$audit") | sort -un)
  [ -z "$left" ] || kill -KILL $left 2>/dev/null || :
  until=$(($(now) + 30))
  while :; do
    alive=; for p in $tree; do
      case $(sed 's/.*) \(.\).*/\1/' "/proc/$p/stat" 2>/dev/null) in ''|Z) ;; *) alive="$alive $p" ;; esac
    done
    busy=$(unanswered)
    [ -n "$alive$busy" ] || return 0
    [ "$(now)" -lt "$until" ] || break
    sleep 0.1
  done
  for p in $alive; do tell "still running: $p $(tr '\0' ' ' <"/proc/$p/cmdline")"; done
  note 0
  [ -z "$busy" ] || tell "the Engine is still at work on $(echo "$busy" | wc -l) calls of a caller that is gone: repeat in $(echo "$busy" | sort -n | tail -n 1) s, when they count as left behind"
  exit 78
}

exec 8>"$dir/$name.guard" 9>"$dir/$name.acts"       # guard: one change of the lock at a time. acts: shared by acts, alone for a takeover
guard() { flock -w "$1" 8 || { tell "is being changed by another run"; exit 74; }; }
case $verb in
  take) owner_=$1 run_=$2 ttl=$3
    guard 10; read_lock
    if [ "$session" != - ] && [ "$booted" = "$(boot)" ]; then
      t=$(now)
      if [ "$expiry" -gt "$t" ] && [ "$run" != "$run_" ]; then echo "held $owner $run $number $((expiry - t))"; exit 75; fi
      [ "$session" = "$(session)" ] || end_session "$session" 8>&- 9>&-
    fi
    flock -w 30 9 || { tell "an act of the earlier owner does not end"; exit 78; }
    note_afresh                                          # what has no caller by now is not this owner's
    mine_=$(session)                                     # apart, since set -e does not see a failure inside an argument
    number=$((number + 1))
    [ -n "$since" ] && [ "$run" = "$run_" ] || since=$number
    write $number "$owner_" "$run_" $(($(now) + ttl)) "$(boot)" "$mine_" "$since"
    echo "$number $since" ;;
  renew) guard 2; mine "$1"; note 0; write "$number" "$owner" "$run" $(($(now) + $2)) "$booted" "$session" "$since" ;;
  act) number_=$1; shift; flock -s 9; mine "$number_"; exec 8>&-; exec "$@" ;;
  release) guard 2; mine "$1"; write "$number" "$owner" "$run" 0 "$booted" - "$since" ;;
esac
