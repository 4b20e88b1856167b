export interface Option {
  id: number;
  text: string;
  votes: number;
}

export interface Poll {
  id: number;
  question: string;
  options: Option[];
}

export const listPolls = (): Promise<Poll[]> => ask("/api/polls");

export const createPoll = (question: string, options: string[]): Promise<Poll> =>
  ask("/api/polls", { question, options });

export const vote = (poll: Poll, option: Option): Promise<{ id: string }> =>
  ask(`/api/polls/${poll.id}/votes`, { option_id: option.id });

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await problemIn(response));
  return (await response.json()) as T;
}

/** FastAPI says what is wrong in `detail`: a sentence, or a list of what did not fit. */
async function problemIn(response: Response): Promise<string> {
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string | { msg: string }[] };
  if (Array.isArray(detail)) return detail.map(({ msg }) => msg).join(" ");
  return detail ?? `The server answered ${response.status}.`;
}
