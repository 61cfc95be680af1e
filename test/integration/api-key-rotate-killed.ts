/** Runs an interactive command and kills it before its nth change to a file, which a timeout cannot hit exactly. */
import fs from 'node:fs';
import { processContext } from '../../src/process-context.ts';

const [number, ...words] = process.argv.slice(2);
let left = Number(number);

/** Lock files are not counted, because their changes depend on timing. */
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
