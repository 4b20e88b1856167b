/** Changes to a server on which the guestbook stands, one of a kind: a comparison of worlds has to find each. */
export const plantedDifferences: [what: string, script: string][] = [
  ["a file's mode", "chmod 0644 /var/lib/berth/stacks/guestbook/compose.yaml"],
  ["a file's owner", "chown nobody /var/lib/berth/stacks/guestbook/compose.yaml"],
  ["a file's content", "echo '# more' >> /etc/ssh/sshd_config.d/00-berth.conf"],
  ["a secret that is another's", "cd /var/lib/berth/stacks/guestbook; sed -i s/./x/ releases/*/postgres.env"],
  ["a container", "docker create --name stray $(docker inspect --format '{{.Image}}' guestbook-postgres)"],
  ["an image", "docker tag $(docker inspect --format '{{.Image}}' guestbook-postgres) stray:1"],
  ["a volume", "docker volume create stray"],
  ["a network", "docker network create --subnet 192.0.2.0/29 stray"],
  ["the firewall", "nft add rule inet berth input tcp dport 8099 accept"],
  [
    "what the proxy serves",
    'curl="curl -sS --fail --unix-socket $(echo /var/lib/berth/proxy/run/*/admin.sock)"; $curl http://localhost/config/ | sed s/serving/other/g | $curl --json @- http://localhost/load',
  ],
  ["a unit that failed", "systemd-run --quiet --unit=berth-stray --wait false || true"],
  [
    "a row",
    `docker exec guestbook-postgres sh -c 'psql -U "$POSTGRES_USER" "$POSTGRES_DB" -c "INSERT INTO entries (name, message) VALUES (1, 2)"'`,
  ],
];
