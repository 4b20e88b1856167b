/** What decides whether a flag (`--yes`) may stand for a person's consent to a plan. */
export interface FlagCase {
  /** The stack was never applied, here or on its server. */
  newStack: boolean;
  /** The server is there and was named by the person; nothing is made or rented for it. */
  serverAtHand: boolean;
  /** The plan adds to a bill. */
  costs: boolean;
  /** The plan removes data or machines. */
  destroys: boolean;
  /** The grant key is sealed: then a passphrase is asked for, and a flag is none. */
  sealed: boolean;
}

/** Why `--yes` is not enough; undefined where it is. Whether a person holds the shell is asked apart (agent.ts). */
export function flagRefusal({ newStack, serverAtHand, costs, destroys, sealed }: FlagCase): string | undefined {
  if (sealed) return "approvals here are protected by a passphrase";
  if (destroys) return "the plan destroys something";
  if (costs) return "the plan costs money";
  if (!serverAtHand) return "the server does not exist yet";
  if (!newStack) return "the stack exists already";
  return undefined;
}
