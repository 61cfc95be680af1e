/** Checks the imports of src, scripts and test against scripts/import-rules.ts, type imports included. */
import fs from 'node:fs';
import path from 'node:path';
import { type ImportRules, importRules } from './import-rules.ts';

interface Import {
  readonly from: string;
  readonly line: number;
  readonly to: string;
  /** If false, `to` is the path of a file. */
  readonly isPackage: boolean;
}

/** Returns one line for each violation. `sources` has each file's text by its path from the root. */
export function findViolations(sources: ReadonlyMap<string, string>, rules: ImportRules): string[] {
  const files = [...sources.keys()];
  const imports = [...sources].flatMap(([file, text]) => readImports(file, text));
  const inside = imports.filter(({ to }) => sources.has(to));
  const pairs = new Set(inside.map(pairOf));
  const checked = inside.filter((each) => !rules.exceptions.includes(pairOf(each)));
  return [
    ...files.filter((file) => !layerOf(file, rules)).map((file) => `${file}: has no layer`),
    ...Object.values(rules.layers)
      .flatMap(({ paths }) => paths)
      .filter((place) => !files.some((file) => isIn(file, place)))
      .map((place) => `${place}: a layer has this path, but there is no such file`),
    ...checked.flatMap((each) => layerViolation(each, rules)),
    ...imports.flatMap((each) => packageViolation(each, rules)),
    ...findCycles(checked),
    ...rules.exceptions
      .filter((pair) => !pairs.has(pair))
      .map((pair) => `${pair}: this exception matches no import; remove it from the rules`),
  ];
}

/**
 * Imports in comments and strings are found as well: without a parser, a false alarm is better than a missed import.
 */
function readImports(from: string, text: string): Import[] {
  const pattern = /\b(?:(?:from|import)\s*['"]|import\s*\(\s*['"`])([^'"`$\s]+)/g;
  return [...text.matchAll(pattern)].map(({ index, 1: specifier = '' }) => {
    const line = text.slice(0, index).split('\n').length;
    const isPackage = !specifier.startsWith('.');
    const to = isPackage
      ? (/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)
      : path.posix.join(path.posix.dirname(from), specifier);
    return { from, line, to, isPackage };
  });
}

function pairOf({ from, to }: Import): string {
  return `${from} -> ${to}`;
}

/** Returns the name of the layer with the longest path that matches. */
function layerOf(file: string, { layers }: ImportRules): string | undefined {
  const matches = Object.entries(layers).flatMap(([name, { paths }]) =>
    paths.filter((each) => isIn(file, each)).map((each) => ({ name, length: each.length })),
  );
  return matches.toSorted((one, other) => other.length - one.length)[0]?.name;
}

function isIn(file: string, place: string): boolean {
  return place.endsWith('/') ? file.startsWith(place) : file === place;
}

function layerViolation({ from, line, to }: Import, rules: ImportRules): string[] {
  const [own, other] = [layerOf(from, rules), layerOf(to, rules)];
  // A file without a layer is reported once, by itself.
  if (own === undefined || other === undefined || own === other) return [];
  if (rules.layers[own]?.imports.includes(other)) return [];
  return [`${from}:${line}: ${own} may not import ${other} (${to})`];
}

function packageViolation({ from, line, to, isPackage }: Import, { packages }: ImportRules) {
  if (!isPackage || !from.startsWith('src/')) return [];
  const places = packages[to] ?? (to.startsWith('node:') ? ['src/'] : []);
  if (places.some((place) => isIn(from, place))) return [];
  const allowed = places.length === 0 ? 'nothing in src' : `only ${places.join(', ')}`;
  return [`${from}:${line}: ${allowed} may import ${to}`];
}

/** Finds at least one import cycle of each group of files that import each other. */
function findCycles(imports: readonly Import[]): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const next = Map.groupBy(imports, ({ from }) => from);
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      cycles.push(`import cycle: ${[...trail.slice(start), file].join(' -> ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return cycles;
}

function readSources(root: string): Map<string, string> {
  const files = fs.globSync('{src,scripts,test}/**/*.ts', { cwd: root });
  return new Map(
    files.map((file) => [
      file.replaceAll('\\', '/'),
      fs.readFileSync(path.join(root, file), 'utf8'),
    ]),
  );
}

if (import.meta.main) {
  const violations = findViolations(readSources(path.dirname(import.meta.dirname)), importRules);
  for (const each of violations) console.error(each);
  if (violations.length > 0) process.exitCode = 1;
}
