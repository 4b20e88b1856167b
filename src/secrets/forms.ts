/**
 * Shorter values are not scrubbed: "1" or "test" stands in every log, masking it would destroy the text and, by the
 * gaps, tell the value. Who sets such a secret must be told (`isScrubbable`).
 */
const shortest = 6;

/** A line of a longer value (a private key) is masked by itself from this length on: logs indent and prefix lines. */
const shortestLine = 12;

export const isScrubbable = (value: string): boolean => value.length >= shortest;

/**
 * The texts under which a value shows in logs and errors: as it is, URL-encoded, in base64 wherever it stands in what
 * was encoded, escaped for JSON and for a shell. Not found: base64 broken into lines within the value, other encodings
 * (hex, gzip), and what a program does with parts of it.
 */
export function formsOf(value: string): string[] {
  if (!isScrubbable(value)) return [];
  const lines = value.split(/\r?\n/);
  const longLines = lines.length > 1 ? lines.filter((line) => line.trim().length >= shortestLine) : [];
  const all = [value, ...longLines].flatMap((text) => [
    text,
    ...urlEncoded(text),
    ...base64Within(text),
    ...jsonEscaped(text),
    ...shellEscaped(text),
  ]);
  return [...new Set(all)].filter((form) => form.length >= shortest);
}

function urlEncoded(text: string): string[] {
  const upper = encodeURIComponent(text.toWellFormed());
  // What encodeURIComponent leaves alone, other encoders (Python, PHP, RFC 3986) do not.
  const strict = upper.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const slashes = [upper, strict].map((form) => form.replaceAll("%2F", "/"));
  const form = new URLSearchParams([["", text]]).toString().slice(1);
  const forms = [upper, strict, ...slashes, encodeURI(text.toWellFormed()), form];
  const spaced = [...forms, ...forms.map((form) => form.replaceAll("%20", "+"))];
  return [...spaced, ...spaced.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** Base64 of a longer text that holds this one: three alignments, each without the letters that it shares with neighbours. */
function base64Within(text: string): string[] {
  const bytes = Buffer.from(text);
  const standard = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return [...standard, ...standard.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

function jsonEscaped(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = plain.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // Go and PHP escape more: `<`, `>`, `&` as code points, and the slash.
  const go = plain.replace(/[<>&]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const once = [plain, ascii, go, plain.replaceAll("/", "\\/"), ascii.replaceAll("/", "\\/")];
  // JSON within JSON: Engine errors and structured logs.
  return [...once, JSON.stringify(plain).slice(1, -1)];
}

function shellEscaped(text: string): string[] {
  return [
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replace(/[\\"$`]/g, "\\$&"),
    text.replace(/[^A-Za-z0-9_@%+=:,./-]/g, "\\$&"),
    text.replace(/[^A-Za-z0-9_@%+=:,./\u0080-\uffff-]/g, "\\$&"),
    // bash's $'…', as `set -x` and `printf %q` print it.
    text.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r"),
    // compose.yaml and systemd units double the dollar.
    text.replaceAll("$", "$$$$"),
  ];
}
