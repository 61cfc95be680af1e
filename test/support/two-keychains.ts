import fs from 'node:fs';
import path from 'node:path';
import type { RunResult } from '../../src/context.ts';
import { thisHolder } from '../../src/files/lock-holder.ts';
import { latestTurn, takeTurn } from '../../src/files/lock-turns.ts';
import { type TestContext, testContext } from './context.ts';
import { type Home, inHome, writeIdentity } from './home.ts';

/** The ServerURL of the identity's entry in a keychain. */
export const url = 'https://docker-credential-icr/identity/work';

export interface World {
  readonly home: Home;
  readonly context: TestContext;
  /** The entries by keychain and ServerURL. */
  readonly kept: Record<string, Map<string, string>>;
  readonly settings: () => { readonly store?: string; readonly previousStore?: string };
}

/** An identity in the file store, and two keychains in memory; `after` runs after each of their calls. */
export function inWorld(
  after: (world: World, keychain: string, verb: string) => void,
  use: (world: World) => Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    writeIdentity(home);
    const kept: World['kept'] = { slow: new Map(), other: new Map() };
    for (const name of Object.keys(kept)) {
      const program = path.join(home.folder, `docker-credential-${name}`);
      fs.writeFileSync(program, '', { mode: 0o755 });
    }
    const runSync: TestContext['runSync'] = (program, [verb = ''], { input }) => {
      const name = path.basename(program).replace('docker-credential-', '');
      const answer = callOf(kept[name] ?? new Map(), verb, input);
      after(world, name, verb);
      return answer;
    };
    const env = { HOME: home.folder, PATH: home.folder };
    const settings = () => JSON.parse(fs.readFileSync(`${home.config}/config.json`, 'utf8'));
    const world: World = { home, context: testContext({ env, runSync }), kept, settings };
    await use(world);
  });
}

function callOf(kept: Map<string, string>, verb: string, input: string): RunResult {
  const ok = (output = '') => ({ status: 0, output, errors: '' });
  const key = verb === 'store' ? JSON.parse(input).ServerURL : input.trim();
  const found = kept.get(key);
  if (verb === 'list')
    return ok(JSON.stringify(Object.fromEntries([...kept].map(([k]) => [k, '']))));
  if (verb === 'store') kept.set(key, JSON.parse(input).Secret);
  else if (found === undefined) {
    return { ...ok('credentials not found in native keychain'), status: 1 };
  }
  if (verb === 'erase') kept.delete(key);
  return ok(verb === 'get' ? JSON.stringify({ ServerURL: key, Username: '', Secret: found }) : '');
}

/** Takes over a lock, as another process does if this one was suspended. */
export function takeOver({ home }: World, name: 'move.lock' | 'config.lock'): void {
  const lock = path.join(home.config, name);
  takeTurn(lock, (latestTurn(testContext(), lock)?.number ?? 0) + 1, thisHolder());
}
