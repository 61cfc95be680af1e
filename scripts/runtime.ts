import fs from 'node:fs';

/**
 * Variables of the environment, or beginnings of their names, by which Bun makes an executable do something else
 * than its own work, and that no flag of `bun build` switches off (Bun 1.4).
 */
const variables: readonly string[] = [
  // Options, --preload among them: a path in it may lead into the folder of a stranger.
  'BUN_OPTIONS',
  // The executable is Bun then, and `get` a script of the package.json at hand.
  'BUN_BE_BUN',
  // A debugger sees every secret.
  'BUN_INSPECT',
  // Prints requests with their headers.
  'BUN_CONFIG_VERBOSE_FETCH',
  // Writes a file, by whatever path it names.
  'BUN_BYTECODE_',
];

/**
 * Writes a copy of the Bun at `bun` that looks for none of them: a name that begins with NUL is no
 * variable's. To be compiled from, so that what is signed afterwards is the whole. Throws for a Bun that does
 * not know one of them by that name: whatever it does instead has to be looked at.
 */
export function writeClosedRuntime(bun: string, copy: string): void {
  const bytes = fs.readFileSync(bun);
  for (const variable of variables) {
    const places = [...placesOf(bytes, variable)];
    if (places.length === 0) throw new Error(`${bun} knows no ${variable}: see what replaced it`);
    for (const place of places) bytes[place] = 0;
  }
  fs.writeFileSync(copy, bytes, { mode: 0o755 });
}

function* placesOf(bytes: Buffer, name: string): Generator<number> {
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) yield at;
}
