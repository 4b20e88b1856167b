import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scan } from "../../lab/scan.ts";
import { rebootServer, removeServer, type Server, type ServerOptions } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { applied, ask, type Cli, done, guestbook, openCli, testLab } from "../e2e/berth.ts";
import { freshServer, passwordLogin } from "../e2e/servers.ts";

// `npm test` goes the whole way as root on Debian 13 and with sudo on Debian 12; here are the other two.
const lab = testLab();
const ways: (ServerOptions & { name: string })[] = [
  { name: "sudo13", os: "debian-13", user: "sudo" },
  { name: "root12", os: "debian-12", user: "root" },
];

describe.each(ways)("the whole way on $os as $user", ({ name, ...options }) => {
  let server: Server;
  let cli: Cli;

  beforeAll(async () => {
    server = await freshServer(lab, name, options);
    cli = await openCli(lab);
  });
  afterAll(async () => {
    await cli.close();
    await removeServer(lab, name);
  });

  test("ends in a verified HTTPS answer, with every other door closed", async () => {
    expect(await passwordLogin(server, "mallory")).toBe("yes");
    done(await cli.up(guestbook, server));
    for (const address of [server.address, server.address6])
      expect((await ask(lab, server, { address })).status).toBe(200);
    expect(await scan(lab, name)).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
    for (const user of ["mallory", "root"]) expect(await passwordLogin(server, user)).toBe("no");
  });

  test("again unchanged, after a reboot: nothing is applied", async () => {
    server = await rebootServer(lab, name);
    const answers = async () => ((await ask(lab, server).catch(() => undefined))?.status === 200 ? true : undefined);
    expect(await until(answers, { timeoutMs: 120_000, everyMs: 1000 })).toBe(true);
    const again = done(await cli.up(guestbook, server));
    expect(applied(again)).toEqual([]);
  });
});
