import type { Host } from "../../host/host.ts";
import { quote } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import type { Ended } from "./release-record.ts";

/** The release command ended otherwise than with 0; it is not run again by itself. */
export const migrationFailed = (ended: Ended, record: string, host: Host): BerthError =>
  new BerthError({
    code: "migration_failed",
    message: `The release command ended with exit code ${ended.exitCode}. The version before serves on.`,
    object: ended.container,
    cause: `${ended.outOfMemory ? "It needed more memory than the service may have. " : ""}${
      ended.lines === "" ? "It has printed nothing." : `Its last lines:\n${ended.lines}`
    }`,
    next: `A changed source is a new release, whose command is run: berth up. To run this one again, as it is: ${forget(host, record)}, then berth resume`,
  });

/** Created, and then gone without a word of how it ended: only a person can know whether it ran. */
export const migrationUnknown = (container: string, record: string, host: Host): BerthError =>
  new BerthError({
    code: "migration_unknown",
    message: "Nobody knows whether the release command has run.",
    object: container,
    cause: "Its container was created, and is gone; it left no exit code. Running it twice could do harm.",
    next: `Look into the database. Has it not run: ${forget(host, record)}, then berth resume. Has it run: ${settle(host, record, container)}, then berth resume`,
  });

const forget = (host: Host, record: string) => onServer(host, `${asRoot(host)}rm ${quote([record])}`);

const settle = (host: Host, record: string, container: string) => {
  const ended: Ended = { state: "ended", container, exitCode: 0, outOfMemory: false, lines: "said by a person" };
  return onServer(host, `${quote(["printf", "%s", JSON.stringify(ended)])} | ${asRoot(host)}${quote(["tee", record])}`);
};

const asRoot = ({ user }: Host) => (user === "root" ? "" : "sudo ");

/** A line to type here. */
const onServer = ({ user, address, port }: Host, command: string) =>
  quote(["ssh", "-p", String(port), `${user}@${address}`, command]);
