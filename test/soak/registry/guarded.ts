import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createPlain, request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorityFile, certificateFor } from "../../../lab/authority.ts";
import type { Lab } from "../../../lab/names.ts";
import { until } from "../../../src/kit/wait.ts";

export interface Guarded {
  /** HOST:PORT, on which this machine and the servers reach it by HTTPS with a login. */
  host: string;
  /** A copy of the lab's Caddy under this name that answers `body` on port 8080; its digest. */
  push(name: string, body: string, architecture?: string): Promise<string>;
  /** The environment of somebody who has logged in with this password: their DOCKER_CONFIG, and whom they trust. */
  loggedIn(password?: string): Promise<NodeJS.ProcessEnv>;
  close(): Promise<void>;
}

export const password = "r3gistry-c4nary";
const user = "ann";

/** A registry of the lab's own that gives nothing to who is not logged in. */
export async function guardedRegistry(lab: Lab): Promise<Guarded> {
  const folder = await mkdtemp(join(tmpdir(), "berth-registry-"));
  const plain = await startRegistry(folder);
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const files = await certificateFor(lab, "guarded");
  const tls = { cert: await readFile(files.certificate), key: await readFile(files.key) };
  const guard = createServer(tls, (asked, answer) => {
    const { authorization, ...headers } = asked.headers;
    if (authorization !== expected)
      return void answer.writeHead(401, { "www-authenticate": 'Basic realm="lab"' }).end('{"errors":[]}');
    const onward = request(`${plain.url}${asked.url}`, { method: asked.method, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    asked.pipe(onward);
  });
  await once(guard.listen(0, lab.gateway), "listening");
  const host = `${lab.gateway}:${(guard.address() as AddressInfo).port}`;

  return {
    host,
    push: (name, body, architecture = "amd64") => pushCaddy(lab, plain.url, { name, body, architecture }),
    async loggedIn(given) {
      const home = await mkdtemp(join(folder, "docker-"));
      const auth = Buffer.from(`${user}:${given}`).toString("base64");
      if (given !== undefined)
        await writeFile(join(home, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
      const bundle = join(home, "roots.pem");
      await writeFile(bundle, await readFile("/etc/ssl/certs/ca-certificates.crt"));
      await appendFile(bundle, await readFile(authorityFile(lab)));
      return { DOCKER_CONFIG: home, BERTH_CA_BUNDLE: bundle };
    },
    async close() {
      guard.closeAllConnections();
      guard.close();
      await plain.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startRegistry(folder: string): Promise<{ url: string; end(): Promise<void> }> {
  const port = await freePort();
  const config = join(folder, "registry.yml");
  await mkdir(join(folder, "data"));
  await writeFile(
    config,
    `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${folder}/data } }
http: { addr: "127.0.0.1:${port}", relativeurls: true, secret: "${randomBytes(8).toString("hex")}" }
`,
  );
  const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const answers = async () => ((await fetch(`${url}/v2/`).catch(() => undefined))?.ok ? true : undefined);
  if (!(await until(answers, { timeoutMs: 30_000 }))) throw new Error("the registry does not answer");
  return {
    url,
    async end() {
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createPlain();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

interface Pushed {
  name: string;
  body: string;
  architecture: string;
}

async function pushCaddy(lab: Lab, url: string, { name, body, architecture }: Pushed): Promise<string> {
  const base = `http://${lab.registry}/v2/library/caddy`;
  const get = async (path: string) => {
    const answer = await fetch(`${base}/${path}`, { headers: { accept: manifestType } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const manifest = JSON.parse(Buffer.from(await get("manifests/2")).toString());
  const config = JSON.parse(Buffer.from(await get(`blobs/${manifest.config.digest}`)).toString());
  const own = Buffer.from(
    JSON.stringify({
      ...config,
      architecture,
      config: {
        Env: config.config.Env,
        User: "1000",
        WorkingDir: "/srv",
        ExposedPorts: { "8080/tcp": {} },
        Cmd: ["caddy", "respond", "--listen", ":8080", "--body", body],
      },
    }),
  );
  const [repository = "", tag = ""] = name.split(":");
  for (const { digest } of manifest.layers)
    await upload(`${url}/v2/${repository}`, digest, () => get(`blobs/${digest}`));
  await upload(`${url}/v2/${repository}`, digestOf(own), async () => own);
  const made = Buffer.from(
    JSON.stringify({ ...manifest, config: { ...manifest.config, digest: digestOf(own), size: own.length } }),
  );
  const put = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": manifest.mediaType ?? manifestType },
    body: made,
  });
  if (!put.ok) throw new Error(`${name}: ${put.status} ${await put.text()}`);
  return digestOf(made);
}

async function upload(repository: string, digest: string, bytes: () => Promise<Uint8Array>): Promise<void> {
  if ((await fetch(`${repository}/blobs/${digest}`, { method: "HEAD" })).ok) return;
  const begun = await fetch(`${repository}/blobs/uploads/`, { method: "POST" });
  const to = new URL(begun.headers.get("location") ?? "", repository);
  to.searchParams.set("digest", digest);
  const put = await fetch(to, { method: "PUT", body: new Uint8Array(await bytes()) });
  if (!put.ok) throw new Error(`${digest}: ${put.status} ${await put.text()}`);
}
