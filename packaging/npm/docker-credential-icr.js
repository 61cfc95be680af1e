#!/usr/bin/env node
// Runs the executable of this platform's package or, where npm has put none beside us, the same
// program on Node. Where npm may run scripts, install.js has put the executable itself in this place.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { findExecutable } from '../find-executable.js';

const file = findExecutable();
const words = process.argv.slice(2);
if (file === undefined) {
  await import('../lib/main.js');
} else if (process.platform === 'win32') {
  const { status, error } = spawnSync(file, words, { stdio: 'inherit', windowsHide: true });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
} else {
  // In our place: signals, descriptors and the exit status are its own.
  process.execve(file, [file, ...words], process.env);
}
