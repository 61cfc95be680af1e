import { spawnSync } from 'node:child_process';
import { isCalledByItself } from '../../src/process-tree.ts';

// Runs itself again with the same arguments; the second process prints whether it has found the loop.
const script = import.meta.filename;
if (process.env.IS_SECOND === undefined) {
  const env = { ...process.env, IS_SECOND: '1' };
  spawnSync(process.execPath, [script, ...process.argv.slice(2)], { env, stdio: 'inherit' });
} else {
  process.stdout.write(String(isCalledByItself(script)));
}
