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
  // If the process crashes, these start `curl` from any directory of PATH, with the whole environment.
  'BUN_ENABLE_CRASH_REPORTING',
  'BUN_CRASH_REPORT_URL',
];

/**
 * Options of the JavaScript engine that read or write files, or start a debugger: `BUN_JSC_functionOverrides` runs code from
 * a file. The prefix `BUN_JSC_` is part of the machine code, but the names of options are texts.
 */
const fileOption =
  /(?:Path|File|FileName|Directory|Allowlist|ToDump|Overrides|Dump|TextMarkers|IonGraph|Profiler|ProfilerDataAtExit|WasmDebugger|DollarVM)$/;
const engineOptions: readonly string[] = [
  'functionOverrides',
  'jitDumpDirectory',
  'textMarkersDirectory',
  'useJITDump',
  'useTextMarkers',
];

/**
 * The engine compiles no machine code if the value of this variable is not a number, or is 0. The copy reads PATH instead, so a `get`
 * is 12 % faster, and no memory is both writable and executable. Without a PATH the compiler is on, which changes nothing else.
 */
const noCompiler = { variable: 'JavaScriptCoreUseJIT', replacement: 'PATH' };

/**
 * Writes a copy of the Bun at `bun` that reads none of these variables: the first byte of each name is replaced by NUL,
 * which no variable's name can contain. An option of the engine is then unknown, which ends the process. It also compiles no
 * machine code: see `noCompiler`. The executable is compiled from the copy, so that a later signature covers the change. Throws
 * if this Bun does not contain one of the names, because a new version may have replaced the variable.
 */
export function writeHardenedRuntime(bun: string, copy: string): void {
  const bytes = fs.readFileSync(bun);
  for (const variable of variables) {
    for (const place of requiredPlacesOf(bytes, variable)) bytes[place] = 0;
  }
  for (const place of requiredPlacesOf(bytes, `${noCompiler.variable}\0`)) {
    bytes.write(`${noCompiler.replacement}\0`, place);
  }
  const options = fileOptionsIn(bytes);
  const missing = engineOptions.filter((name) => !options.has(name));
  if (missing.length > 0) throw new Error(`${bun} does not contain ${missing.join(', ')}`);
  for (const name of options) {
    for (const place of placesOf(bytes, `${name}\0`)) {
      if (isStart(bytes, place)) bytes[place] = 0;
    }
  }
  fs.writeFileSync(copy, bytes, { mode: 0o755 });
}

function requiredPlacesOf(bytes: Buffer, name: string): number[] {
  const places = [...placesOf(bytes, name)];
  if (places.length === 0)
    throw new Error(`Bun does not contain ${name}: check if another variable replaced it`);
  return places;
}

function* placesOf(bytes: Buffer, name: string): Generator<number> {
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) yield at;
}

/** Returns the names of all options that access files. The texts are the names with a prefix. */
function fileOptionsIn(bytes: Buffer): ReadonlySet<string> {
  const names = new Set<string>();
  for (const place of placesOf(bytes, optionPrefix)) {
    const start = place + optionPrefix.length;
    const name = bytes.toString('latin1', start, bytes.indexOf(0, start));
    if (/^\w{1,80}$/.test(name) && fileOption.test(name)) names.add(name);
  }
  return names;
}

const optionPrefix = 'JSC_';

/** A linker stores a name and the same name with a prefix as one text, or as two. */
function isStart(bytes: Buffer, place: number): boolean {
  const prefix = bytes.toString('latin1', place - optionPrefix.length, place);
  return prefix === optionPrefix || prefix.endsWith('\0');
}
