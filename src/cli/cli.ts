import yargs from 'yargs';
import type { Context } from '../context.ts';

/** The commands that people type. Returns the exit status. */
export async function run(_context: Context, argv: readonly string[]): Promise<number> {
  await yargs(argv).scriptName('docker-credential-icr').parseAsync();
  return 0;
}
