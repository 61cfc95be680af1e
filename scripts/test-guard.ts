/**
 * Finds mistakes that make a test pass regardless of the tested code. Returns one line for each. `assert.throws` does
 * not await, so an async function in it always passes, and uvu runs a suite only if `.run()` is called.
 */
export function findVoidTests(source: string): string[] {
  const findings: string[] = [];
  if (!/\.run\(\)/.test(source)) findings.push('no suite is run: .run() is missing');
  for (const { index, what } of asynchronousThrows(source)) {
    const line = source.slice(0, index).split('\n').length;
    findings.push(`line ${line}: ${what} in assert.throws is not awaited; use rejects()`);
  }
  return findings;
}

function asynchronousThrows(source: string): { index: number; what: string }[] {
  const names = [...source.matchAll(/\basync function (\w+)|\bconst (\w+) = async\b/g)];
  const asynchronous = new Set(names.map(([, declared, assigned]) => declared ?? assigned));
  const calls = source.matchAll(/\bthrows\(\s*(?:(async\b)|(?:\(\)\s*=>\s*)?(\w+))/g);
  return [...calls].flatMap(({ index, 1: keyword, 2: name }) => {
    if (keyword !== undefined) return [{ index, what: 'an async function' }];
    return asynchronous.has(name) ? [{ index, what: `${name}()` }] : [];
  });
}
