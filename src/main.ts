import { type Bun as BunRuntime, bunFiles, readStdin } from './bun-files.ts';
import { quickGet } from './protocol/quick-get.ts';

declare const Bun: BunRuntime | undefined;

const { argv, env, platform } = process;
let input: Uint8Array | undefined;

/** Ends the process where it can answer. */
async function tryQuickly(bun: BunRuntime): Promise<void> {
  input = await readStdin(bun);
  const reply = await quickGet(bunFiles(bun), { env, platform, now: Date.now }, input);
  if (reply === undefined) return;
  await bun.write(bun.stdout, reply.line);
  // Leaving at once is faster than unwinding, and nothing is left to do.
  process.exit(reply.status);
}

// Windows has no modes to look at.
if (typeof Bun !== 'undefined' && platform !== 'win32' && argv[2] === 'get' && argv.length === 3) {
  try {
    await tryQuickly(Bun);
  } catch {
    // What went wrong goes wrong below as well, and is told there.
  }
}

const { run } = await import('./run.ts');
process.exit(await run(argv.slice(2), input));
