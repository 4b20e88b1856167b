/** What one conversation of the bundled agent is given. */
export interface AgentOptions {
  /** What the person wants; undefined: they are asked. */
  message: string | undefined;
  model: string;
  /** Berth's own version: how the agent names itself to the server. */
  version: string;
  api: { key: string; baseURL?: string | undefined };
  /** Starts Berth's MCP server; the agent has no other way to act. */
  serve: { command: string; args: readonly string[]; env: Readonly<Record<string, string>>; cwd: string };
  person: Person;
  /** Requests to the model, and US dollars, that the whole conversation may take. Looked at before each request. */
  limits: { turns: number; usd: number };
  /** JSON Lines file of all that went to and fro. */
  transcript: string;
  signal: AbortSignal;
}

/** Whoever sits before the agent: a terminal, or a scripted one. It makes safe what it shows. */
export interface Person {
  /** The model's words, in pieces as they come. */
  say(text: string): void;
  /** What is being done: a line. */
  note(line: string): void;
  /** One line of theirs; undefined where nobody is there, or they have left. */
  ask(question: string): Promise<string | undefined>;
  /** Shows what is to be approved, and hears them. `typed`: the word that they must type for a yes; null: a plain yes. */
  decide(question: { message: string; typed: string | null }): Promise<"accept" | "decline" | "cancel">;
  /** Names a page of this computer's to them; `accept` where they will open it. */
  open(page: { message: string; url: string }): Promise<"accept" | "decline" | "cancel">;
}

export interface AgentEnd {
  /** `left`: the person went away; `failed`: `failure` says why. */
  reason: "answered" | "turns" | "cost" | "refused" | "left" | "failed";
  failure?: { code: string; message: string; object: string; cause: string; next: string };
  /** An approval request that the last call ended with. */
  request?: string;
  /** A run that this conversation saw begin or go on, and not end. */
  run?: string;
  turns: number;
  usd: number;
  /** The model's last words. */
  answer: string;
}
