import { z } from "zod";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";
import { defineStep } from "../context.ts";

const swapFile = "/swapfile-berth";

/** A swap file where memory is small; swap that is there already, of whatever size, is enough. */
export const addSwap = defineStep({
  kind: "provision.swap",
  effect: "change",
  input: z.object({ megabytes: z.int().positive() }),
  before: z.object({ container: z.boolean() }),
  output: z.object({ kilobytes: z.int().positive() }),
  title: ({ megabytes }) => `add ${megabytes} MB of swap`,
  async observe(_input, { host }) {
    const kilobytes = Number(await host.read(["awk", "NR > 1 { sum += $3 } END { print sum + 0 }", "/proc/swaps"]));
    if (kilobytes > 0) return { output: { kilobytes } };
    const { code } = await host.exec(["systemd-detect-virt", "--quiet", "--container"]);
    return { before: { container: code === 0 } };
  },
  async apply({ megabytes }, { container }, ctx) {
    // It would be the host's swap, shared with everybody there.
    if (container)
      throw refused(ctx.host.name, "The server is itself a container: swap belongs to the machine that it runs on.");
    const lock = await ctx.lock("server");
    const { code, stderr } = await lock.exec(sh(makeSwap, swapFile, String(megabytes)));
    if (code !== 0) throw refused(ctx.host.name, stderr);
  },
});

// Swap on btrfs must not be copied on write; elsewhere chattr refuses and nothing is lost.
const makeSwap = `set -eu; umask 077; file=$1
rm -f "$file"; : >"$file"; chattr +C "$file" 2>/dev/null || :
fallocate -l "$2M" "$file"; mkswap --quiet "$file" >/dev/null; swapon "$file" || { rm -f "$file"; exit 1; }
grep -qs "^$file " /etc/fstab || printf '%s none swap sw,nofail 0 0\\n' "$file" >>/etc/fstab`;

const refused = (object: string, cause: string) =>
  new BerthError({
    code: "swap_refused",
    message: "The server takes no swap file.",
    object,
    cause: clean(cause, 300),
    next: "Plan again without swap, or give the server swap by hand; memory limits of the services hold either way.",
  });
