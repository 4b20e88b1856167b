import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { parseListeners } from "./listeners.ts";
import { demultiplex } from "./logs.ts";
import { untilDone } from "./messages.ts";
import { byDigest } from "./pull.ts";

test("listeners are read from the kernel's tables, loopback apart, the Engine's resolver left out", () => {
  const row = (address: string, state = "0A") =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 0 0 1`;
  const rows = [
    "  sl  local_address rem_address   st tx_queue rx_queue",
    row("0B00007F:9C41"),
    row("0100007F:1F90"),
    row("00000000:0BB8"),
    row("00000000:0BB9", "01"),
    row("00000000000000000000000001000000:0016"),
    row("0000000000000000FFFF00000100007F:0017"),
    row("00000000000000000000000000000000:1F91"),
  ];
  expect(parseListeners(rows.join("\n"))).toEqual([
    { port: 22, loopback: true },
    { port: 23, loopback: true },
    { port: 3000, loopback: false },
    { port: 8080, loopback: true },
    { port: 8081, loopback: false },
  ]);
});

test("a port that is open on loopback and elsewhere can be reached", () => {
  const row = (address: string) => `   0: ${address}:0BB8 00000000:0000 0A 00000000:00000000`;
  expect(parseListeners([row("00000000"), row("0100007F")].join("\n"))).toEqual([{ port: 3000, loopback: false }]);
});

test("frames of stdout and stderr become one text, a cut one as far as it goes", () => {
  const frame = (stream: number, text: string) =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const raw = Buffer.concat([frame(1, "out\n"), frame(2, "error\n")]);
  expect(demultiplex(raw)).toBe("out\nerror\n");
  expect(demultiplex(raw.subarray(0, -3))).toBe("out\nerr");
});

test("an error in the middle of the Engine's answer is thrown, its progress bars are not shown", async () => {
  const lines = ['{"status":"Pulling from x","id":"1"}', '{"status":"Downloading","id":"ab","progressDetail":{}}', ""];
  const shown: string[] = [];
  await untilDone(PassThrough.from([lines.join("\r\n")]), (text) => shown.push(text));
  expect(shown).toEqual(["1: Pulling from x\n"]);
  const failing = PassThrough.from(['{"status":"a"}\n{"errorDetail":{"message":"m"},"error":"no such manifest"}\n']);
  await expect(untilDone(failing)).rejects.toThrow("no such manifest");
});

test("a tag beside a digest goes, a port stays", () => {
  expect(byDigest("postgres:17@sha256:ab")).toBe("postgres@sha256:ab");
  expect(byDigest("10.0.0.1:5000/x/y@sha256:ab")).toBe("10.0.0.1:5000/x/y@sha256:ab");
});
