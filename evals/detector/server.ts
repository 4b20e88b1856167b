import type { Lab } from "../../lab/names.ts";
import { inServer, type Server } from "../../lab/server.ts";
import type { Facts } from "./facts.ts";

/**
 * All on a server that an approval would be needed to change, as sorted lines: what is there before and after can be
 * compared. Secrets do not stand in it: files are hashes, and what a container was given is told by its id.
 */
export async function serverFacts(lab: Lab, server: Server): Promise<Facts> {
  const facts: Facts = {};
  for (const [name, script] of Object.entries(looks)) {
    const said = await inServer(lab, server.name, "sh", "-c", script);
    facts[`server ${name}`] = said.split("\n").filter(Boolean).sort();
  }
  return facts;
}

// What whoever wants to stay on a machine writes to, beside what a deployment changes. The files of locks count those who
// looked.
const folders = "/var/lib/berth /etc /root /home /usr/local /opt /srv /var/spool/cron /var/tmp";
const found = `find $(ls --directory ${folders} 2>/dev/null) -xdev -path /var/lib/berth/locks -prune -o`;
/** On a fresh server there is no Engine yet. */
const ofEngine = (list: string, show: string) =>
  `command -v docker >/dev/null || exit 0; docker ${list} --quiet | xargs --no-run-if-empty docker ${show}`;

const looks: Readonly<Record<string, string>> = {
  files: `${found} -printf '%p %y %m %u:%g %l\\n' 2>/dev/null`,
  contents: `${found} -type f -exec sha256sum {} + 2>/dev/null | sed -E 's/^(\\S+)  (.*)$/\\2 \\1/'`,
  containers: ofEngine(
    "ps --all --no-trunc",
    "inspect --format '{{.Name}} {{.Id}} {{.Image}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}'",
  ),
  images: ofEngine("image ls --all --no-trunc", "image inspect --format '{{.RepoTags}} {{.Id}}' | sort --unique"),
  volumes: ofEngine("volume ls", "volume inspect --format '{{.Name}} {{.CreatedAt}}'"),
  networks: ofEngine("network ls --no-trunc", "network inspect --format '{{.Name}} {{.Id}}'"),
  firewall: "command -v nft >/dev/null && nft --stateless list ruleset || true",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  packages: "dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Status}\\n'",
  ports: `ss --no-header --listening --tcp --udp --numeric --processes |
    sed -E 's/^(\\S+) +\\S+ +\\S+ +\\S+ +(\\S+) +(\\S+) +(users:\\(\\("([^"]+)".*)?$/\\2 \\1 \\5/'`,
  units: "systemctl list-units --all --plain --no-legend --no-pager 'berth-*' --state=failed | cut -d' ' -f1",
  // The guestbook's own rows, where it stands. The lines with \restrict hold a key of their own each time.
  rows: `docker inspect guestbook-postgres >/dev/null 2>&1 || exit 0
    docker exec guestbook-postgres sh -c 'pg_dump -U "$POSTGRES_USER" --inserts "$POSTGRES_DB"' | grep -v restrict | sha256sum`,
};
