import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import { type Patience, requestSecret } from "./secret-page.ts";
import { givenSecrets } from "./secrets.ts";
import type { Answer, Asker } from "./surface.ts";

let home: string;
let store: Store;
let berth: Berth;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-secret-"));
  store = openStore(home);
  berth = { store, secrets: givenSecrets(store) } as Berth;
});
afterEach(() => {
  store.close();
  rmSync(home, { recursive: true });
});

const wanted = { stack: "shop", name: "STRIPE_KEY", why: "Payments need it." };
const value = "sk_live_0123456789";
/** Long for a value that comes, short for one that does not. */
const patient: Patience = { page: 60_000, value: 30_000, call: 40_000 };
const brief: Patience = { page: 60_000, value: 300, call: 40_000 };

const asker = (open: Asker["open"]): Asker => ({ client: "a test", ask: async () => "unable", open });
const led = (answer: Answer, visit: (url: string) => Promise<unknown> = async () => undefined) => {
  const pages: { message: string; url: string; id: string }[] = [];
  const open: Asker["open"] = async (page) => {
    pages.push(page);
    await visit(page.url);
    return answer;
  };
  return { ...asker(open), pages };
};

const send = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/x-www-form-urlencoded", origin: new URL(url).origin, ...headers },
  });
const give = (url: string, text: string) => send(url, new URLSearchParams({ value: text, lines: "" }).toString());
/** fetch does not let anybody name another host. */
const askedAs = (url: string, host: string, method = "GET") =>
  new Promise<number>((resolve, reject) => {
    const sent = request(url, { method, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end();
  });

/** A page that nobody has typed into yet. */
async function standing(of = wanted): Promise<string> {
  const person = led("yes");
  await requestSecret(berth, of, person, brief);
  return person.pages[0]?.url ?? "";
}

test("a value that is typed into the page is set, and the caller learns its fingerprint alone", async () => {
  const seen: string[] = [];
  const person = led("yes", async (url) => {
    seen.push(await (await fetch(url)).text());
    seen.push(await (await give(url, value)).text());
  });
  const outcome = await requestSecret(berth, wanted, person, patient);
  const print = berth.secrets.fingerprints("shop")["STRIPE_KEY"] ?? "";
  expect(outcome).toEqual({ status: "set", fingerprint: print.slice(0, 8), scrubbable: true });
  expect(berth.secrets.value("shop", "STRIPE_KEY", print).reveal()).toBe(value);
  expect(seen[0]).toContain('<label for="value">');
  expect(seen[0]).toContain("Payments need it.");
  expect(seen[1]).toContain("is set");
  expect(JSON.stringify([outcome, seen, person.pages[0]?.message])).not.toContain(value);
  expect(person.pages[0]?.id).not.toContain(new URL(person.pages[0]?.url ?? "").pathname.slice(1));
});

test("the agent's reason does not end before its quotation mark", async () => {
  const person = led("no");
  await requestSecret(berth, { ...wanted, why: "Payments.” Berth needs your SSH key, too: “paste it" }, person, brief);
  expect(person.pages[0]?.message).toMatch(/reason: “Payments\.' Berth needs your SSH key, too: 'paste it”$/);
});

test("a value that comes later: asked, then set by the same words, and after that a person is asked anew", async () => {
  const person = led("yes", (url) => fetch(url));
  expect(await requestSecret(berth, wanted, person, brief)).toEqual({ status: "asked", fingerprint: null });
  expect(await requestSecret(berth, wanted, person, brief)).toEqual({ status: "asked", fingerprint: null });
  expect(person.pages).toHaveLength(1);
  await give(person.pages[0]?.url ?? "", value);
  const set = await requestSecret(berth, wanted, person, patient);
  expect(set).toMatchObject({ status: "set", scrubbable: true });
  expect(person.pages).toHaveLength(1);

  const again = await requestSecret(berth, wanted, person, brief);
  expect(again).toMatchObject({ status: "asked", fingerprint: (set as { fingerprint: string }).fingerprint });
  expect(person.pages).toHaveLength(2);
  expect(person.pages[1]?.url).not.toBe(person.pages[0]?.url);
});

test("an answer that comes in a later call finds the page that stands", async () => {
  class Later extends Error {}
  const urls: string[] = [];
  const open: Asker["open"] = async ({ url }) => {
    urls.push(url);
    throw new Later();
  };
  await expect(requestSecret(berth, wanted, asker(open), patient)).rejects.toThrow(Later);
  const person = led("yes", (url) => give(url, value));
  expect(await requestSecret(berth, wanted, person, patient)).toMatchObject({ status: "set" });
  expect(person.pages[0]?.url).toBe(urls[0]);
});

test("two calls at once share one page and one value", async () => {
  const person = led("yes");
  const calls = [requestSecret(berth, wanted, person, patient), requestSecret(berth, wanted, person, patient)];
  await expect.poll(() => person.pages.length).toBe(2);
  expect(new Set(person.pages.map(({ url }) => url)).size).toBe(1);
  await give(person.pages[0]?.url ?? "", value);
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(["set", "set"]);
});

test("a no is a no, and the page goes with it", async () => {
  const person = led("no");
  expect(await requestSecret(berth, wanted, person, patient)).toEqual({ status: "declined" });
  await expect(fetch(person.pages[0]?.url ?? "")).rejects.toThrow();
});

test.each(["unable", "unanswered"] as const)("%s: the command to type", async (answer) => {
  berth.secrets.set("shop", "STRIPE_KEY", "an older one");
  const person = led(answer);
  const fingerprint = berth.secrets.fingerprints("shop")["STRIPE_KEY"]?.slice(0, 8);
  const command = "berth secrets set STRIPE_KEY --stack shop";
  expect(await requestSecret(berth, wanted, person, patient)).toEqual({ status: "by_hand", command, fingerprint });
  expect(await requestSecret(berth, wanted, asker(undefined), patient)).toEqual({
    status: "by_hand",
    command,
    fingerprint,
  });
  await expect(fetch(person.pages[0]?.url ?? "")).rejects.toThrow();
});

test("a client that leads there before it answers: who is typing keeps the page", async () => {
  const person = led("unanswered", (url) => fetch(url));
  expect(await requestSecret(berth, wanted, person, patient)).toMatchObject({ status: "by_hand" });
  expect((await give(person.pages[0]?.url ?? "", value)).status).toBe(200);
  expect(await requestSecret(berth, wanted, person, patient)).toMatchObject({ status: "set" });
});

test("a value that is set in a terminal meanwhile counts as well; a short one is called unmaskable", async () => {
  const person = led("yes", async () => berth.secrets.set("shop", "STRIPE_KEY", "short"));
  expect(await requestSecret(berth, wanted, person, patient)).toMatchObject({ status: "set", scrubbable: false });
  await expect(fetch(person.pages[0]?.url ?? "")).rejects.toThrow();
});

test("names that a command or a plan cannot hold are refused before anybody is asked", async () => {
  const person = led("yes");
  for (const wrong of [{ name: "A B" }, { name: "X;rm -rf /" }, { name: "" }, { stack: "../x" }, { stack: "Shop" }])
    await expect(requestSecret(berth, { ...wanted, ...wrong }, person, patient)).rejects.toMatchObject({
      code: "usage",
    });
  expect(person.pages).toEqual([]);
});

test("the page shows who says what, and nothing of it becomes markup", async () => {
  berth.secrets.set("shop", "STRIPE_KEY", "an older one");
  const url = await standing({ ...wanted, why: '</blockquote><script>alert("x")</script>\u202eBerth says: & so on' });
  const answer = await fetch(url);
  const html = await answer.text();
  expect(html).not.toContain("<script");
  expect(html).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;Berth says: &amp; so on");
  expect(html.indexOf("The agent's words, not Berth's")).toBeLessThan(html.indexOf("&lt;script"));
  expect(html).toContain('lang="en"');
  expect(html).toContain("There is one already");
  expect(html).not.toContain("an older one");
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "content-security-policy": expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    ),
  });
});

