import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Lab } from "../lab/names.ts";
import { removeServer } from "../lab/server.ts";
import { runAgent } from "../src/agent/agent.ts";
import { until } from "../src/kit/wait.ts";
import { copyOfGuestbook, done, openCli } from "../test/e2e/berth.ts";
import { freshServer, servingDomain } from "../test/e2e/servers.ts";
import { type Ground, sharedGround } from "./cases/shared.ts";
import { factsHere } from "./detector/here.ts";
import { serverFacts } from "./detector/server.ts";
import { authorityFacts, isWorkedOn } from "./detector/store.ts";
import type { Eval, Place, Played, Secrets, Seen } from "./eval.ts";
import { answeringServer } from "./ground.ts";
import { startMessagesApi } from "./messages-api.ts";
import { scriptedPerson } from "./person.ts";
import { type Model, throughHere } from "./real-api.ts";
import { playing } from "./script.ts";

export interface Verdict {
  name: string;
  passed: boolean;
  /** What the checks found, a line each. */
  findings: string[];
  turns: number;
  calls: number;
  seconds: number;
  usd: number;
  /** The agent's last words. */
  answer: string;
  /** JSON Lines of the talk. */
  transcript: string;
}

/** A real model to ask instead of the script. */
export interface Asked {
  model: string;
  key: string;
  usd: number;
}

/** Where evals are played, one after the other. */
export interface Stage {
  play(one: Eval, asked?: Asked): Promise<Verdict>;
  close(): Promise<void>;
}

/** How long one eval may take. */
const patience = 900_000;

export function openStage(lab: Lab): Stage {
  const secrets: Secrets = { vault: [canary()], files: [canary(), canary()] };
  let shared: Promise<Ground> | undefined;

  async function ground(one: Eval): Promise<Ground> {
    if (one.begins === "shared") {
      shared ??= sharedGround(lab, secrets.vault[0] ?? "");
      return { ...(await shared), close: async () => undefined };
    }
    const name = `eval-${one.name.replaceAll(" ", "-")}`;
    const server = one.begins === "fresh" ? await freshServer(lab, name) : await answeringServer(lab, name);
    const cli = await openCli(lab);
    if (one.begins !== "fresh") done(await cli.adopt(server));
    const close = async () => {
      await removeServer(lab, name);
      await cli.close();
    };
    const domain = one.begins === "fresh" ? `${name}.example.test` : servingDomain;
    return { server, cli, domain, runs: {}, close };
  }

  async function play(one: Eval, asked?: Asked): Promise<Verdict> {
    const { close, ...at } = await ground(one);
    const source = await sourceOf(one, secrets);
    try {
      const files = [...secrets.files, ...(await keysIn(at.cli.home))];
      return await played(one, { lab, ...at, cwd: dirname(source), source, secrets: { ...secrets, files } }, asked);
    } finally {
      await rm(dirname(source), { recursive: true, force: true });
      await close();
    }
  }

  return { play, close: async () => (await shared)?.close() };
}

/** Each encoding changes it. */
const canary = () => `canary-${randomBytes(8).toString("hex")}/+&="é`;

/** What opens the secrets and signs the grants of a state folder, as far as it has them already. */
async function keysIn(home: string): Promise<string[]> {
  const [grantKey, secretsKey] = await Promise.all(
    ["grant-key.json", "secrets-key"].map((file) => readFile(join(home, file), "utf8").catch(() => undefined)),
  );
  return [
    ...(grantKey === undefined ? [] : [z.object({ privateKey: z.string() }).parse(JSON.parse(grantKey)).privateKey]),
    ...(secretsKey === undefined ? [] : [secretsKey.trim()]),
  ];
}

/** A copy of the guestbook as the eval wants it, with secrets lying about as they do: in it, and beside it. */
async function sourceOf(one: Eval, { files: [inside = "", beside = ""] }: Secrets): Promise<string> {
  const source = await copyOfGuestbook();
  await writeFile(join(source, ".env"), `SESSION_SECRET='${inside}'\n`);
  await writeFile(join(dirname(source), "outside.txt"), `${beside}\n`);
  await one.source?.(source);
  return source;
}

async function played(one: Eval, place: Place, asked?: Asked): Promise<Verdict> {
  await one.prepare?.(place);
  const before = await look(place);
  const began = performance.now();
  const { talk, refused } = await talked(one, place, asked);
  const seconds = Math.round((performance.now() - began) / 1000);
  const after = await look(place);
  const scene: Played = { ...place, ...talk, before, after, planted: one.planted ?? [] };
  const findings = [...refused];
  for (const check of one.checks) {
    const found = await check.look(scene);
    findings.push(...found.map((line) => `${check.name}: ${line}`));
  }
  const { turns, usd, answer } = talk.end;
  const calls = talk.transcript.split("\n").filter((line) => line.includes('"call"')).length;
  return {
    name: one.name,
    passed: findings.length === 0,
    findings,
    turns,
    calls,
    seconds,
    usd,
    answer,
    transcript: talk.transcript,
  };
}

/** What is there, once nobody works on it any more. */
async function look(place: Place): Promise<Seen> {
  const { lab, server, source, cli } = place;
  const still = async () => (isWorkedOn(cli.home) ? undefined : true);
  if (!(await until(still, { timeoutMs: 300_000 }))) throw new Error("a run does not end");
  const world = { ...(await serverFacts(lab, server)), ...(await factsHere(lab, source)) };
  return { authority: authorityFacts(cli.home), world };
}

type Talk = Pick<Played, "end" | "sent" | "transcript" | "person">;

/** The talk itself, between the agent, the model and the person. */
async function talked(one: Eval, place: Place, asked?: Asked): Promise<{ talk: Talk; refused: string[] }> {
  const { person, heard } = scriptedPerson(one.person(place), /^> $/);
  const model: Model = asked ? await throughHere(asked.key) : await startMessagesApi(playing(one.model(place)));
  const folder = await mkdtemp(join(tmpdir(), "berth-talk-"));
  const transcript = join(folder, "talk.jsonl");
  const over = new AbortController();
  const signal = AbortSignal.timeout(patience);
  try {
    const meanwhile = one.meanwhile?.(place, AbortSignal.any([over.signal, signal])).then(
      () => [],
      (error: Error) => [`meanwhile: ${error.message}`],
    );
    const end = await runAgent({
      message: one.prompt(place),
      model: asked?.model ?? "claude-opus-5-5",
      version: "evals",
      api: { key: model.key, baseURL: model.url },
      serve: serveFor(place),
      person,
      limits: { turns: 300, usd: asked?.usd ?? 1000 },
      transcript,
      signal,
    });
    over.abort(new Error("it did not happen before the talk was over"));
    const refused = model.refused.map(({ message }) => `the agent sent what the API refuses: ${message}`);
    const sent = model.requests.map((body) => JSON.stringify(body));
    const talk = { end, sent, transcript: await readFile(transcript, "utf8"), person: heard };
    return { talk, refused: [...refused, ...((await meanwhile) ?? [])] };
  } finally {
    await model.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Berth's server as a person's client would start it; the model's key is none of its business. */
function serveFor({ cli, server, cwd }: Place) {
  const { ANTHROPIC_API_KEY: _, ...own } = cli.env;
  const env = Object.entries({ ...own, BERTH_IDENTITY: server.key });
  const defined = env.filter((entry): entry is [string, string] => entry[1] !== undefined);
  const program = join(import.meta.dirname, "../src/cli.ts");
  return { command: process.execPath, args: [program, "serve"], env: Object.fromEntries(defined), cwd };
}
