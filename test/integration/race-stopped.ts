/**
 * Runs a command from source and stops or kills its own process before a change to a file: at the first change whose
 * number is that of the first word. `RACE_SIGNAL` names the signal.
 */
import fs from 'node:fs';

const [number, ...words] = process.argv.slice(2);
const signal = process.env.RACE_SIGNAL === 'SIGKILL' ? 'SIGKILL' : 'SIGSTOP';
let left = Number(number);

/** Locks are changed whenever a waiting process looks at the clock. */
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
