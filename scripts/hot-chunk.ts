import fs from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

/** The module that a `get` of a cached access token loads. */
const tokens = 'identity/tokens.ts';

/**
 * Copies src/ to dist/source/src and returns the copy of main.ts, to be compiled with `--splitting`. Splitting groups
 * modules by the entry points that load them, and every `import()` makes an entry point: the modules of the fast path
 * would be in fifteen chunks. In the copy every entry point imports what main.ts imports, so that all of it is in one
 * chunk: each further chunk adds 2 to 4 % to the time of a `get`. What a cached access token needs in addition would be
 * in three chunks, and is in one for the same reason.
 */
export function copyForSplitting(): string {
  const copy = path.join(root, 'dist', 'source');
  const src = path.join(copy, 'src');
  fs.rmSync(copy, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'src'), src, { recursive: true });
  fs.symlinkSync(path.join('..', '..', 'node_modules'), path.join(copy, 'node_modules'));
  const main = path.join(src, 'main.ts');
  const hot = importedBy(main, /^import .* from '(\..+)';$/gm);
  const all = [...hot, path.join(src, tokens)];
  for (const entry of entryPoints(src)) {
    const imports = all.map((file) => {
      const name = path.relative(path.dirname(entry), file).replaceAll('\\', '/');
      return `import '${name.startsWith('.') ? name : `./${name}`}';`;
    });
    fs.writeFileSync(entry, `${imports.join('')}${fs.readFileSync(entry, 'utf8')}`);
  }
  return main;
}

/** The modules of `src` that are imported by `import()`. */
function entryPoints(src: string): Set<string> {
  const found = new Set<string>();
  for (const name of fs.readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    for (const file of importedBy(path.join(src, name), /import\(\s*'(\.[^']+)'/g)) found.add(file);
  }
  return found;
}

/** The modules whose names the pattern captures in a file. */
function importedBy(file: string, pattern: RegExp): string[] {
  const imports = fs.readFileSync(file, 'utf8').matchAll(pattern);
  return [...imports].map(([, name = '']) => path.join(path.dirname(file), name));
}
