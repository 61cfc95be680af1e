import fs from 'node:fs';
import path from 'node:path';
import { chosenFolders, findProgram, searchPath } from './programs.ts';
import { type Outcome, run, said } from './run.ts';

/** A new home directory, and the environment of the clients. */
export interface Home {
  readonly folder: string;
  /** Tests may add variables. */
  readonly env: Record<string, string>;
  /** Runs a client with `input` on standard input. Throws if it fails. */
  succeed(words: readonly string[], input?: string): Promise<Outcome>;
  /** Runs a client and returns its output. Throws if it succeeds. */
  fail(words: readonly string[], input?: string): Promise<string>;
  file(...names: string[]): string;
  write(name: string, value: unknown): string;
}

interface HomeOptions {
  readonly folder: string;
  readonly caFile: string;
  readonly env: Readonly<Record<string, string>>;
}

export function createHome({ folder, caFile, env: given }: HomeOptions): Home {
  let more = given;
  const file = (...names: string[]) => path.join(folder, ...names);
  const write = (name: string, value: unknown) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    fs.mkdirSync(path.dirname(file(name)), { recursive: true });
    fs.writeFileSync(file(name), text);
    return file(name);
  };
  for (const name of ['tmp', 'run', 'images']) fs.mkdirSync(file(name), { recursive: true });
  const storage = write(
    'storage.conf',
    `[storage]\ndriver = "overlay"\ngraphroot = "${file('images')}"\nrunroot = "${file('run')}"\n`,
  );
  if (chosenFolders.length > 0) {
    // Their podman needs a newer program for the network, too.
    const folders = JSON.stringify(chosenFolders);
    more = {
      ...more,
      CONTAINERS_CONF: write('containers.conf', `[engine]\nhelper_binaries_dir = ${folders}\n`),
    };
  }
  linkPlugin(file('.docker/cli-plugins'), 'docker-buildx');
  const env: Record<string, string> = {
    PATH: searchPath.join(':'),
    HOME: folder,
    TMPDIR: file('tmp'),
    XDG_RUNTIME_DIR: file('run'),
    CONTAINERS_STORAGE_CONF: storage,
    SSL_CERT_FILE: caFile,
    ...more,
  };
  const runHere = (words: readonly string[], input = '') => run(words, { cwd: folder, env, input });
  return {
    folder,
    env,
    file,
    write,
    async succeed(words, input) {
      const outcome = await runHere(words, input);
      if (outcome.code === 0) return outcome;
      throw new Error(`${words.join(' ')} ended with ${outcome.code}:\n${said(outcome)}`);
    },
    async fail(words, input) {
      const outcome = await runHere(words, input);
      if (outcome.code !== 0 && outcome.code !== null) return said(outcome);
      throw new Error(`${words.join(' ')} ended with ${outcome.code}:\n${said(outcome)}`);
    },
  };
}

/** Docker does not search PATH for its plugins. */
function linkPlugin(folder: string, plugin: string): void {
  const program = findProgram(plugin);
  if (program === undefined) return;
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(program, path.join(folder, plugin));
}
