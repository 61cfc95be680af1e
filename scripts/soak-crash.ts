import path from 'node:path';
import { races } from '../test/integration/key-race-commands.ts';
import { expect, type Part } from './soak-part.ts';
import { addCounts, type Count, none, runFile } from './uvu-run.ts';

const root = path.dirname(import.meta.dirname);
const timeLimitMs = 3600_000;

interface Result {
  readonly count: Count;
  readonly output: string;
}

/** Runs the tests of a file, or those with a name, with more iterations than `make test` uses. */
async function runTest(
  file: string,
  env: Readonly<Record<string, string>>,
  name?: string,
): Promise<Result> {
  let output = '';
  const count = await runFile(path.join(root, 'test', 'integration', `${file}.test.ts`), {
    env: { ...process.env, ...env },
    timeLimitMs,
    show: (text) => {
      output += text;
    },
    ...(name === undefined ? {} : { name }),
  });
  const isPassed = count.failed === 0 && count.passed > 0;
  if (!isPassed) console.log(output);
  expect(isPassed, `${file} failed`);
  return { count, output };
}

/** Runs the tests with each of the names, or all, in a process of their own. */
async function everyStep(file: string, names: readonly (string | undefined)[]): Promise<string> {
  let sum = none;
  for (const name of names) {
    const { count } = await runTest(file, { SOAK: '1' }, name);
    if (name !== undefined) console.log(`  ${name.replace(/: $/, '')}: ${count.passed} tests`);
    sum = addCounts(sum, count);
  }
  return `${sum.passed} tests, every step`;
}

export function killed(kills: number): Part {
  return {
    name: 'killed at random moments',
    what: 'SIGKILL during store, erase, login, configure, api-key rotate and the minting of a token. Acknowledged changes are complete, every file of a client parses and is the old or the new version, and the next command works',
    run: async () => {
      const seed = Date.now() % 1_000_000;
      const { output } = await runTest('crash-killed', {
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
  run: () =>
    everyStep('key-races', [...Object.keys(races).map((pair) => `${pair}: `), 'another key']),
};

export const moved: Part = {
  name: 'store move killed at every step',
  what: '`store move` between files and two simulated keychains, killed before each call of a keychain and each change to a file. The store in use has all secrets, and the next move leaves every secret in one store only',
  run: () => everyStep('store-move', [undefined]),
};
