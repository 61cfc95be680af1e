import { type Context, type RunOptions, type RunResult, steadyClock } from './context.ts';
import { cannotWrite, readAll, writeAll } from './descriptors.ts';
import { systemCode } from './errors.ts';
import { type Bun as BunRuntime, bunFiles, nodeFiles, readBunStdin } from './files/file-readers.ts';
import { identityInName } from './program-name.ts';
import { withSystemHome } from './system-home.ts';
import { hintLines, visible } from './visible.ts';
import { wrapCommand } from './wrap.ts';

declare const Bun: BunRuntime | undefined;

interface Start {
  /** The time limit of a machine command. */
  readonly limitMs?: number;
  /** If true, the command reads standard input, and reading begins at once. */
  readonly readsInput?: boolean;
}

/** Returns the context of this process. `node:fs` is loaded on first use, because most calls of `get` do not need it. */
export function processContext({ limitMs, readsInput = false }: Start = {}): Context {
  const { platform } = process;
  const uid = process.geteuid?.();
  // On Windows, the modes and owners of files cannot be checked.
  const bun = typeof Bun === 'undefined' || platform === 'win32' ? undefined : Bun;
  // Starting a thread that reads takes as long as all that `get` does until it needs the input.
  const reading = bun && readsInput ? readBunStdin(bun) : undefined;
  // `readInput` reports the error.
  reading?.catch(() => {});
  const now = limitMs === undefined ? Date.now : steadyClock(Date.now, elapsedIn(bun));
  return {
    ...withSystemHome(process.env, platform, systemHome),
    platform,
    stdin: 0,
    readInput: bun ? () => reading ?? readBunStdin(bun) : async () => readAll(nodeFs(), 0),
    onTerminalInput: (announce) => {
      if (bun === undefined) {
        // On Node, reading standard input blocks the event loop, so a timer would not run.
        announceIfTerminal(announce);
        return () => {};
      }
      let timer: NodeJS.Timeout | undefined;
      let isWaiting = true;
      // True for a pipe and for a file, false for a terminal, and known at once: most calls need no timer.
      void bun.stdin.exists().then((isPipeOrFile) => {
        if (isWaiting && !isPipeOrFile)
          timer = setTimeout(announceIfTerminal, terminalInputMs, announce);
      });
      return () => {
        isWaiting = false;
        clearTimeout(timer);
      };
    },
    stdout: (text) => writeAll(nodeFs(), 1, text),
    answer: bun ? (text) => answerWithBun(bun, text) : async (text) => writeAll(nodeFs(), 1, text),
    files: bun ? bunFiles(bun, uid ?? -1, nodeFiles) : nodeFiles,
    warn,
    now,
    deadline: limitMs === undefined ? undefined : now() + limitMs,
    pid: process.pid,
    uid,
    umask: (mask) => process.umask(mask),
    actAs,
    terminal: () =>
      process.stdin.isTTY && process.stderr.isTTY
        ? { input: process.stdin, output: process.stderr }
        : undefined,
    screen: () =>
      isTerminal(1) && process.env.TERM !== 'dumb'
        ? { columns: process.stdout.columns || 80, write: (text) => writeAll(nodeFs(), 1, text) }
        : undefined,
    executable: () => process.execPath,
    script: isEmbedded(process.argv[1]) ? undefined : process.argv[1],
    identity: identityInName(process.argv0, process.argv[1], platform),
    parentProgram: () => parentProgram(bun, platform),
    runSync,
    onSignals: (signals, act) => {
      for (const signal of signals) process.on(signal, act);
      return () => {
        for (const signal of signals) process.off(signal, act);
      };
    },
  };
}

/** Returns a monotonic clock in milliseconds. The first use of `performance` costs 1 % of a `get`. */
function elapsedIn(bun: BunRuntime | undefined): () => number {
  return bun ? () => bun.nanoseconds() / 1e6 : () => performance.now();
}

