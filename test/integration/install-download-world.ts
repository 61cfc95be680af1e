import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';

import type { Test } from 'uvu';
import { gzip, tar } from '../../scripts/package/archive.ts';

import { type Listening, listen, type Place } from '../sandbox/listen.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { testUnless } from '../support/skip.ts';

export const program = 'docker-credential-icr';
const script = path.resolve(import.meta.dirname, '../../install.sh');

/** Programs that the script may call, except downloaders. */
const tools = [
  ...['sh', 'cat', 'chmod', 'cp', 'dirname', 'getconf', 'grep', 'gzip', 'id', 'ldd', 'ls', 'mkdir'],
  ...[
    'mktemp',
    'mv',
    'rm',
    'sha256sum',
    'tar',
    'uname',
    'bash',
    'dash',
    'env',
    'sed',
    'shasum',
    'openssl',
    'perl',
  ],
];

/** This machine's target, as in the names of archives. */
export const machine = findMachine();

/** Replaces the executable: prints its version, and responds to `get` after it has read a host. */
export function standIn(version: string): string {
  return `#!/bin/sh
case $1 in
  version) echo "${program} (test) v${version}" ;;
  get) read -r host; echo "$host by ${version}" ;;
  *) echo "$*" >>"$HOME/notes" ;;
esac
`;
}

/** The server's release files by path. */
type Files = Map<string, Buffer>;

/** Publishes a release for this machine: its archive and SHA256SUMS. */
export async function publish(
  { files }: Pick<World, 'files'>,
  version = '1.2.3',
  { executable = standIn(version), on = machine } = {},
): Promise<void> {
  const top = `${program}-${version}-${on}`;
  const own = { name: `${top}/${program}`, data: Buffer.from(executable), isExecutable: true };
  const other = { name: `${top}/LICENSE`, data: Buffer.from('a licence\n') };
  const archive = gzip(await tar([own, other], 0));
  files.set(`/v${version}/${top}.tar.gz`, archive);
  files.set(`/v${version}/SHA256SUMS`, Buffer.from(`${sha256(archive)}  ${top}.tar.gz\n`));
}

export function sha256(data: Buffer): string {
  return crypto.createHash('sha256').update(data).digest('hex');
}

export interface World {
  readonly folder: string;
  readonly home: string;
  readonly files: Files;
  /** The requested paths. */
  readonly asked: string[];
  readonly url: string;
  /** The path to install the executable to, which does not exist yet. */
  readonly target: string;
  /** Responds instead of the files; returns true if it did. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Replaces a program on PATH. */
  readonly replace: (name: string, body: string) => void;
  /** Runs the script with `--base-url`, `--version` and these arguments. */
  readonly install: (words?: readonly string[], options?: InstallOptions) => Promise<Outcome>;
  /** Runs the script with these arguments only. */
  readonly run: (words: readonly string[], options?: InstallOptions) => Promise<Outcome>;
  /** All files below the home, the temporary directory and the prefix. */
  readonly left: () => string[];
}

export interface InstallOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Command that runs the script; default: `sh`. */
  readonly shell?: readonly string[];
  /** A modified script. */
  readonly script?: string;
  /** Default: `curl`; `busybox wget` is the applet of busybox. */
  readonly downloader?: Downloader;
  /** A certificate authority for the downloader to trust. */
  readonly ca?: string;
}

export type Downloader = 'curl' | 'wget' | 'busybox wget';

/** Returns the test, which is skipped if one of the programs is not installed. */
export function needs<Context>(test: Test<Context>, ...programs: readonly string[]) {
  const missing = programs.filter((name) => findTool(name) === undefined);
  return testUnless(test, missing.length > 0 && `not installed: ${missing.join(', ')}`);
}

/** Runs `use` with a separate home, PATH and loopback server. */
export async function inWorld(
  use: (world: World) => Promise<void>,
  place: Omit<Place, 'address' | 'port'> = {},
): Promise<void> {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'download-')));
  const files: Files = new Map();
  const asked: string[] = [];
  let world: World | undefined;
  const listener: RequestListener = (request, response) => {
    asked.push(request.url ?? '');
    if (world?.answer(request, response)) return;
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200).end(file);
  };
  const server = await listen(listener, { address: '127.0.0.1', port: 0, ...place });
  try {
    world = makeWorld(folder, files, asked, urlOf(server, place));
    await use(world);
  } finally {
    await server.close();
    fs.rmSync(folder, { recursive: true });
  }
}

function urlOf({ port }: Listening, { certificate }: Partial<Place>): string {
  // An address, because `localhost` can be ::1, and busybox's wget tries only the first address.
  return `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
}

function makeWorld(folder: string, files: Files, asked: string[], url: string): World {
  const [home, bin, scratch] = ['home', 'bin', 'tmp'].map((name) => {
    fs.mkdirSync(path.join(folder, name));
    return path.join(folder, name);
  }) as [string, string, string];
  for (const name of tools) linkTool(bin, name);
  const run: World['run'] = (words, options = {}) => {
    const { env = {}, shell = ['sh'], script: changed = script, downloader = 'curl', ca } = options;
    chooseDownloader(bin, downloader, ca);
    const [command = '', ...given] = [...shell, changed, ...words];
    const child = spawn(findTool(command) ?? command, given, {
      cwd: folder,
      env: { HOME: home, PATH: bin, TMPDIR: scratch, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return collect(child);
  };
  return {
    folder,
    home,
    files,
    asked,
    url,
    target: path.join(home, '.local', 'bin', program),
    answer: () => false,
    replace(name, body) {
      fs.rmSync(path.join(bin, name), { force: true });
      fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    },
    run,
    install: (words = [], options = {}) => {
      const place = [`--base-url=${url}`, '--version=1.2.3', `--prefix=${home}/.local`];
      return run([...place, ...words], options);
    },
    left: () =>
      ['home', 'tmp'].flatMap((name) => {
        const under = fs.readdirSync(path.join(folder, name), {
          recursive: true,
          withFileTypes: true,
        });
        return under
          .filter((entry) => !entry.isDirectory() || entry.parentPath === scratch)
          .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
      }),
  };
}

export function findTool(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/sbin']
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file));
}

function linkTool(bin: string, name: string, as = name): void {
  const file = findTool(name);
  if (file !== undefined) fs.symlinkSync(file, path.join(bin, as));
}

/** Replaces the system's certificate authorities, because wget has no variable for one. */
function trust(bin: string, downloader: 'curl' | 'wget', ca: string): void {
  const option = downloader === 'curl' ? `"$@" --cacert "${ca}"` : `--ca-certificate="${ca}" "$@"`;
  const file = path.join(bin, downloader);
  fs.writeFileSync(file, `#!/bin/sh\nexec ${findTool(downloader)} ${option}\n`, { mode: 0o755 });
}

function chooseDownloader(bin: string, downloader: Downloader, ca: string | undefined): void {
  for (const name of ['curl', 'wget']) fs.rmSync(path.join(bin, name), { force: true });
  if (downloader === 'busybox wget') linkTool(bin, 'busybox', 'wget');
  else if (ca === undefined) linkTool(bin, downloader);
  else trust(bin, downloader, ca);
}

/** Returns this machine's target, as in the names of archives. */
function findMachine(): string {
  const { stdout } = spawnSync(
    'sh',
    [script, '--dry-run', '--base-url=https://x', '--version=1', '--prefix=/x'],
    {
      encoding: 'utf8',
    },
  );
  const [, machine] = /-1-(\S+)\.tar\.gz/.exec(stdout) ?? [];
  if (machine === undefined) throw new Error(`not a machine that install.sh knows: ${stdout}`);
  return machine;
}
