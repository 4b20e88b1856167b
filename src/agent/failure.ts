import { AnthropicError, APIConnectionError, APIError, APIUserAbortError } from "@anthropic-ai/sdk";
import { BerthError } from "../kit/error.ts";
import { clean } from "../kit/text.ts";

interface Facts {
  code: string;
  message: string;
  next: string;
}

const again = "Try again in a while. Nothing is lost: plans and runs are kept, and `berth runs` lists them.";

const byStatus: Readonly<Record<number, Facts>> = {
  401: {
    code: "api_key_refused",
    message: "The model's API does not take the key.",
    next: "Set ANTHROPIC_API_KEY to a key that is valid there; `berth up SOURCE --server S --domain D` needs none.",
  },
  402: {
    code: "api_unpaid",
    message: "The model's API asks for payment.",
    next: "Look at the account's billing; `berth up SOURCE --server S --domain D` needs no model.",
  },
  403: {
    code: "api_key_refused",
    message: "The key may not use this model.",
    next: "Use a key that may, or another model: berth agent --model MODEL",
  },
  404: {
    code: "no_such_model",
    message: "The model's API does not know this model.",
    next: "Name another one: berth agent --model claude-opus-5-5",
  },
  413: {
    code: "conversation_too_long",
    message: "The conversation is too long for one request.",
    next: "Begin a new one with berth agent and say what is still to do: plans and runs are kept.",
  },
  429: { code: "api_busy", message: "The model's API takes no more requests for now.", next: again },
};

const unavailable: Facts = {
  code: "api_unavailable",
  message: "The model's API has a problem of its own.",
  next: again,
};
const refused: Facts = {
  code: "api_refused",
  message: "The model's API refused the request.",
  next: "Look at the cause; another model may take it: berth agent --model MODEL",
};
const unreachable: Facts = {
  code: "api_unreachable",
  message: "The model's API cannot be reached, or broke off.",
  next: "Look at the network and at ANTHROPIC_BASE_URL, then try again: plans and runs are kept.",
};

/** What the API's client throws, as a reader can mend it. Anything else is left as it is. */
export function apiFailure(error: unknown, model: string, host: string): unknown {
  if (!(error instanceof AnthropicError) || error instanceof APIUserAbortError) return error;
  const { code, message, next } = factsOf(error);
  return new BerthError({ code, message, object: `${model} at ${host}`, cause: causeOf(error), next });
}

/** The answer ended in its middle, or with an error of the server's: the same request may well be answered now. */
export const brokeOff = (error: unknown): boolean =>
  error instanceof AnthropicError &&
  !(error instanceof APIUserAbortError || error instanceof APIConnectionError) &&
  !(error instanceof APIError && error.status !== undefined);

function factsOf(error: AnthropicError): Facts {
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return unreachable;
  const { status } = error;
  if (status === undefined || status >= 500) return unavailable;
  return byStatus[status] ?? refused;
}

/** The API's own words; or what Node's fetch says in the cause of the cause. */
function causeOf(error: AnthropicError): string {
  if (error instanceof APIError && error.apiMessage !== null)
    return clean(`${error.status ?? error.type}: ${error.apiMessage}`, 500);
  const words = [error.message];
  for (let below = error.cause; below instanceof Error; below = below.cause) words.push(below.message);
  return clean([...new Set(words)].filter((word) => word !== "").join(" "), 500);
}
