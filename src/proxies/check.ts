import { BerthError } from "../kit/error.ts";
import { labels } from "../kit/layout.ts";
import { clean } from "../kit/text.ts";
import { until } from "../kit/wait.ts";
import type { ProxyAccess } from "./access.ts";
import { slotAt } from "./slots.ts";

/** It takes well below a second; one that has not ended by then is refused as it stands. */
const mostMs = 60_000;

/** Of nobody else. */
const checkSlot = slotAt(8440);

/**
 * Lets the proxy's own image judge a configuration that lies on the server, in a container without a network.
 * Throws `proxy_configuration_invalid` with what it said.
 */
export async function checkConfiguration(
  { engine, proxy, image }: Pick<ProxyAccess, "engine" | "proxy" | "image">,
  path: string,
): Promise<void> {
  const name = `${proxy.containerName}-check`;
  const body = proxy.container(image, checkSlot, { [labels.role]: "proxy-check" });
  const { Binds, ...hostConfig } = body["HostConfig"] as { Binds: string[] };
  const left = engine.getContainer(name);
  // What a broken connection left behind; none of its own volumes is lost, it has none.
  await left.remove({ force: true }).catch(() => undefined);
  const container = await engine.createContainer({
    ...body,
    name,
    Cmd: proxy.validate(path),
    // A terminal gives one plain stream instead of frames.
    Tty: true,
    HostConfig: {
      ...hostConfig,
      // It is told nothing, and says nothing to anybody.
      Binds: Binds.filter((bind) => !bind.startsWith(checkSlot.run)),
      NetworkMode: "none",
      RestartPolicy: { Name: "no" },
    },
  });
  try {
    await container.start();
    // Asked again and again: the answer to a wait begins at once, and an Engine that ends before it is whole leaves who waits there.
    const ended = async () => {
      const { State } = await container.inspect();
      return State.Status === "exited" || State.Status === "dead" ? State.ExitCode : undefined;
    };
    if ((await until(ended, { timeoutMs: mostMs })) === 0) return;
    const said = (await container.logs({ stdout: true, stderr: true, tail: 20 })).toString();
    throw new BerthError({
      code: "proxy_configuration_invalid",
      message: "The proxy refuses the new configuration, so the earlier one stays.",
      object: path,
      cause: clean(said.trim().split("\n").slice(-2).join("\n"), 1000),
      next: "This is most likely a bug in Berth, or a route that the proxy cannot serve: report it with the cause above.",
    });
  } finally {
    await container.remove({ force: true });
  }
}
