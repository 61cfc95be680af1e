import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const program = 'docker-credential-icr';

/** Directories of the system's programs, without an installed helper. */
const systemPath = '/usr/bin:/bin';

/** Replaces the executable: records its arguments, and fails if a test requests it. */
const standIn = `#!/bin/sh
echo "$*" >>"$NOTES"
exit "\${STAND_IN_STATUS:-0}"
`;

export interface Checkout {
  readonly folder: string;
  readonly home: string;
  /** The arguments of the installed executable, one line per call. */
  notes(): string;
  /** Creates an executable with the helper's name in a new directory; returns the directory. */
  addOther(name: string): string;
  install(words: readonly string[], options?: InstallOptions): Installation;
  /** All files below the directory, except the checkout's own. */
  files(): string[];
}

interface InstallOptions {
  /** `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Command that runs the script; default: `sh`. */
  readonly shell?: readonly string[];
}

interface Installation {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function writeExecutable(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode: 0o755 });
}

/** Creates a checkout with `install.sh` whose `make build` copies `built`, or a stand-in. */
function createCheckout(built?: string): Checkout {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'install-')));
  const [checkout, home] = [path.join(folder, 'a checkout'), path.join(folder, 'home')];
  fs.mkdirSync(home);
  writeExecutable(path.join(checkout, 'stand-in'), standIn);
  fs.copyFileSync(path.join(root, 'install.sh'), path.join(checkout, 'install.sh'));
  fs.writeFileSync(
    path.join(checkout, 'Makefile'),
    `build:\n\tmkdir -p dist\n\tcp "${built ?? 'stand-in'}" dist/${program}\n`,
  );
  const notes = path.join(checkout, 'notes');
  return {
    folder,
    home,
    notes: () => (fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8') : ''),
    addOther(name) {
      writeExecutable(path.join(folder, name, program), standIn);
      return path.join(folder, name);
    },
    install(words, { env = {}, shell = ['sh'] } = {}) {
      const [command = '', ...args] = [...shell, path.join(checkout, 'install.sh'), ...words];
      const { status, stdout, stderr } = spawnSync(command, args, {
        cwd: folder,
        env: { HOME: home, PATH: systemPath, NOTES: notes, ...env },
        encoding: 'utf8',
        timeout: 60_000,
      });
      return { status, stdout, stderr };
    },
    files: () =>
      fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && !entry.parentPath.startsWith(checkout))
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .sort(),
  };
}

/** Runs `use` in a checkout that is removed afterwards. */
export function inCheckout(use: (checkout: Checkout) => void, built?: string): void {
  const checkout = createCheckout(built);
  try {
    use(checkout);
  } finally {
    fs.rmSync(checkout.folder, { recursive: true });
  }
}
