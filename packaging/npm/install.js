// Puts the executable in the place of the script that would start it: Node alone takes longer to start
// than the executable to answer. Where this does not work, the script goes on doing it.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { findExecutable } from './find-executable.js';

const script = path.join(import.meta.dirname, 'bin', 'docker-credential-icr.js');
const file = findExecutable();
// On Windows npm's own shims start the script with Node.
if (file !== undefined && process.platform !== 'win32') {
  const aside = `${script}.${process.pid}`;
  try {
    fs.copyFileSync(file, aside, fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(aside, 0o755);
    fs.renameSync(aside, script);
  } catch {
    fs.rmSync(aside, { force: true });
  }
}
