import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { configFolder } from '../../src/config/folders.ts';
import { testContext } from './context.ts';

/** A home directory for one test. */
export interface Home {
  readonly folder: string;
  /** The helper's configuration directory. It is not created. */
  readonly config: string;
  /**
   * `HOME`, `PATH` and `XDG_RUNTIME_DIR`, without any other variable of the user who runs the tests. Without
   * `XDG_RUNTIME_DIR`, commands that configure podman as root would change /run/containers.
   */
  readonly env: Readonly<Record<string, string>>;
}

/** Creates a home directory, calls `use` with it, and removes it. */
export async function inHome<Value>(use: (home: Home) => Value | Promise<Value>): Promise<Value> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-home-'));
  const env = { HOME: folder, PATH: process.env.PATH ?? '', XDG_RUNTIME_DIR: folder };
  const config = configFolder(testContext({ env }));
  if (config === undefined) throw new Error('a home has no configuration folder');
  try {
    return await use({ folder, config, env });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file in the configuration directory, with the modes that the helper uses. */
export function writeConfig({ config }: Home, name: string, text: string | Buffer): string {
  const file = path.join(config, name);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Saves an identity. By default it is mapped to all hosts. */
export function writeIdentity(
  home: Home,
  secret = 'canary-root',
  mappings: Readonly<Record<string, object>> = { '*': { identity: 'work' } },
): void {
  const identities = { work: { kind: 'api-key', secretSetAt: 0 } };
  writeConfig(home, 'config.json', JSON.stringify({ identities, mappings }));
  const credential = { ServerURL: '*', Username: 'iamapikey', Secret: secret };
  writeConfig(home, 'identities/work.json', JSON.stringify(credential));
}

/** Returns the mode and content of each path in a directory. If two snapshots are equal, nothing has changed. */
export function snapshot(folder: string): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const stat = fs.lstatSync(path.join(folder, name));
    // Its owner cannot read a file without this mode, except as root.
    const isReadable = stat.isFile() && (stat.mode & 0o400) !== 0;
    const contents = isReadable ? fs.readFileSync(path.join(folder, name), 'base64') : '';
    entries[name] = `${stat.mode.toString(8)} ${contents}`;
  }
  return entries;
}
