/** Adds the helper to the file of `docker` or `podman` in a directory, and prints the result or the error as JSON. */
import fs from 'node:fs';
import path from 'node:path';
import { docker } from '../../src/clients/docker.ts';
import { planAndApply } from '../../src/clients/edit-file.ts';
import { podmanClients } from '../../src/clients/podman.ts';
import { HelperError } from '../../src/errors.ts';
import { testContext } from '../support/context.ts';

const [folder = '', name = ''] = process.argv.slice(2);
const env = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: path.join(folder, 'auth.json') };
const context = testContext({ env, platform: 'linux', now: Date.now });
const [podman = docker] = podmanClients(context);
const client = name === 'podman' ? podman : docker;
try {
  const { changed, backup } = planAndApply(context, () => client.planAdd(context, ['us.icr.io']));
  console.log(JSON.stringify({ changed, backup }));
} catch (error) {
  if (!(error instanceof HelperError)) throw error;
  const { message, hint, code } = error;
  const content = fs.readFileSync(client.file(context) ?? '', 'utf8');
  console.log(JSON.stringify({ message, hint, code, content }));
}
