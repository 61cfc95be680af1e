/** Characters; an API key has 32 or more, and no command, host in the table or option has that many. */
const longestWord = 24;

/**
 * Returns the error message of yargs in one line. It repeats the arguments, and one in the wrong place may be a key:
 * long ones are left out, and of short options run together (`-pKEY`) only the first is shown.
 */
export function usageError(message: string, argv: readonly string[]): string {
  const end = argv.indexOf('--');
  const typed = end < 0 ? argv : argv.slice(0, end);
  const cluster = typed.find((word) => /^-[^-]./.test(word));
  if (cluster !== undefined) return `unknown option ${cluster.slice(0, 2)}`;
  const secret = typed.filter((word) => word.length > longestWord && !word.startsWith('--'));
  const shown = secret.reduce((text, word) => text.replaceAll(word, '…'), message);
  const needed = /^not enough arguments following: ([\w-]+)$/i.exec(shown)?.[1];
  return needed === undefined
    ? shown.replace(/\s+/g, ' ').trim().toLowerCase()
    : `--${needed} needs a value`;
}
