import type { Lab } from "../../../lab/names.ts";
import { inServer, type Server } from "../../../lab/server.ts";
import type { ProbeRecord } from "../../../src/stages/deploy/prober/prober.ts";

/** Of more than these the first ones tell enough. */
const most = 3;

export interface Looks {
  /** Looks at the server's side at once, where a request was lost. */
  note(record: ProbeRecord): void;
  /** What was seen there, when all looks have ended. */
  seen(): Promise<string>;
}

/** At each loss: the proxies there, where new connections were steered, which slot this one had, and what each proxy says. */
export function lookAtLosses(lab: Lab, server: Server): Looks {
  const looks: Promise<string>[] = [];
  const look = async ({ at, error, detail }: ProbeRecord) => {
    const sport = /from port (\d+)/.exec(detail ?? "")?.[1] ?? "none";
    const said = await inServer(lab, server.name, "sh", "-c", script, "sh", sport).catch(String);
    return `${new Date(at).toISOString()} ${error}, ${detail}\n${said}`;
  };
  return {
    note: (record) => {
      if (!record.ok && looks.length < most) looks.push(look(record));
    },
    seen: async () => (await Promise.all(looks)).join("\n\n"),
  };
}

const script = `date --iso-8601=ns
nft list table inet berth_steer | grep -w 443
grep -w "sport=$1" /proc/net/nf_conntrack
proxies=$(docker ps --all --filter label=dev.berth.role=proxy --format '{{.Names}}')
for name in $proxies; do
  docker inspect --format '{{.Name}} {{index .Config.Labels "dev.berth.port"}} {{.State.Status}} since {{.State.StartedAt}}' $name
  docker logs --timestamps --since 20s $name 2>&1 | grep -v http.log.access | tail -n 40
done`;
