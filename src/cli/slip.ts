/** Characters; an API key has 32 or more, and no command, host in the table or option has that many. */
const longestWord = 24;

/**
 * What yargs has against the words that were typed, in one line. It repeats them, and one in the wrong place may be a
 * key: long ones are left out, and of letters run together (`-pKEY`) only the first is said.
 */
export function explainSlip(message: string, argv: readonly string[]): string {
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
