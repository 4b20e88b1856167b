import facts from "./models.json" with { type: "json" };

/** What is known of a model. A price that hangs on a request's length stands there at its dearest. */
export interface Model {
  /** Exactly this one is in the list. */
  known: boolean;
  input: number;
  output: number;
  cacheRead: number;
  /** It decides by itself how much to think, and says so between its calls. */
  adaptive: boolean;
}

interface Tokens {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens?: number | null;
  cache_creation_input_tokens?: number | null;
}

/** A model that is not in the list counts as the dearest that is, so that a limit comes too early rather than too late. */
export function modelOf(name: string): Model {
  const found = Object.entries(facts.models).find(([listed]) => name === listed || isDated(name, listed));
  const [, { input, output, cache_read, adaptive }] = found ?? dearest;
  return { known: found !== undefined, input, output, cacheRead: cache_read, adaptive };
}

const isDated = (name: string, listed: string) =>
  name.startsWith(`${listed}-`) && /^\d{8}$/.test(name.slice(listed.length + 1));

const dearest = Object.entries(facts.models).reduce((one, other) =>
  other[1].output > one[1].output || (other[1].output === one[1].output && other[1].cache_read > one[1].cache_read)
    ? other
    : one,
);

export const pricesAsOf = facts.as_of;

/** US dollars of one reply. */
export function costOf(tokens: Tokens, { input, output, cacheRead }: Model): number {
  const asInput =
    tokens.input_tokens +
    (tokens.cache_read_input_tokens ?? 0) * cacheRead +
    (tokens.cache_creation_input_tokens ?? 0) * facts.cache_write;
  return (asInput * input + tokens.output_tokens * output) / 1_000_000;
}
