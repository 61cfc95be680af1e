/**
 * Runs a command from source and stops or kills its own process before the nth change to a file. The first argument
 * is n; `RACE_SIGNAL` is the signal.
 */
import fs from 'node:fs';

const [number, ...words] = process.argv.slice(2);
const signal = process.env.RACE_SIGNAL === 'SIGKILL' ? 'SIGKILL' : 'SIGSTOP';
let left = Number(number);

/** Lock files are not counted, because their changes depend on timing. */
function stopBefore(file: fs.PathLike): void {
  if (/\.lock/.test(String(file))) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, signal);
}

const { renameSync, unlinkSync, linkSync } = fs;
Object.assign(fs, {
  renameSync: (from: fs.PathLike, to: fs.PathLike) => {
    stopBefore(to);
    renameSync(from, to);
  },
  unlinkSync: (file: fs.PathLike) => {
    stopBefore(file);
    unlinkSync(file);
  },
  linkSync: (from: fs.PathLike, to: fs.PathLike) => {
    stopBefore(to);
    linkSync(from, to);
  },
});

process.argv.splice(2, process.argv.length, ...words);
await import('../../src/main.ts');
