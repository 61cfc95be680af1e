import type { Context, RunOptions, RunResult } from './context.ts';
import { cannotWrite, readAll, writeAll } from './descriptors.ts';
import { systemCode } from './errors.ts';
import { type Bun as BunRuntime, bunFiles, readBunStdin } from './files/bun-reader.ts';
import { nodeFiles } from './files/file-reader.ts';
import { withSystemHome } from './system-home.ts';
import { visible } from './visible.ts';

declare const Bun: BunRuntime | undefined;

/** The context of this process. `node:fs` is loaded when it is first needed: most calls of `get` never need it. */
export function processContext(): Context {
  const { platform } = process;
  // On Windows, files have no modes and owners to check.
  const bun = typeof Bun === 'undefined' || platform === 'win32' ? undefined : Bun;
  return {
    ...withSystemHome(process.env, platform, systemHome),
    platform,
    stdin: 0,
    readInput: bun ? () => readBunStdin(bun) : async () => readAll(nodeFs(), 0),
    onTerminalInput: (announce) => {
      if (bun === undefined) {
        // Reading standard input blocks on Node, and no timer runs meanwhile.
        announceIfTerminal(announce);
        return () => {};
      }
      const timer = setTimeout(announceIfTerminal, terminalInputMs, announce);
      return () => clearTimeout(timer);
    },
    stdout: (text) => writeAll(nodeFs(), 1, text),
    answer: bun ? (text) => answerWithBun(bun, text) : async (text) => writeAll(nodeFs(), 1, text),
    files: bun ? bunFiles(bun, process.geteuid?.() ?? -1, nodeFiles) : nodeFiles,
    warn: (line, hint) => warnOn(2, line, hint),
    now: Date.now,
    pid: process.pid,
    uid: process.geteuid?.(),
    umask: (mask) => process.umask(mask),
    actAs,
    terminal: () =>
      process.stdin.isTTY && process.stderr.isTTY
        ? { input: process.stdin, output: process.stderr }
        : undefined,
    screen: () =>
      process.stdout.isTTY && process.env.TERM !== 'dumb'
        ? { columns: process.stdout.columns || 80, write: (text) => writeAll(nodeFs(), 1, text) }
        : undefined,
    errorScreen: () =>
      process.stderr.isTTY && process.env.TERM !== 'dumb'
        ? { columns: process.stderr.columns || 80, write: (text) => writeAll(nodeFs(), 2, text) }
        : undefined,
    executable: process.execPath,
    script: process.argv[1],
    runSync,
    onSignals: (signals, act) => {
      for (const signal of signals) process.on(signal, act);
      return () => {
        for (const signal of signals) process.off(signal, act);
      };
    },
  };
}

/** Clients send their input within a few milliseconds: for them the type of standard input is not examined. */
const terminalInputMs = 200;

function announceIfTerminal(announce: () => void): void {
  // process.stdin would take 8 ms to load, and would begin to read.
  if (process.getBuiltinModule('node:tty').isatty(0)) announce();
}

/** Only for a process without `HOME`: loading the module takes time. */
function systemHome(): string {
  return process.getBuiltinModule('node:os').userInfo().homedir;
}

function nodeFs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

async function answerWithBun(bun: BunRuntime, text: string): Promise<void> {
  try {
    await bun.write(bun.stdout, text);
  } catch (error) {
    throw cannotWrite(1, error);
  }
}

function runSync(program: string, args: readonly string[], options: RunOptions): RunResult {
  // An import would load it for every `get`, and most need none.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input: options.input,
    env: options.env,
    timeout: options.limit,
    killSignal: 'SIGKILL',
    maxBuffer: options.largest,
    encoding: 'utf8',
    windowsHide: true,
  });
  // One that was never started has no output.
  const result = { status, output: stdout ?? '', errors: stderr ?? '' };
  const code = systemCode(error);
  // It has ended all the same: without reading what it was told, or with a child that goes on holding its output.
  const hasEnded = status !== null && (code === 'EPIPE' || code === 'ETIMEDOUT');
  if (error === undefined || hasEnded) return result;
  return { ...result, failure: code === 'ETIMEDOUT' ? 'timeout' : (code ?? String(error)) };
}

/** A standard error that nobody reads any more must not keep a program from its credential. */
function warnOn(descriptor: number, line: string, hint?: string): void {
  const second = hint === undefined ? '' : `hint: ${visible(hint)}\n`;
  try {
    writeAll(nodeFs(), descriptor, `docker-credential-icr: ${visible(line)}\n${second}`);
  } catch {
    // There is no other place to say it.
  }
}

/** `Context.actAs`. Windows does not have these functions. */
export function actAs({ uid, gid }: { uid: number; gid: number }): () => void {
  const groups = process.getgroups?.() ?? [];
  const group = process.getegid?.() ?? 0;
  // Only root's user ID can change groups: it is given up last and comes back first.
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
