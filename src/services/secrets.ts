import { BerthError } from "../kit/error.ts";
import { fingerprint, newFingerprintKey } from "../secrets/fingerprint.ts";
import { isScrubbable } from "../secrets/forms.ts";
import { secretsKey } from "../secrets/key.ts";
import { type Secret, secret } from "../secrets/value.ts";
import { openVault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";

/** What people set for their stacks. Plans know the values by keyed fingerprints. */
export interface GivenSecrets {
  /** Whether the value can be masked in logs: a short one stands in every log by chance. */
  set(stack: string, name: string, value: string): { scrubbable: boolean };
  remove(stack: string, name: string): void;
  /** Fingerprint of each newest value, by name. */
  fingerprints(stack: string): Record<string, string>;
  /** The value of that fingerprint, newest or not: an earlier plan has its own. Throws `secret_missing`. */
  value(stack: string, name: string, print: string): Secret;
  /** By which the fingerprints of a stack's values are made. */
  fingerprintKey(stack: string): string;
  /**
   * Takes over what a stack's server keeps: its key, and values of which the later are newer. From then on the fingerprints
   * are those of the plans that stand there.
   */
  adopt(stack: string, key: string, values: readonly { name: string; value: string }[]): void;
  /** All values of all stacks, older ones too, that must not be shown. One that cannot be read is left out. */
  all(): Secret[];
}

/** Kept beside the secrets, under a name that no variable can have. */
const keyName = ".fingerprint-key";

/** Variables of the environment, as POSIX names them. */
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function givenSecrets(store: Store): GivenSecrets {
  const vault = openVault(store, secretsKey(store.folder), () => new Date());
  const keyOf = (stack: string): string => {
    const known = vault.get(stack, keyName);
    if (known) return known.reveal();
    const key = newFingerprintKey();
    vault.set(stack, keyName, secret(key));
    return key;
  };
  const versions = (stack: string, name?: string) =>
    vault.list(stack).filter((version) => version.name !== keyName && (name === undefined || version.name === name));
  const printOf = (stack: string, name: string, version: number) => {
    const value = vault.get(stack, name, version);
    return value && { value, print: fingerprint(keyOf(stack), value) };
  };

  return {
    set(stack, name, value) {
      if (!variable.test(name)) throw badName(name);
      vault.set(stack, name, secret(value));
      return { scrubbable: isScrubbable(value) };
    },
    remove(stack, name) {
      const found = versions(stack, name);
      if (found.length === 0) throw missing(stack, name, "It was never set here.");
      store.write(() => {
        for (const { version } of found) vault.remove(stack, name, version);
      });
    },
    fingerprints(stack) {
      // Oldest first, so that the newest of each name is the one that stays.
      const prints = versions(stack).map(({ name, version }) => [name, printOf(stack, name, version)?.print ?? ""]);
      return Object.fromEntries(prints);
    },
    value(stack, name, print) {
      for (const { version } of versions(stack, name)) {
        const found = printOf(stack, name, version);
        if (found?.print === print) return found.value;
      }
      throw missing(stack, name, "The value that this plan was made with is not in this state folder.");
    },
    fingerprintKey: keyOf,
    adopt(stack, key, values) {
      store.write(() => {
        vault.set(stack, keyName, secret(key));
        for (const { name, value } of values) vault.set(stack, name, secret(value));
      });
    },
    all: () => vault.values(),
  };
}

const badName = (name: string) =>
  new BerthError({
    code: "usage",
    message: "This is no name of an environment variable.",
    object: name.slice(0, 80),
    cause: "A name has letters, digits and underscores, and does not begin with a digit.",
    next: "berth secrets set NAME --stack STACK",
  });

const missing = (stack: string, name: string, cause: string) =>
  new BerthError({
    code: "secret_missing",
    message: "A secret has no value here.",
    object: `${stack}/${name}`,
    cause,
    next: `berth secrets set ${name} --stack ${stack}`,
  });
