import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../../src/context.ts';
import { type TestContext, testContext } from './context.ts';
import { type Home, inHome, writeConfig } from './home.ts';

/** A home with two keychains in memory, vault and other. */
export interface World {
  readonly home: Home;
  readonly context: TestContext;
  /** What the keychains hold, by URL. */
  readonly kept: Map<string, string>;
  /** The verbs that they were called with. */
  readonly calls: string[];
  /** What they say to a verb instead; it may throw. */
  readonly answers: Record<string, (input: string) => [status: number, output: string]>;
}

/** Makes a world with these settings, hands it to `use`, and removes it. */
export function inWorld(
  settings: object | string,
  use: (world: World) => void | Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
    writeConfig(home, 'config.json', text);
    for (const name of ['vault', 'other']) {
      const file = path.join(home.folder, `docker-credential-${name}`);
      fs.writeFileSync(file, '', { mode: 0o755 });
    }
    const kept: World['kept'] = new Map();
    const calls: string[] = [];
    const answers: World['answers'] = {};
    const runSync: Context['runSync'] = (_program, [verb = ''], { input }) => {
      calls.push(verb);
      const [status, output] = (answers[verb] ?? ((given) => answerTo(kept, verb, given)))(input);
      return { status, output, errors: '' };
    };
    const context = testContext({ env: { HOME: home.folder, PATH: home.folder }, runSync });
    await use({ home, context, kept, calls, answers });
  });
}

/** What a keychain that works says to a verb. */
export function answerTo(kept: Map<string, string>, verb: string, input: string): [number, string] {
  if (verb === 'list')
    return [0, JSON.stringify(Object.fromEntries([...kept.keys()].map((url) => [url, 'u'])))];
  if (verb === 'store') {
    const { ServerURL, Secret } = JSON.parse(input);
    kept.set(ServerURL, Secret);
    return [0, ''];
  }
  const url = input.trim();
  const Secret = kept.get(url);
  if (Secret === undefined) return [1, 'credentials not found in native keychain'];
  if (verb === 'erase') kept.delete(url);
  return [0, verb === 'get' ? JSON.stringify({ ServerURL: url, Username: 'u', Secret }) : ''];
}
