import { holdsSecret } from "../kit/secret-shapes.ts";
import { isSecret } from "../stages/analysis/env-names.ts";

/** A variable whose name or value says that it is a secret. In doubt it is one: a person can still set it as such. */
export const looksSecret = (name: string, value: string): boolean =>
  (isSecret(name) && !isSwitch(value)) || holdsSecret(value);

/** `REQUIRE_PASSWORD=true` is named like a secret and tells nothing. */
const isSwitch = (value: string) => /^(?:|true|false|yes|no|on|off)$/i.test(value);
