import type { Callback, Test } from 'uvu';

/**
 * The test, or one that is skipped by name if something is missing: its name and `missing` are printed, for example
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
