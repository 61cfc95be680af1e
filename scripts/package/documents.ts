import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ArchiveFile } from './archive.ts';
import { manPage } from './man-page.ts';
import { notices, type Runtime } from './notices.ts';
import { root, type Stamp } from './stamp.ts';
import { program } from './targets.ts';

/** The file names under which the shells load completions automatically. */
const completions = {
  bash: `completions/bash/${program}`,
  zsh: `completions/zsh/_${program}`,
  fish: `completions/fish/${program}.fish`,
} as const;

/** Returns the documents for an executable with this runtime. They are the same for every target. */
export async function documents(stamp: Stamp, runtime: Runtime = 'bun'): Promise<ArchiveFile[]> {
  const files: readonly (readonly [name: string, text: string])[] = [
    ['LICENSE', fs.readFileSync(path.join(root, 'LICENSE'), 'utf8')],
    ['THIRD-PARTY-NOTICES.md', notices(runtime)],
    [`man/man1/${program}.1`, await manPage(stamp)],
    ...Object.entries(completions).map(([shell, name]) => [name, completionFor(shell)] as const),
  ];
  return files.map(([name, text]) => ({ name, data: Buffer.from(text) }));
}

/** Runs the source, because this machine may be unable to run the target's executable. */
function completionFor(shell: string): string {
  const words = [path.join('src', 'main.ts'), 'completion', shell];
  return execFileSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
}
