# Ends an instance of the proxy that new connections no longer reach, once all have left it or its time is over.
# Runs as a unit of the server, under no lock. No braces around a variable: systemd would take them for its own.
#   drain.sh CONTAINER SECONDS SPORTS PROXY STEERLOCK FILES...
set -u
container=$1 seconds=$2 sports=$3 proxy=$4 steerlock=$5; shift 5
now() { cut -d. -f1 /proc/uptime; }
there() { docker container inspect "$container" >/dev/null 2>&1 || ! docker version >/dev/null 2>&1; }   # an Engine that is restarted will tell later

# Not accepted yet, or in its hands. What nobody holds while new connections are steered away can be for this instance alone.
open() { ss -Htnp state connected "$sports" | awk -v mine="pid=$pid," 'index($0, mine) || (!/users:/ && ($1 == "ESTAB" || $1 == "SYN-RECV")) { found = 1 } END { exit !found }'; }

pid=0
while there; do
  pid=$(docker container inspect --format '{{.State.Pid}}' "$container" 2>/dev/null) && break
  sleep 1
done
began=$(now) calm=0
while [ "$pid" != 0 ] && [ -d "/proc/$pid" ]; do
  passed=$(($(now) - began))
  if open; then calm=0; else calm=$((calm + 1)); fi
  [ $calm -lt 3 ] && [ $passed -lt "$seconds" ] || break
  if [ $passed -lt 60 ]; then sleep 1; else sleep 5; fi
done
while there; do
  docker stop "$container" >/dev/null 2>&1
  rm -rf -- "$@"
  docker rm "$container" >/dev/null 2>&1 && break                  # last of all: then its slot is free
  sleep 1
done
exec 7>"$steerlock"; flock 7
[ "$(docker ps --all --filter label=dev.berth.role=proxy --format '{{.Names}}')" != "$proxy" ] || /usr/sbin/nft flush table inet berth_steer 2>/dev/null || :
