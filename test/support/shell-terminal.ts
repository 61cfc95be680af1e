import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export type ShellName = 'bash' | 'zsh' | 'fish';

interface Shell {
  readonly start: string;
  /** Sets the prompt `ready>`. The command itself does not contain this text, because the terminal echoes it. */
  readonly setPrompt: string;
  /** Prints `done` followed by 1000 plus the number. */
  readonly done: (number: number) => string;
}

/** The shells, started without the user's configuration. */
const shells: Readonly<Record<ShellName, Shell>> = {
  bash: {
    start: 'exec bash --noprofile --norc -i',
    setPrompt: "PS1=rea''dy'>'",
    done: (number) => `echo done$((1000 + ${number}))`,
  },
  zsh: {
    start: 'exec zsh -f -i',
    // Without this style, zsh inserts a tab character if more input follows immediately.
    setPrompt: `PS1=rea''dy'>'; zstyle ':completion:*' insert-tab false`,
    done: (number) => `echo done$((1000 + ${number}))`,
  },
  fish: {
    start: 'exec fish --no-config -i',
    setPrompt: "function fish_prompt; echo -n rea''dy'>'; end",
    done: (number) => `echo done(math 1000 + ${number})`,
  },
};

/** A session takes about two seconds; a busy machine needs more. */
const timeLimitMs = 90_000;

/** Returns true if the shell is installed, and `script`, which starts it in a terminal. */
export function hasShell(shell: ShellName): boolean {
  const terminal = spawnSync('script', ['-qefc', 'true', '/dev/null'], { input: '' });
  return terminal.status === 0 && spawnSync(shell, ['-c', 'true']).status === 0;
}

/**
 * Runs the shell in a terminal and types `setUp` and Enter, then each of `lines` and Enter. Returns the output. Each
 * line is typed when the shell has finished the previous one and shows its prompt.
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
