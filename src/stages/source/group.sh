#!/bin/sh
# group.sh ARGUMENT...: runs $BERTH_GIT with the arguments as the leader of a process group of its own, and ends that
# group with SIGKILL when this script is told to stop, and when git ends. A caller that can signal only the process it
# started would leave git-remote-http, index-pack or ssh behind, which go on writing.
end_group() {
  [ -n "$!" ] || return 0
  # The leader first: it may not have its group yet.
  kill -s KILL "$!" 2>/dev/null
  kill -s KILL -- "-$!" 2>/dev/null
}
trap 'end_group; exit 130' INT TERM HUP

# By stdin, since simple-git writes a process' environment to a debug log.
if [ -n "${GIT_ASKPASS-}" ]; then
  IFS= read -r BERTH_GIT_TOKEN
  export BERTH_GIT_TOKEN
fi

# Not a group leader itself, the child keeps its process number, which becomes the group's. macOS has perl, not setsid.
if command -v setsid >/dev/null; then
  setsid "$BERTH_GIT" "$@" &
else
  perl -MPOSIX -e 'POSIX::setsid(); exec { $ARGV[0] } @ARGV or print STDERR "$ARGV[0]: $!\n"; POSIX::_exit(127)' -- "$BERTH_GIT" "$@" &
fi
wait "$!"
code=$?
end_group
exit "$code"
