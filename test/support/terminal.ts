import { spawn, spawnSync } from 'node:child_process';
import { collect } from './helper.ts';

export interface Session {
  /** Everything that appeared on the terminal. */
  readonly screen: string;
  readonly status: number | null;
}

/** What to type when a text appears. */
export type Reply = readonly [prompt: string, keys: string];

/** Returns true if `script` is installed, which makes the pseudo-terminal. */
export function hasTerminal(): boolean {
  return spawnSync('script', ['-qefc', 'true', '/dev/null'], { input: '' }).status === 0;
}

/** Runs a shell command on a wide pseudo-terminal and types each reply, in order, when its prompt appears. */
export async function atTerminal(
  command: string,
  replies: readonly Reply[],
  {
    cwd,
    env,
  }: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Session> {
  const child = spawn('script', ['-qefc', `stty -onlcr cols 500; ${command}`, '/dev/null'], {
    env: { SHELL: '/bin/sh', TERM: 'xterm', ...env },
    cwd,
  });
  const waiting = [...replies];
  let screen = '';
  let seen = 0;
  child.stdout.on('data', (text) => {
    screen += text;
    for (let reply = waiting[0]; reply !== undefined; reply = waiting[0]) {
      const at = screen.indexOf(reply[0], seen);
      if (at < 0) return;
      seen = at + reply[0].length;
      child.stdin.write(reply[1]);
      waiting.shift();
    }
  });
  const { status } = await collect(child);
  return { screen, status };
}