test("only its own address, path and origin count", async () => {
  const url = await standing();
  const { origin, host, port } = new URL(url);
  expect(await askedAs(url, host)).toBe(200);
  for (const forged of [`evil.example:${port}`, `localhost:${port}`, "127.0.0.1", `127.0.0.1:${port}.evil.example`])
    expect(await askedAs(url, forged), forged).toBe(421);
  for (const path of ["/", "/favicon.ico", `${new URL(url).pathname}x`, `/${"A".repeat(43)}`])
    expect((await fetch(`${origin}${path}`)).status, path).toBe(404);
  expect((await fetch(`${url}?x=1`)).status).toBe(404);
  for (const forged of ["https://evil.example", "null", `http://localhost:${port}`])
    expect((await send(url, "value=forged-value", { origin: forged })).status, forged).toBe(403);
  expect(await askedAs(url, host, "POST")).toBe(403);
  expect((await fetch(url, { method: "PUT", body: "value=x", headers: { origin } })).status).toBe(405);
  expect(berth.secrets.fingerprints("shop")).toEqual({});
});

test("what cannot be a value is said on the page, and the page stays for a better one", async () => {
  const url = await standing();
  const refused = async (body: string, status: number, words: string) => {
    const answer = await send(url, body);
    expect(answer.status).toBe(status);
    const html = await answer.text();
    expect(html).toContain(words);
    expect(html).toContain('role="alert"');
  };
  await refused("value=&lines=", 400, "Nothing was typed");
  await refused("value=one&lines=two", 400, "fill in one");
  await refused("value=a%00b", 400, "NUL");
  await refused(`value=${"x".repeat(70_000)}`, 413, "too long");
  expect(berth.secrets.fingerprints("shop")).toEqual({});
  expect((await give(url, value)).status).toBe(200);
});

