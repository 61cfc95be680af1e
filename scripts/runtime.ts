import fs from 'node:fs';

/**
 * Environment variables, or prefixes of their names, that change the behavior of an executable built with Bun 1.4 and
 * that no flag of `bun build` disables.
 */
const variables: readonly string[] = [
  // Adds options such as --preload, which can run code from a directory that another user controls.
  'BUN_OPTIONS',
  // Makes the executable behave as Bun: `get` would be a script of the nearest package.json.
  'BUN_BE_BUN',
  // Starts a debugger, which can read every secret.
  'BUN_INSPECT',
  // Prints requests with their headers.
  'BUN_CONFIG_VERBOSE_FETCH',
  // Writes a file to any path.
  'BUN_BYTECODE_',
];

/**
 * Writes a copy of the Bun at `bun` that reads none of these variables: the first byte of each name is replaced by NUL,
 * which no variable's name can contain. The executable is compiled from the copy, so that a later signature covers the
 * change. Throws if this Bun does not contain one of the names, because a new version may have replaced the variable.
 */
export function writeHardenedRuntime(bun: string, copy: string): void {
  const bytes = fs.readFileSync(bun);
  for (const variable of variables) {
    const places = [...placesOf(bytes, variable)];
    if (places.length === 0)
      throw new Error(`${bun} does not contain ${variable}: check if another variable replaced it`);
    for (const place of places) bytes[place] = 0;
  }
  fs.writeFileSync(copy, bytes, { mode: 0o755 });
}

function* placesOf(bytes: Buffer, name: string): Generator<number> {
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) yield at;
}
