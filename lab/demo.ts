import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../src/store/open.ts";
import { acmeRootFile } from "./acme.ts";
import { setName } from "./dns.ts";
import { environmentFor, openLab, up } from "./lab.ts";
import { startServer } from "./server.ts";

// `npm run demo`: a real application on a real (lab) server, from nothing to an HTTPS answer; it is left running.
const lab = openLab(process.env.BERTH_DEMO_LAB ?? "berth-lab");
const domain = "guestbook.example.test";
const root = join(import.meta.dirname, "..");
const source = join(root, "examples/guestbook");

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  return 1;
});

async function main(): Promise<number> {
  say(
    "The lab: a Docker Engine, base images, an ACME authority and a server of their own (the first time takes minutes)",
  );
  await up(lab);
  const server = await startServer(lab, "demo");
  await setName(lab, domain, [server.address, server.address6]);
  const home = join(lab.dir, "demo");
  // The state folder that the demo makes for itself: it says of itself that its servers are the lab's.
  if (!existsSync(join(home, "berth.db"))) openStore(home, { demo: { networks: [lab.network, lab.network6] } }).close();
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_"));
  const lent = { ...(await environmentFor(lab)), BERTH_HOME: home, BERTH_IDENTITY: server.key };
  const env = { ...Object.fromEntries(own), ...lent };
  const target = ["--server", `ssh://${server.user}@${server.address}`, "--domain", domain];

  const planned = await berth(["plan", source, ...target, "--json"], env, "pipe");
  if (planned.code !== 0) return planned.code;
  const { hash } = JSON.parse(planned.stdout) as { hash: string };
  const { code } = await berth(["up", source, ...target, "--approve", hash], env, "inherit");
  if (code !== 0) return code;

  const curl = `curl --cacert ${acmeRootFile(lab)} --resolve ${domain}:443:${server.address} https://${domain}/`;
  // Where the lab is not the usual one, every command names it.
  const named = lab.name === "berth-lab" ? "" : `--lab ${lab.name} `;
  const again = named === "" ? "" : `BERTH_DEMO_LAB=${lab.name} `;
  say(
    [
      "",
      `The guestbook runs on https://${domain} (${server.address}, a server of the lab). Ask it:`,
      "",
      `  ${curl}`,
      "",
      `Look at the server:          npm run lab -- ${named}ssh demo`,
      `Apply a change to it:        edit examples/guestbook, then ${again}npm run demo`,
      `Take all of it away again:   npm run lab -- ${named}down`,
    ].join("\n"),
  );
  return 0;
}

async function berth(
  args: string[],
  env: NodeJS.ProcessEnv,
  stdout: "pipe" | "inherit",
): Promise<{ code: number; stdout: string }> {
  const child = spawn(process.execPath, [join(root, "src/cli.ts"), ...args], {
    env,
    stdio: ["inherit", stdout, "inherit"],
  });
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, stdout: text };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
