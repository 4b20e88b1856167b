import { Readable } from "node:stream";
import { extract } from "tar-stream";
import type { Lab } from "../../lab/names.ts";
import { inServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";

/** What is on a server, as plain data that holds nothing of this one machine: two servers can be compared. */
export interface World {
  containers: unknown[];
  images: unknown[];
  volumes: unknown[];
  networks: unknown[];
  files: File[];
  firewall: string;
  /** What the running proxy says that it serves. */
  proxy: unknown;
  packages: string[];
  /** What systemd runs for us, and what failed in it. */
  units: string[];
  /** Schema and rows of the guestbook's database. */
  database: string;
}

interface File {
  path: string;
  type: string;
  mode: string;
  owner: string;
  content: string;
}

type Mask = (text: string) => string;

/** The world of a server on which the guestbook stands. */
export async function worldOf(lab: Lab, server: Pick<Server, "name">): Promise<World> {
  const there = (...command: string[]) => inServer(lab, server.name, ...command);
  const shell = (script: string) => there("sh", "-ec", script);
  await settled(shell);
  const mask = await maskFor(lab, shell);
  const json = async (script: string) => JSON.parse(mask(await shell(script))) as Inspected[];
  const lines = async (script: string) =>
    mask(await shell(script))
      .split("\n")
      .filter(Boolean)
      .sort();
  return {
    containers: sorted((await json("docker inspect $(docker ps --all --quiet)")).map(container)),
    images: sorted((await json("docker image inspect $(docker image ls --quiet | sort --unique)")).map(image)),
    volumes: sorted((await json("docker volume inspect $(docker volume ls --quiet)")).map(volume)),
    networks: sorted((await json("docker network inspect $(docker network ls --quiet)")).map(network)),
    files: await filesOf(shell, mask),
    firewall: mask(await shell("nft --stateless list table inet berth")),
    proxy: JSON.parse(mask(await shell(serves))) as unknown,
    packages: await lines("dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Status}\\n'"),
    // The firewall's own unit works at a boot alone, so whether it has says when that was.
    units: (await lines(units)).filter((line) => !line.startsWith("berth-firewall.service ")),
    database: mask(await shell(dump)),
  };
}

const units =
  "set -f; for what in berth-* --state=failed; do systemctl list-units --all --plain --no-legend $what; done";

const serves = "curl -sS --fail --unix-socket $(echo /var/lib/berth/proxy/run/*/admin.sock) http://localhost/config/";

// The lines with \restrict hold a key of their own each time.
const dump = `docker exec guestbook-postgres sh -c 'pg_dump -U "$POSTGRES_USER" --inserts "$POSTGRES_DB"' | grep -v restrict`;

/** After a boot the Engine's own checks have said nothing yet; and a proxy that was replaced ends when it has been left by all. */
async function settled(shell: (script: string) => Promise<string>): Promise<void> {
  const waiting = "docker ps --all --format '{{.Status}} {{.Names}}'; systemctl list-units --plain 'berth-drain-*'";
  const open = async () => (/starting|Restarting|proxy-draining|berth-drain/.exec(await shell(waiting)) ?? [])[0];
  const done = async () => ((await open()) === undefined ? true : undefined);
  if (!(await until(done, { timeoutMs: 180_000, everyMs: 500 })))
    throw new Error(`on the server is still ${await open()}`);
}

/** Takes out what differs from machine to machine: addresses, keys, times, and the values of secrets, by their names. */
async function maskFor(lab: Lab, shell: (script: string) => Promise<string>): Promise<Mask> {
  const names = 'cd /var/lib/berth/stacks/guestbook/secrets; for f in */*; do echo "$f $(base64 -w0 "$f")"; done';
  const secrets = (await shell(names)).split("\n").map((line) => line.split(" ") as [string, string]);
  const values = secrets.map(([name, value]) => [Buffer.from(value, "base64").toString(), `<${name}>`] as const);
  const patterns: [RegExp, string][] = [
    [new RegExp(`${lab.network.replace(/0\.0\/16$/, "64")}\\.\\d+`, "g"), "<address>"],
    [/SHA256:[A-Za-z0-9+/]{43}/g, "<host key>"],
    [new RegExp(`/${lab.name}/[a-z0-9-]+`, "g"), "<control group>"],
    // Which of its slots the proxy has tells how often it was replaced.
    [/\b84[45]\d\b/g, "<slot>"],
    [/("planHash": ?)"[0-9a-f]{64}"/g, '$1"<hash>"'],
    [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00)?/g, "<time>"],
  ];
  return (text) => {
    const hidden = values.reduce((so, [value, name]) => so.replaceAll(value, name), text);
    return patterns.reduce((so, [pattern, name]) => so.replace(pattern, name), hidden);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what the Engine's inspect prints
type Inspected = Record<string, any>;

const container = ({ Name, Config, HostConfig, Mounts, NetworkSettings, State }: Inspected) => ({
  name: Name,
  image: Config["Image"],
  command: Config["Cmd"],
  user: Config["User"],
  env: Config["Env"],
  labels: Config["Labels"],
  restart: HostConfig["RestartPolicy"]["Name"],
  memory: HostConfig["Memory"],
  rights: [HostConfig["CapAdd"], HostConfig["CapDrop"], HostConfig["SecurityOpt"], HostConfig["ReadonlyRootfs"]],
  mounts: sorted(
    Mounts.map(({ Type, Name: volume, Source, Destination, RW }: Inspected) => [
      Type,
      volume ?? Source,
      Destination,
      RW,
    ]),
  ),
  networks: Object.entries(NetworkSettings["Networks"] as Record<string, Inspected>).map(([name, endpoint]) => [
    name,
    endpoint["IPAMConfig"],
    endpoint["Aliases"],
  ]),
  state: [State["Status"], State["Health"]?.Status ?? null],
});

// Two builds of one source differ in their times, and so in their layers' digests.
const image = ({ RepoTags, Config, RootFS }: Inspected) => ({
  tags: RepoTags.toSorted(),
  command: [Config["Entrypoint"], Config["Cmd"]],
  user: Config["User"],
  env: Config["Env"],
  labels: Config["Labels"],
  layers: RootFS["Layers"].length,
});

const volume = ({ Name, Driver, Labels, Options }: Inspected) => ({
  name: Name,
  driver: Driver,
  labels: Labels,
  options: Options,
});

const network = ({ Name, Driver, IPAM, Options, Labels, EnableIPv6 }: Inspected) => ({
  name: Name,
  driver: Driver,
  ranges: IPAM["Config"],
  options: Options,
  labels: Labels,
  ipv6: EnableIPv6,
});

const sorted = <T>(items: T[]): T[] => items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const folders = [
  "var/lib/berth",
  "etc/berth",
  "etc/ssh/sshd_config",
  "etc/ssh/sshd_config.d",
  "etc/docker",
  "etc/apt/apt.conf.d",
  "etc/systemd/system",
  "etc/default",
];

async function filesOf(shell: (script: string) => Promise<string>, mask: Mask): Promise<File[]> {
  const archive = await shell(`tar --create --directory=/ ${folders.join(" ")} 2>/dev/null | base64 -w0`);
  const files: File[] = [];
  for await (const entry of Readable.from(Buffer.from(archive, "base64")).pipe(extract())) {
    const { name, type, mode = 0, uid, gid, linkname } = entry.header;
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    // A lock's files count its holders and name the last: whoever was interrupted has held it more often.
    const content = name.includes("/locks/") ? "" : mask(Buffer.concat(pieces).toString());
    files.push({
      path: mask(name),
      type: String(type),
      mode: mode.toString(8),
      owner: `${uid}:${gid}`,
      content: linkname ?? content,
    });
  }
  return sorted(files);
}

/** The starts of the stack's containers since then (seconds since 1970), as the Engine tells: it remembers its last 256 events. */
export async function containerStarts(lab: Lab, server: Pick<Server, "name">, since: number): Promise<Start[]> {
  const filters = ["label=dev.berth.stack", "event=start"].flatMap((one) => ["--filter", one]);
  const range = ["--since", String(since), "--until", String(Math.ceil(Date.now() / 1000))];
  const format = '{{.TimeNano}} {{.Actor.Attributes.name}} {{index .Actor.Attributes "dev.berth.role"}}';
  const starts = await inServer(lab, server.name, "docker", "events", ...range, ...filters, "--format", format);
  return starts
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" "))
    .map(([at = "", container = "", role = ""]) => ({ at, container, role }));
}

export interface Start {
  /** Nanoseconds since 1970. */
  at: string;
  container: string;
  role: string;
}

/** How often a release command has been started on the server since then (seconds since 1970). */
export async function migrationStarts(lab: Lab, server: Pick<Server, "name">, since: number): Promise<number> {
  return (await containerStarts(lab, server, since)).filter(({ role }) => role === "release-command").length;
}
