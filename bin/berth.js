#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// What `berth` on a person's PATH is: finds a Node that is new enough before anything is loaded that an older one cannot read.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const program = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
// A checkout brings its own, as an npm package.
const own = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

if (!existsSync(program)) refuse(`${program} is not there.`, "Build Berth first, in its folder: npm run build");
else if (major > 22 || (major === 22 && minor >= 13)) await import(program);
else if (existsSync(own)) startWith(own);
else
  refuse(`This is Node ${process.versions.node} (${process.execPath}).`, "Install Node 22.13 or later and try again.");

function startWith(node) {
  const args = ["--disable-warning=ExperimentalWarning", program, ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit" });
  // Ctrl-C reaches the whole group by itself: what it means, the program decides.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}

function refuse(why, next) {
  process.stderr.write(`✗ Berth cannot start.\n  what  berth\n  why   ${why}\n  next  ${next}\n`);
  process.exitCode = 1;
}
