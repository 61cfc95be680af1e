import fs from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const copies = path.join(root, 'dist', 'source');

/** `main.ts` contains all that a `get` runs; clients also wait for the commands in the other modules. */
const separateModules: readonly string[] = [
  'main.ts',
  'identity/tokens.ts',
  'kubernetes/kubelet.ts',
  'protocol/store.ts',
  'protocol/erase.ts',
  'protocol/list.ts',
];

/**
 * Copies src/ to dist/source and returns the copy of main.ts, to be compiled with `--splitting`. Splitting groups modules
 * by the entry points that load them, and every `import()` makes an entry point: a `get` would load fifteen chunks. Each
 * further chunk adds 2 to 4 % to its time, and the exports of a chunk that is shared with other commands as much. So each
 * of `separateModules` is compiled to one chunk, from its own copy of src/. All other modules are in the copy `shared`, in
 * which every entry point imports what main.ts imports, so that this is in one chunk.
 */
export function copyForSplitting(): string {
  fs.rmSync(copies, { recursive: true, force: true });
  fs.mkdirSync(copies, { recursive: true });
  fs.symlinkSync(path.join('..', '..', 'node_modules'), path.join(copies, 'node_modules'));
  const shared = copy('shared');
  for (const name of separateModules) copy(copyOf(name));
  const hot = importedBy(path.join(shared, 'main.ts'), staticImport);
  const forCommands = ['cli.ts', 'status/status.ts'].flatMap((name) =>
    importedBy(path.join(shared, 'cli', name), staticImport),
  );
  for (const entry of entryPoints(shared)) {
    const isCommand = entry.startsWith(path.join(shared, 'cli'));
    const files = isCommand ? [...hot, ...forCommands] : hot;
    const imports = files.map((file) => `import '${relative(path.dirname(entry), file)}';`);
    fs.writeFileSync(entry, `${imports.join('')}${fs.readFileSync(entry, 'utf8')}`);
  }
  return path.join(copies, copyOf('main.ts'), 'main.ts');
}

/** Copies src/. The modules that it loads with `import()` are in the copies that contain them for all. */
function copy(name: string): string {
  const to = path.join(copies, name);
  fs.cpSync(path.join(root, 'src'), to, { recursive: true });
  for (const file of typeScriptIn(to)) {
    const text = fs.readFileSync(file, 'utf8');
    const changed = text.replace(dynamicImport, (_, start: string, module: string) => {
      const target = path.relative(to, path.join(path.dirname(file), module));
      const owner = separateModules.includes(target) ? copyOf(target) : 'shared';
      return `${start}${relative(path.dirname(file), path.join(copies, owner, target))}'`;
    });
    if (changed !== text) fs.writeFileSync(file, changed);
  }
  return to;
}

const staticImport = /^(?:import|\}) .*from '(\.[^']+)';$/gm;
const dynamicImport = /(import\(\s*')(\.[^']+)'/g;

function copyOf(module: string): string {
  return path.basename(module, '.ts');
}

function relative(from: string, file: string): string {
  const name = path.relative(from, file).replaceAll('\\', '/');
  return name.startsWith('.') ? name : `./${name}`;
}

/** The modules in the copy `folder` that are loaded with `import()`. */
function entryPoints(folder: string): Set<string> {
  const found = typeScriptIn(folder).flatMap((file) => importedBy(file, /import\(\s*'(\.[^']+)'/g));
  return new Set(found.filter((file) => file.startsWith(folder + path.sep)));
}

/** The modules whose names the pattern captures in a file. */
function importedBy(file: string, pattern: RegExp): string[] {
  const imports = fs.readFileSync(file, 'utf8').matchAll(pattern);
  return [...imports].map(([, name = '']) => path.join(path.dirname(file), name));
}

function typeScriptIn(folder: string): string[] {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.join(folder, name));
}
