#!/bin/sh
set -eu
chown -R git: /srv/git
ssh-keygen -A >/dev/null
/usr/sbin/sshd
exec setpriv --reuid git --regid git --init-groups --inh-caps +net_bind_service --ambient-caps +net_bind_service \
  lighttpd -D -f /etc/lighttpd/lighttpd.conf
