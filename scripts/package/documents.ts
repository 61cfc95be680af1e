import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ArchiveFile } from './archive.ts';
import { manPage } from './man-page.ts';
import { notices, type Runtime } from './notices.ts';
import { root, type Stamp } from './stamp.ts';
import { program } from './targets.ts';

/** What each shell calls a file of completions that it looks for by itself. */
const completions = {
  bash: `completions/bash/${program}`,
  zsh: `completions/zsh/_${program}`,
  fish: `completions/fish/${program}.fish`,
} as const;

/** What comes with an executable on this runtime, the same for every target. */
export async function documents(stamp: Stamp, runtime: Runtime = 'bun'): Promise<ArchiveFile[]> {
  const files: readonly (readonly [name: string, text: string])[] = [
    ['LICENSE', fs.readFileSync(path.join(root, 'LICENSE'), 'utf8')],
    ['THIRD-PARTY-NOTICES.md', notices(runtime)],
    [`man/man1/${program}.1`, await manPage(stamp)],
    ...Object.entries(completions).map(([shell, name]) => [name, completionFor(shell)] as const),
  ];
  return files.map(([name, text]) => ({ name, data: Buffer.from(text) }));
}

/** Asked of the source: this machine may not be able to run the executable. */
function completionFor(shell: string): string {
  const words = [path.join('src', 'main.ts'), 'completion', shell];
  return execFileSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
}
