/** A command as Docker Compose takes a string: words as a shell splits them, quotes and backslashes taken away, nothing else. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (quote === "'" ? letter === "'" : quote !== "" && letter === quote) quote = "";
    else if (letter === "\\" && quote !== "'" && at + 1 < text.length) word = (word ?? "") + (text[++at] ?? "");
    else if (quote === "" && (letter === "'" || letter === '"')) {
      quote = letter;
      word ??= "";
    } else if (quote === "" && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + letter;
  }
  return word === undefined ? words : [...words, word];
}

/** Words as one command for a shell. */
export const commandLine = (words: readonly string[]): string =>
  words[0]?.endsWith("sh") && words[1] === "-c" && words.length === 3
    ? (words[2] ?? "")
    : words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
