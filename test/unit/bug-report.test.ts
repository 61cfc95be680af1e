import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reportBug } from '../../src/bug-report.ts';
import { testContext } from '../support/context.ts';

const test = suite('bug report');

/** What the runtime throws for a secret, which it may quote. */
const mistakes: readonly [name: string, make: () => unknown][] = [
  ['a NUL in the environment', () => spawnSync('true', { env: { KEY: 'canary\0' } })],
  ['a NUL in an argument', () => spawnSync('true', ['canary\0'])],
  ['an argument of the wrong type', () => Buffer.alloc('canary' as never)],
  ['a URL', () => new URL('canary')],
  ['text that is not JSON', () => JSON.parse('{"a": canary}')],
];
for (const [name, make] of mistakes) {
  test(`${name}: the value is not shown`, () => {
    const lines: string[] = [];
    const env = { DOCKER_CREDENTIAL_ICR_DEBUG: '1' };
    const context = testContext({ env, warn: (line) => lines.push(line) });
    try {
      make();
      assert.unreachable();
    } catch (error) {
      assert.is(reportBug(context, error), 1);
    }
    assert.ok(lines.length > 1);
    assert.not.match(lines.join('\n'), 'canary');
  });
}

test.run();
