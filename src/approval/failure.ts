import { BerthError } from "../kit/error.ts";

const again = "Ask for approval again: repeat the command, or berth approve with the id that it prints.";

const failure = (code: string, message: string) => (object: string, cause: string, next: string) =>
  new BerthError({ code, message, object, cause, next });

export const noRequest = (id: string) =>
  failure("no_such_request", "There is no approval request of this name.")(
    id,
    "The id is misspelt, or it is in another state folder.",
    again,
  );

export const requestClosed = (id: string, cause: string) =>
  failure("request_closed", "This approval request is closed.")(id, cause, again);

export const baseChanged = (object: string, drift: readonly string[]) =>
  failure("base_changed", "What the approval rests on has changed since it was shown.")(
    object,
    `Changed: ${drift.join(", ")}`,
    "Make the plan anew and look at it again: berth plan",
  );

export const grantInvalid = (id: string, cause: string) =>
  failure("grant_invalid", "This approval does not cover what is to be done.")(id, cause, again);

export const grantExpired = (id: string, at: number) =>
  failure("grant_expired", "This approval has run out.")(id, `It ended at ${new Date(at).toISOString()}.`, again);

export const partSpent = (id: string, cause: string) =>
  failure("part_spent", "This approval was used for a part of this already.")(id, cause, again);

export const passphraseNeeded = (folder: string) =>
  failure("passphrase_needed", "Approvals here are protected by a passphrase.")(
    folder,
    "None was given.",
    "Approve on a terminal, which asks for it: berth approve",
  );

export const passphraseWrong = (folder: string) =>
  failure("passphrase_wrong", "That is not the passphrase.")(
    folder,
    "The key cannot be unlocked with it.",
    "Try again.",
  );

export const keyDamaged = (path: string, cause: string) =>
  failure("grant_key_damaged", "The key that signs approvals cannot be read.")(
    path,
    cause,
    "Put a backup of the file in its place, or remove it: approvals given before then count no more.",
  );

export const notAPerson = (variable: string, folder: string) =>
  failure("agent_refused", "An agent seems to run this command, and an agent cannot approve.")(
    folder,
    `The environment holds ${variable}.`,
    "Approve in a terminal of your own: berth approve",
  );
