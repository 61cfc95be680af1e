import fs from 'node:fs';
import path from 'node:path';
import { fileStore } from '../src/secrets/file-store.ts';
import { testContext } from '../test/support/context.ts';
import { answer, helper, startHelper } from '../test/support/helper.ts';
import { type Home, inHome, writeIdentity } from '../test/support/home.ts';
import { expect, milliseconds, type Part, quantile } from './soak-part.ts';

const secret = 'canary-'.padEnd(44, '0');

function timed<Value>(act: () => Value): { value: Value; took: number } {
  const began = performance.now();
  const value = act();
  return { value, took: performance.now() - began };
}

function medianGet(home: Home, host: string, username: string): number {
  const times: number[] = [];
  for (let i = 0; i < 50; i += 1) {
    const { value, took } = timed(() => helper(home, 'get', host));
    expect(value.stdout === answer(host, username, secret), value.stdout + value.stderr);
    times.push(took);
  }
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

export function manyCredentials(count: number): Part {
  return {
    name: `${count.toLocaleString('en')} credentials`,
    what: 'one file for each host. `get` takes as long as with a single credential, and `list` returns all of them',
    run: () =>
      inHome((home) => {
        const store = fileStore(testContext({ env: home.env, now: Date.now }));
        const credential = { Username: 'me', Secret: secret };
        const name = (number: number) => `r${number}.example`;
        store.write({ of: 'host', name: name(0) }, { ServerURL: name(0), ...credential });
        const alone = medianGet(home, name(0), 'me');
        const folder = path.join(home.config, 'hosts');
        // Written directly, without syncing each file.
        for (let i = 1; i < count; i += 1) {
          const text = JSON.stringify({ ServerURL: name(i), ...credential });
          fs.writeFileSync(path.join(folder, `${name(i)}.json`), text, { mode: 0o600 });
        }
        const among = medianGet(home, name(count - 1), 'me');
        const { value, took } = timed(() => helper(home, 'list'));
        expect(Object.keys(JSON.parse(value.stdout)).length === count, value.stderr);
        const put = timed(() => helper(home, 'store', answer('new.example', 'me', secret)));
        expect(put.value.status === 0, put.value.stdout);
        return `get ${milliseconds(among)} (single credential ${milliseconds(alone)}), list ${milliseconds(took)}, store ${milliseconds(put.took)}`;
      }),
  };
}

export function parallelGets(concurrency: number, seconds: number): Part {
  return {
    name: `${concurrency} parallel get calls for ${seconds} s`,
    what: 'a constant number of parallel processes. Each must return the right credential and write nothing to standard error',
    run: () =>
      inHome(async (home) => {
        writeIdentity(home, secret);
        const times: number[] = [];
        const end = performance.now() + seconds * 1000;
        const keepAsking = async () => {
          while (performance.now() < end) times.push(await ask(home));
        };
        await Promise.all(Array.from({ length: concurrency }, keepAsking));
        times.sort((a, b) => a - b);
        const [median, late, last] = [0.5, 0.99, 1].map((share) => quantile(times, share));
        return `${times.length.toLocaleString('en')} answers, ${Math.round(times.length / seconds)} per second, none wrong; median ${milliseconds(median ?? 0)}, p99 ${milliseconds(late ?? 0)}, maximum ${milliseconds(last ?? 0)}`;
      }),
  };
}

/** Runs `get`, and returns the time that it took. Throws if the output is wrong. */
async function ask(home: Home): Promise<number> {
  const began = performance.now();
  const { stdout, stderr } = await startHelper(home, ['get'], 'us.icr.io').outcome;
  const output = stdout + stderr;
  if (output !== answer('us.icr.io', 'iamapikey', secret)) {
    throw new Error(`a wrong answer: ${output}`);
  }
  return performance.now() - began;
}
