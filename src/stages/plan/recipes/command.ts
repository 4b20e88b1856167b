const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * A start command as the words of an image's CMD. Plain words stand for themselves, so that the process is the container's
 * first and gets its signals; anything that needs a shell gets one, replaced by its last command where that is possible.
 */
export function commandWords(command: string): string[] {
  const words = command.trim().split(/\s+/);
  const isPlain = words.every((word) => plain.test(word)) && !/^[A-Za-z_]\w*=/.test(words[0] ?? "");
  if (isPlain) return words;
  return ["sh", "-c", /[;&|]/.test(command) ? command : `exec env ${command}`.replace(/^exec env (?!\w+=)/, "exec ")];
}
