import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export type ShellName = 'bash' | 'zsh' | 'fish';

interface Shell {
  readonly start: string;
  /** Sets the prompt `ready>`; it does not appear in what is typed. */
  readonly setPrompt: string;
  /** Prints `done`, 1000 and the number. */
  readonly done: (number: number) => string;
}

/** Each is started without anybody's settings. */
const shells: Readonly<Record<ShellName, Shell>> = {
  bash: {
    start: 'exec bash --noprofile --norc -i',
    setPrompt: "PS1=rea''dy'>'",
    done: (number) => `echo done$((1000 + ${number}))`,
  },
  zsh: {
    start: 'exec zsh -f -i',
    // Without the style, a Tab that is followed by more input at once is only a Tab.
    setPrompt: `PS1=rea''dy'>'; zstyle ':completion:*' insert-tab false`,
    done: (number) => `echo done$((1000 + ${number}))`,
  },
  fish: {
    start: 'exec fish --no-config -i',
    setPrompt: "function fish_prompt; echo -n rea''dy'>'; end",
    done: (number) => `echo done(math 1000 + ${number})`,
  },
};

/** For a machine that is busy; a session takes about two seconds. */
const timeLimitMs = 90_000;

/** Returns true if this shell, and `script`, which gives it a terminal, are installed. */
export function hasShell(shell: ShellName): boolean {
  const terminal = spawnSync('script', ['-qefc', 'true', '/dev/null'], { input: '' });
  return terminal.status === 0 && spawnSync(shell, ['-c', 'true']).status === 0;
}

/**
 * Runs the shell on a terminal of its own and types `setUp` and Enter, then each of `lines`, then Enter. Returns what
 * appeared. Each line is typed when the shell has finished the one before it and waits at its prompt.
 */
export async function typeInShell(
  name: ShellName,
  setUp: string,
  lines: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  const { start, setPrompt, done } = shells[name];
  const child = spawn('script', ['-qefc', start, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm', SHELL: '/bin/sh', ...env },
  });
  const steps = [`${setPrompt}; ${setUp}`, ...lines];
  let screen = '';
  let step = 0;
  const type = () => {
    const line = steps[step];
    step += 1;
    child.stdin.write(line === undefined ? 'exit\r' : `${line}\r${done(step)}\r`);
  };
  child.stdout.on('data', (text) => {
    screen += text;
    const end = screen.lastIndexOf(`done${1000 + step}`);
    if (end >= 0 && screen.includes('ready>', end)) type();
  });
  type();
  const timer = setTimeout(() => child.kill('SIGKILL'), timeLimitMs);
  await once(child, 'close');
  clearTimeout(timer);
  if (step <= steps.length) throw new Error(`${name} did not finish: ${screen}`);
  return screen;
}
