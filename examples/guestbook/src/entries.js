export const limits = { name: 60, message: 1000 };

/** The newest entries first. */
export async function listEntries(pool, count = 100) {
  const { rows } = await pool.query(
    "SELECT id, name, message, picture, created_at FROM entries ORDER BY created_at DESC, id DESC LIMIT $1",
    [count],
  );
  return rows;
}

export async function addEntry(pool, { name, message, picture = null }) {
  const { rows } = await pool.query(
    "INSERT INTO entries (name, message, picture) VALUES ($1, $2, $3) RETURNING id, name, message, picture, created_at",
    [name, message, picture],
  );
  return rows[0];
}

/** What a visitor sent, tidied, and what is wrong with it: a sentence per field. */
export function checkEntry(body) {
  const text = (value) => (typeof value === "string" ? value.replaceAll("\0", "").replaceAll("\r\n", "\n").trim() : "");
  const entry = { name: text(body?.name), message: text(body?.message) };
  const problems = {};
  for (const [field, longest] of Object.entries(limits)) {
    const length = [...entry[field]].length;
    if (length === 0) problems[field] = field === "name" ? "Please say who you are." : "Please write a message.";
    else if (length > longest) problems[field] = `Please use at most ${longest} characters; these are ${length}.`;
  }
  return { entry, problems };
}
