#!/usr/bin/env node
// Runs the executable of this platform's package or, where npm has put none beside us, the same
// program on Node. Where npm may run scripts, install.js has put the executable itself in this place.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { findExecutable } from '../find-executable.js';

const file = findExecutable();
const words = process.argv.slice(2);
if (file !== undefined) {
  run(file);
} else if (process.getBuiltinModule === undefined) {
  const version = process.version;
  process.stderr.write(`docker-credential-icr: needs Node 22.15 or later; this is ${version}\n`);
  process.exitCode = 1;
} else {
  await import('../lib/main.js');
}

function run(executable) {
  // In our place: signals, descriptors and the exit status are its own. Windows cannot do that.
  if (process.platform !== 'win32' && process.execve !== undefined) {
    process.execve(executable, [executable, ...words], process.env);
  }
  const { status, error } = spawnSync(executable, words, { stdio: 'inherit', windowsHide: true });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}
