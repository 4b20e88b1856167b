/** What stands for a dollar sign: `$$` in compose files, `\$` in Dockerfiles. */
export type Escape = "$$" | "\\$";

export interface Expanded {
  text: string;
  /** Variables without a value and without a default: nothing stands for them in the text. */
  missing: string[];
}

const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const maxDepth = 10;
/** Longer texts stay as they are: nobody writes them by hand, and each open brace is followed to its end. */
const maxLength = 65_536;
const maxBraced = 4096;

/**
 * `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:+other}`, `${NAME+other}`, `${NAME:?message}`,
 * defaults within defaults included. What is none of these stays as it is.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined, dollar: Escape): Expanded {
  const missing: string[] = [];
  if (text.length > maxLength) return { text, missing };
  return { text: replaced(text, 0), missing: [...new Set(missing)] };

  function replaced(part: string, depth: number): string {
    let done = "";
    for (let at = 0; at < part.length; ) {
      if (part.startsWith(dollar, at)) {
        done += "$";
        at += 2;
        continue;
      }
      const found = part[at] === "$" ? variableAt(part, at) : undefined;
      if (found === undefined || depth > maxDepth) {
        done += part[at++];
        continue;
      }
      done += valueFor(found, depth);
      at = found.end;
    }
    return done;
  }

  function valueFor({ variable, operator, word }: Variable, depth: number): string {
    const value = lookUp(variable);
    const there = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
    if (operator.endsWith("+")) return there ? replaced(word, depth + 1) : "";
    if (there) return value ?? "";
    if (operator.endsWith("-")) return replaced(word, depth + 1);
    missing.push(variable);
    return "";
  }
}

interface Variable {
  variable: string;
  operator: string;
  word: string;
  end: number;
}

function variableAt(text: string, at: number): Variable | undefined {
  const braced = text[at + 1] === "{";
  name.lastIndex = at + (braced ? 2 : 1);
  const variable = name.exec(text)?.[0];
  if (variable === undefined) return undefined;
  const behind = name.lastIndex;
  if (!braced) return { variable, operator: "", word: "", end: behind };
  const close = closing(text, behind);
  if (close === undefined) return undefined;
  const inside = text.slice(behind, close);
  const operator = /^:?[-+?]/.exec(inside)?.[0] ?? "";
  if (inside !== "" && operator === "") return undefined;
  return { variable, operator, word: inside.slice(operator.length), end: close + 1 };
}

/** The brace that closes the one that is open at `from`. */
function closing(text: string, from: number): number | undefined {
  const end = Math.min(text.length, from + maxBraced);
  for (let at = from, open = 1; at < end; at++) {
    if (text.startsWith("${", at)) open++;
    if (text[at] === "}" && --open === 0) return at;
  }
  return undefined;
}
