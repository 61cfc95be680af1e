/** The commands that people type, killed before the change of that number to a file, as no time limit could be. */
import fs from 'node:fs';
import { processContext } from '../../src/process-context.ts';

const [number, ...words] = process.argv.slice(2);
let left = Number(number);

/** Locks are changed whenever somebody looks at the clock. */
function endBefore(file: fs.PathLike): void {
  if (String(file).includes('.lock')) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const { renameSync, unlinkSync } = fs;
Object.assign(fs, {
  renameSync: (from: fs.PathLike, to: fs.PathLike) => {
    endBefore(to);
    renameSync(from, to);
  },
  unlinkSync: (file: fs.PathLike) => {
    endBefore(file);
    unlinkSync(file);
  },
});

const { runInteractive } = await import('../../src/cli/cli.ts');
process.exit(await runInteractive(processContext(), words));
