import Docker from "dockerode";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { agentOver, asSocket, type Dial } from "./agent.ts";
import { openSession } from "./channel.ts";
import { endCutCalls } from "./docker/calls.ts";
import type { Exec } from "./exec.ts";
import type { Words } from "./host.ts";
import { quote } from "./quote.ts";
import type { Connection } from "./ssh.ts";

/** MaxSessions (10) counts exec channels but not forwards: dial-stdio leaves four for commands. */
export const engineSessions = 6;

/**
 * The Engine of a server. Root reaches its socket by stream-local forwarding; another user, and root where sshd forbids
 * forwarding, by `docker system dial-stdio`, which needs docker-cli there. Throws `engine_unreachable`.
 */
export async function remoteEngine(connection: Connection, become: Words, exec: Exec): Promise<Docker> {
  const line = quote([...become, "docker", "system", "dial-stdio"]);
  const stdio: Dial = () => openSession(connection, (done) => connection.ssh.exec(line, done), asSocket);
  const socket =
    (path: string): Dial =>
    () =>
      new Promise((resolve, reject) => {
        // On a dead connection ssh2 throws from the call itself; here that becomes the promise's rejection.
        connection.ssh.openssh_forwardOutStreamLocal(path, (error, channel) =>
          error ? reject(error) : resolve(asSocket(channel)),
        );
      });
  const sockets = become.length === 0 ? [socket("/var/run/docker.sock"), socket("/run/docker.sock")] : [];
  const ways = [...sockets.map((dial) => ({ dial, maxSockets: 64 })), { dial: stdio, maxSockets: engineSessions }];
  for (const { dial, maxSockets } of ways) {
    const agent = agentOver(connection, dial, maxSockets);
    // docker-modem hands `agent` to http.request; the types of dockerode do not know it.
    const docker = new Docker({ host: "localhost", protocol: "http", agent } as Docker.DockerOptions);
    endCutCalls(docker, (error) => connection.lost() ?? engineUnreachable(connection.name, error, startThere));
    try {
      await docker.ping();
      return docker;
    } catch {
      agent.destroy();
    }
  }
  throw connection.lost() ?? (await remoteReason(connection.name, exec));
}

/** A stream that ends at once says nothing about why; the command line on the server does. */
async function remoteReason(name: string, exec: Exec): Promise<BerthError> {
  const { stderr, stdout } = await exec(["docker", "version", "--format", "{{.Server.Version}}"]);
  return engineUnreachable(
    name,
    new Error(stderr.trim() || `docker answers there (${stdout.trim()}), but not to this connection`),
    startThere,
  );
}

const startThere = "Install Docker Engine and docker-cli on the server, and start it: systemctl start docker";

/**
 * This machine's Engine, by the value of DOCKER_HOST: `unix:///path`, `tcp://host:port`, or undefined for the usual
 * socket. Throws `engine_unreachable`.
 */
export async function localEngine({
  dockerHost = "unix:///var/run/docker.sock",
}: {
  dockerHost?: string | undefined;
}): Promise<Docker> {
  const docker = new Docker(addressOf(dockerHost));
  const gone = (error: unknown) =>
    engineUnreachable(
      dockerHost,
      error,
      "Start Docker here, or set DOCKER_HOST to a running Engine (unix:///path or tcp://host:port).",
    );
  try {
    await docker.ping();
  } catch (error) {
    throw gone(error);
  }
  // It may end at any time.
  endCutCalls(docker, gone);
  return docker;
}

function addressOf(dockerHost: string): Docker.DockerOptions {
  if (dockerHost.startsWith("unix://")) return { socketPath: dockerHost.slice("unix://".length) };
  const url = URL.parse(dockerHost.replace(/^tcp:/, "http:"));
  if (url?.protocol !== "http:") {
    const next =
      "Set DOCKER_HOST to unix:///path or tcp://host:port; name a remote server as a server of Berth instead.";
    throw engineUnreachable(dockerHost, new Error("this form of DOCKER_HOST is not supported"), next);
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 2375), protocol: "http" };
}

const engineUnreachable = (object: string, error: unknown, next: string) =>
  new BerthError({
    code: "engine_unreachable",
    message: "The Docker Engine does not answer.",
    object,
    cause: cleanLine(error instanceof Error ? error.message : String(error), 500),
    next,
  });
