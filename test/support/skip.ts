import type { Callback, Test } from 'uvu';

/**
 * Returns the test, or a test that is skipped if `missing` is set: its name and `missing` are printed, for example
 * `skipped: with sh and wget (not installed: wget)`.
 */
export function testUnless<Context>(
  test: Test<Context>,
  missing: string | false,
): (name: string, action: Callback<Context>) => void {
  if (missing === false) return test;
  return (name, action) => {
    console.log(`skipped: ${name} (${missing})`);
    test.skip(name, action);
  };
}
