/**
 * Does to the helper what disks, clocks, kills and crowds do, for some minutes, and writes what came of it to
 * docs/reliability.md. Words choose the parts whose name contains one of them; then nothing is written.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describeMachine } from './bench/machine.ts';
import { buildExecutable } from './build.ts';
import { killed, moved } from './soak-crash.ts';
import { fullDisk } from './soak-disk.ts';
import { clock, links, noHome, readOnlyFolders } from './soak-folders.ts';
import { manyAtOnce, manyCredentials } from './soak-load.ts';
import type { Part } from './soak-part.ts';

const parts: readonly Part[] = [
  killed(500),
  moved,
  fullDisk,
  readOnlyFolders,
  links,
  noHome,
  clock,
  manyCredentials(10_000),
  manyAtOnce(200, 60),
];

const file = path.join(path.dirname(import.meta.dirname), 'docs', 'reliability.md');

/** The whole of docs/reliability.md. */
function report(machine: readonly string[], rows: readonly string[]): string {
  return [
    '# Reliability',
    'Written by `make soak`, every number and every word. It takes some minutes; `make test` does the same on a smaller scale, as far as it can without root.',
    machine.map((line) => `- ${line}`).join('\n'),
    'Where something is not as it is said here, `make soak` fails and writes nothing.',
    ...rows,
    '## Why it holds',
    [
      '- A credential is a file of its own. It is written to a temporary file, synced and renamed: a reader sees the old one or the new one, and two logins at once share no file.',
      '- Settings are changed under a lock that a killed process cannot keep: the process table says that it is gone, else its silence does.',
      "- A client's file is changed by a rename as well, and only if it is still what the change was worked out from.",
      '- `store move` and `api-key rotate` write down what they are about to do before they do it. Whoever runs them again ends what was begun.',
      '- Before a move erases a secret, it looks once more for the copy in the store in use; where that of an identity is gone, it stops.',
      '- A machine command (`get`, `list`, `store`, `erase`, `kubelet`) ends within 10 s: keychain calls, each 5 s at most, locks, retries, IAM and the metadata service share one deadline of 9 s, and what has no time left is not started. One exception: a refresh token that IAM has just exchanged is still written to the keychain, even if that takes longer.',
      '- A new API key is kept before IAM is asked to make it, so no lost answer loses it. A rotation, a logout or `api-key create --save` deletes one that is left over.',
      '- A secret is replaced only if it is still what the command read: a login, a logout and a rotation at the same time do not overwrite each other. A process that was stopped and has lost its lock cannot finish its write to a file; a call of a keychain that has begun cannot be taken back.',
      '- A refresh token, which IAM accepts once, is requested only after the stored one has been written again: a full disk is noticed before the login is lost.',
    ].join('\n'),
    '',
  ].join('\n\n');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

async function run(part: Part): Promise<string | undefined> {
  const began = performance.now();
  const figures = await part.run();
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${part.name}: ${figures ?? 'skipped: needs root'} (${seconds} s)`);
  return figures && `## ${capital(part.name)}\n\n${capital(part.what)}.\n\nDone: ${figures}.`;
}

async function main(words: readonly string[]): Promise<void> {
  const chosen = parts.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  );
  buildExecutable();
  const machine = describeMachine().slice(0, 3);
  const rows: string[] = [];
  for (const part of chosen) {
    const row = await run(part);
    if (row !== undefined) rows.push(row);
  }
  if (rows.length < parts.length)
    return console.log('not everything was done: docs/reliability.md stays as it is');
  fs.writeFileSync(file, report(machine, rows));
  console.log('wrote docs/reliability.md');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
