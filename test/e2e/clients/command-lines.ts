import fs from 'node:fs';

/** Every process's command line in this namespace, as any user of the machine can read it. */
function commandLines(): string[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // It has ended.
        return '';
      }
    });
}

/** Runs `use` and looks at all command lines meanwhile; those that matched. */
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