/** Returns true for a path in Bun's virtual file system: the program in the executable is not a file. */
function isEmbedded(script: string | undefined): boolean {
  return (
    script?.startsWith('/$bunfs/') ||
    script?.slice(1, 7) === ':/~BUN' ||
    script?.slice(1, 7) === ':\\~BUN'
  );
}

/** Linux shortens the name to 15 characters; see proc(5). On other systems, only another program such as ps can read it. */
async function parentProgram(
  bun: BunRuntime | undefined,
  platform: NodeJS.Platform,
): Promise<string | undefined> {
  if (platform !== 'linux') return undefined;
  const file = `/proc/${process.ppid}/comm`;
  const name = bun ? await bun.file(file).text() : nodeFs().readFileSync(file, 'utf8');
  return name.trim();
}

/** Clients send their input within a few milliseconds; then the type of standard input is not checked. */
const terminalInputMs = 200;

/** Loading node:tty takes a tenth of the time of `status`, so that a pipe or a file is recognized without it. */
function isTerminal(descriptor: 0 | 1 | 2): boolean {
  if (typeof Bun !== 'undefined') {
    const file = [Bun.stdin, Bun.stdout, Bun.stderr][descriptor];
    if (file !== undefined && Bun.peek(file.exists()) === true) return false;
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}

function announceIfTerminal(announce: () => void): void {
  // process.stdin.isTTY would take 8 ms to load, and would start to read.
  if (isTerminal(0)) announce();
}

/** Only for a process without `HOME`: loading the module takes time. */
function systemHome(): string {
  return process.getBuiltinModule('node:os').userInfo().homedir;
}

function nodeFs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

async function answerWithBun(bun: BunRuntime, text: string): Promise<void> {
  // Writing an empty text would truncate the file that standard output is redirected or appended to.
  if (text === '') return;
  try {
    await bun.write(bun.stdout, text);
  } catch (error) {
    throw cannotWrite(1, error);
  }
}

function runSync(program: string, args: readonly string[], options: RunOptions): RunResult {
  // Not imported at the top, because most calls of `get` do not need it.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input: options.input,
    env: options.env,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: options.maxBytes,
    encoding: 'utf8',
    windowsHide: true,
  });
  // stdout and stderr are null if the program could not be started.
  const result = { status, output: stdout ?? '', errors: stderr ?? '' };
  const code = systemCode(error);
  // EPIPE: it exited without reading its input. ETIMEDOUT: it exited, but a child process still holds its output open.
  const hasExited = status !== null && (code === 'EPIPE' || code === 'ETIMEDOUT');
  if (error === undefined || hasExited) return result;
  return { ...result, failure: code === 'ETIMEDOUT' ? 'timeout' : (code ?? String(error)) };
}

/**
 * Writes to standard error, wrapped to the width of a terminal. Errors are ignored, because a closed standard error must not
 * prevent the answer.
 */
function warn(line: string, hint?: string): void {
  const texts = [`docker-credential-icr: ${visible(line)}`, ...hintLines(hint)];
  try {
    const width = isTerminal(2) ? process.stderr.columns || 80 : Number.POSITIVE_INFINITY;
    const lines = texts.flatMap((each) => wrapCommand(each, width));
    writeAll(nodeFs(), 2, `${lines.join('\n')}\n`);
  } catch {
    // The error cannot be reported anywhere else.
  }
}

/** `Context.actAs`. Windows does not have these functions. */
export function actAs({ uid, gid }: { uid: number; gid: number }): () => void {
  const groups = process.getgroups?.() ?? [];
  const group = process.getegid?.() ?? 0;
  // Only root can change groups, so the user ID is changed last and restored first.
  const restore = () => {
    process.seteuid?.(0);
    process.setegid?.(group);
    process.setgroups?.(groups);
  };
  try {
    process.setgroups?.([gid]);
    process.setegid?.(gid);
    process.seteuid?.(uid);
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}
