// Replaces the script that runs the program on Node with the executable, because starting Node takes longer than a
// whole call of the executable. If this fails, the script remains.
import fs from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findExecutable, isReleased } from './find-executable.js';

const script = fileURLToPath(new URL('bin/docker-credential-icr.js', import.meta.url));

// Other package managers, and npm on Windows, create shims that start the script with Node.
const isLinked =
  process.platform !== 'win32' && process.env.npm_config_user_agent?.startsWith('npm/');
if (isLinked) {
  const aside = `${script}.${process.pid}`;
  try {
    const found = findExecutable();
    if (found !== undefined) replace(found, aside);
  } catch {
    fs.rmSync(aside, { force: true });
  }
}

function replace({ name, file }, aside) {
  fs.copyFileSync(file, aside, fs.constants.COPYFILE_FICLONE);
  if (isReleased(name, aside)) {
    fs.chmodSync(aside, 0o755);
    fs.renameSync(aside, script);
  } else {
    fs.rmSync(aside);
    process.stderr.write(
      `docker-credential-icr: ${file} does not match the checksum of the release, and is not used; Node runs the program\n`,
    );
  }
}
