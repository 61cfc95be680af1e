// Puts the executable in the place of the script that would run the program on Node: Node alone takes
// longer to start than the executable to answer. Where this does not work, the script goes on doing it.
import fs from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findExecutable, isReleased } from './find-executable.js';

const script = fileURLToPath(new URL('bin/docker-credential-icr.js', import.meta.url));

// Other package managers, and on Windows npm as well, have shims that start the script with Node.
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
      `docker-credential-icr: ${file} is not what was released, and is not used; Node runs the program\n`,
    );
  }
}
