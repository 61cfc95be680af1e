#!/usr/bin/env node
// Runs the program on this Node, which is faster than starting the executable from here. If Node is too old for the
// program, starts the executable. If npm runs install scripts, install.js has replaced this file with the executable.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

if (process.getBuiltinModule === undefined) {
  await start();
} else {
  await import('../lib/main.js');
}

async function start() {
  const { findExecutable, isReleased } = await import('../find-executable.js');
  const found = findExecutable();
  if (found === undefined) {
    fail(`needs Node 22.15 or later; this is ${process.version}`);
  } else if (!isReleased(found.name, found.file)) {
    fail(`${found.file} does not match the checksum of the release, and was not started`);
  } else {
    run(found.file);
  }
}

function run(executable) {
  const words = process.argv.slice(2);
  // The program's name can select an identity.
  const options = { argv0: process.argv[1], stdio: 'inherit', windowsHide: true };
  const { status, error } = spawnSync(executable, words, options);
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}

function fail(message) {
  process.stderr.write(`docker-credential-icr: ${message}\n`);
  process.exitCode = 1;
}
