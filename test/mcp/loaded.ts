import { registerHooks } from "node:module";

// Loaded with --import before a program: at its end it says on stderr which packages the program has loaded.
const packages = new Set<string>();
registerHooks({
  load(url, context, next) {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});
process.on("exit", () => process.stderr.write(`packages: ${[...packages].sort().join(" ")}\n`));
