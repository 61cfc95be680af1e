import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { compile } from '../build.ts';
import { root } from './stamp.ts';

const main = path.join(root, 'src', 'main.ts');

/** The result of one way to compress an archive. */
interface Packing {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: number;
}

/** Compresses the executable in different ways. Tools that are not installed are omitted. */
export function tryPackings(executable: string): Packing[] {
  const ways: readonly (readonly [string, ...string[]])[] = [
    ['gzip', '-9'],
    ['zstd', '-10'],
    ['zstd', '-19', '-T0'],
    ['xz', '-6', '-T0'],
  ];
  return ways.flatMap(([tool, ...words]) => {
    const start = performance.now();
    const { stdout, error } = spawnSync(tool, [...words, '-q', '-c', executable], {
      maxBuffer: 2 ** 30,
    });
    if (error !== undefined) return [];
    const seconds = (performance.now() - start) / 1000;
    return [{ name: [tool, ...words].join(' '), bytes: stdout.length, seconds }];
  });
}

/** Builds the executable for this machine in different ways; `file` is undefined if it does not start. */
export function tryBuilds(folder: string): { name: string; file: string | undefined }[] {
  const stripped = path.join(folder, 'stripped-bun');
  spawnSync('strip', ['--strip-all', '-o', stripped, process.execPath]);
  const ways: readonly (readonly [name: string, words: readonly string[]])[] = [
    ['current build, without bytecode order', []],
    ['bytecode of top-level code only', ['--bytecode-depth=0']],
    ['bytecode of outermost functions only', ['--bytecode-depth=1']],
    ['no bytecode optimization', ['--no-optimize-bytecode']],
    ['with a stripped Bun', [`--compile-executable-path=${stripped}`]],
  ];
  return [
    ...ways.map(([name, words], index) => {
      const file = path.join(folder, `way${index}`);
      compile(main, file, words);
      return { name, file };
    }),
    { name: 'executable stripped after the build', file: stripAfterwards(folder) },
  ];
}

/** Builds an empty program: the result is the size of Bun. */
export function buildEmptyProgram(folder: string): string {
  const [source, file] = [path.join(folder, 'nothing.ts'), path.join(folder, 'nothing')];
  fs.writeFileSync(source, 'export {};\n');
  compile(source, file);
  return file;
}

/** Strips the built executable. strip(1) removes the program, which Bun appends after its own sections. */
function stripAfterwards(folder: string): string | undefined {
  const file = path.join(folder, 'stripped');
  fs.copyFileSync(path.join(folder, 'way0'), file);
  if (spawnSync('strip', ['--strip-all', file]).status !== 0) return undefined;
  const { status } = spawnSync(file, ['version']);
  return status === 0 ? file : undefined;
}
