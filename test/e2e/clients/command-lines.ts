import fs from 'node:fs';

/** Returns the command lines of all processes in this namespace, which all users can read. */
function commandLines(): string[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // The process has exited.
        return '';
      }
    });
}

/** Returns the command lines that matched while `use` ran. */
export async function watchCommandLines(
  pattern: RegExp,
  use: () => Promise<unknown>,
): Promise<string[]> {
  const seen = new Set<string>();
  const look = () => {
    for (const line of commandLines()) if (pattern.test(line)) seen.add(line);
  };
  const timer = setInterval(look, 5);
  try {
    await use();
  } finally {
    clearInterval(timer);
  }
  return [...seen];
}
