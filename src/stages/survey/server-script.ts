/**
 * One look at a server: a shell script that prints sections, each behind a line `== NAME`. It changes nothing and needs
 * nothing but a shell and coreutils; what is missing leaves its section empty. Arguments: the folder of the stacks, the
 * stack that is asked for.
 */
export const serverScript = `export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"
section() { printf '\\n== %s\\n' "$1"; }
section os; head -c 4096 /etc/os-release
section architecture; dpkg --print-architecture 2>/dev/null || uname -m
section kernel; uname -r
section boot; cat /proc/sys/kernel/random/boot_id
section container; systemd-detect-virt --container
section cpus; nproc
section memory; head -n 40 /proc/meminfo
section disk-root; df -P -m / | tail -n 1
section disk-engine; if [ -d /var/lib/docker ]; then df -P -m /var/lib/docker; else df -P -m /var/lib; fi | tail -n 1
section sshd; sshd -T 2>/dev/null
section connection; p=$$
while [ "\${p:-1}" -gt 1 ]; do
  c=$(tr '\\0' '\\n' <"/proc/$p/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
  [ -z "$c" ] || { echo "$c"; break; }
  p=$(sed 's/.*) //' "/proc/$p/stat" | cut -d' ' -f2)
done
section tcp; ss -Htlnp | head -n 500
section udp; ss -Hulnp | head -n 500
section units; for p in $(ss -Htulnp | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -un | head -n 200); do
  echo "$p $(sed -n 's/^[0-9]*:\\(name=systemd\\)\\{0,1\\}:.*\\///p' "/proc/$p/cgroup" 2>/dev/null | head -n 1)"
done
section ours; for p in $(ss -Htlnp | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -un | head -n 200); do
  ! grep -q 'berth/proxy/etc ' "/proc/$p/mountinfo" 2>/dev/null || echo "$p"
done
section engine-package; dpkg-query --show --showformat='\${Package} \${db:Status-Status}\\n' docker.io docker-ce moby-engine 2>/dev/null
section ufw; ufw status 2>/dev/null | head -n 1
section firewalld; firewall-cmd --state 2>/dev/null
section routes; ip -4 route show 2>/dev/null | head -n 500
section addresses6; ip -6 -oneline address show scope global 2>/dev/null | head -n 100
section stacks; for f in "$1"/*/applied.json; do [ -e "$f" ] || continue
  stack=\${f%/applied.json}; echo "\${stack##*/} $(head -c 2000000 "$f" | base64 -w 0)"
done | head -n 200
section applied; [ ! -e "$1/$2/applied.json" ] || head -c 4000000 "$1/$2/applied.json" | base64 -w 0
section end
`;