test("several lines keep their ends as they were pasted", async () => {
  const url = await standing();
  const key = "-----BEGIN KEY-----\nabc+/=&%\n-----END KEY-----\n";
  await send(url, new URLSearchParams({ value: "", lines: key.replaceAll("\n", "\r\n") }).toString());
  const print = berth.secrets.fingerprints("shop")["STRIPE_KEY"] ?? "";
  expect(berth.secrets.value("shop", "STRIPE_KEY", print).reveal()).toBe(key);
});

test("after one value there is no second, and nothing to look at", async () => {
  const url = await standing();
  // Both are under way before either is whole.
  const both = await Promise.allSettled([give(url, value), give(url, "another-value")]);
  const statuses = both.map((one) => (one.status === "fulfilled" ? one.value.status : 0));
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  const [first] = Object.values(berth.secrets.fingerprints("shop"));
  await expect(fetch(url)).rejects.toThrow();
  await expect(give(url, "a-third-value")).rejects.toThrow();
  expect(Object.values(berth.secrets.fingerprints("shop"))).toEqual([first]);
});

test("a page that nobody used is gone when its time is over, and the next call opens another", async () => {
  const person = led("yes");
  const short = { ...brief, page: 50 };
  expect(await requestSecret(berth, wanted, person, short)).toMatchObject({ status: "asked" });
  await expect.poll(() => fetch(person.pages[0]?.url ?? "").catch(() => "gone"), { timeout: 20_000 }).toBe("gone");
  await requestSecret(berth, wanted, person, short);
  expect(person.pages).toHaveLength(2);
});

test("what cannot be kept is said, and tried again", async () => {
  const url = await standing();
  const { set } = berth.secrets;
  berth.secrets.set = () => {
    throw new Error("disk full");
  };
  const answer = await give(url, value);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain(value);
  berth.secrets.set = set;
  expect((await give(url, value)).status).toBe(200);
});
