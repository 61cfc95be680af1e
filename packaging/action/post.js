// Removes everything that the job stored: the post step of action.yml. It also runs if the job fails.
import fs from 'node:fs';
import { isJobDirectory } from './directory.js';
import { exportVariable, fail, state } from './runner.js';

try {
  const directory = state('directory');
  if (isJobDirectory(directory)) {
    // Symlinks are removed, not followed.
    fs.rmSync(directory, { recursive: true, force: true });
    // Post steps of earlier actions still use Docker.
    exportVariable('DOCKER_CONFIG', state('docker-config'));
  }
} catch (error) {
  fail(error.message);
}
