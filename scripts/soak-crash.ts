import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, type Part } from './soak-part.ts';
import { parseTotals } from './uvu-run.ts';

const root = path.dirname(import.meta.dirname);

/** Runs a test file with more iterations than `make test` uses, and returns its output. */
function runTest(name: string, env: Readonly<Record<string, string>>): string {
  const file = path.join(root, 'test', 'integration', `${name}.test.ts`);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const failed = parseTotals(stdout)?.failed;
  if (status !== 0 || failed !== 0) console.log(stdout + stderr);
  expect(status === 0 && failed === 0, `${name} failed`);
  return stdout;
}

async function everyStep(name: string): Promise<string> {
  return `${parseTotals(runTest(name, { SOAK: '1' }))?.passed} tests, every step`;
}

export function killed(kills: number): Part {
  return {
    name: 'killed at random moments',
    what: 'SIGKILL during store, erase, login, configure, api-key rotate and the minting of a token. Acknowledged changes are complete, every file of a client parses and is the old or the new version, and the next command works',
    run: async () => {
      const seed = Date.now() % 1_000_000;
      const output = runTest('crash-killed', {
        SOAK_KILLS: String(kills),
        SOAK_SEED: String(seed),
      });
      const counts = [...output.matchAll(/killed (\{.*\})/g)].map(([, json = '{}']) =>
        JSON.parse(json),
      );
      const text = counts
        .map(({ name, killed: count, of }) => `${name} ${count} of ${of}`)
        .join(', ');
      return `${text}; seed ${seed}`;
    },
  };
}

export const raced: Part = {
  name: 'two commands, one stopped or killed at every step',
  what: '`api-key rotate`, `login`, `logout`, `store move`, `api-key create --save` and the minting of a token are stopped or killed before each change to a file and during each request of IAM, and a second command changes the same secret. Stored API keys are active in IAM, and each active key that a command created is stored or recorded',
  run: () => everyStep('key-races'),
};

export const moved: Part = {
  name: 'store move killed at every step',
  what: '`store move` between files and two simulated keychains, killed before each call of a keychain and each change to a file. The store in use has all secrets, and the next move leaves every secret in one store only',
  run: () => everyStep('store-move'),
};
