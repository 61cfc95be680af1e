import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** The dynamic loaders of Debian's package `musl`, and the compilers for their platforms. */
export const musl = {
  x64: { loader: '/lib/ld-musl-x86_64.so.1', gcc: 'gcc', nm: 'nm' },
  arm64: {
    loader: '/lib/ld-musl-aarch64.so.1',
    gcc: 'aarch64-linux-gnu-gcc',
    nm: 'aarch64-linux-gnu-nm',
  },
} as const;

type Machine = (typeof musl)[keyof typeof musl];

/** Symbols of glibc that Debian's libstdc++ uses, and that musl 1.2.3 lacks or names differently. */
const missing = `
char __libc_single_threaded;
long getrandom(void *, unsigned long, unsigned);
unsigned arc4random(void) { unsigned v; return getrandom(&v, sizeof v, 0) == sizeof v ? v : 4; }
unsigned long getauxval(unsigned long);
unsigned long __getauxval(unsigned long type) { return getauxval(type); }
int _dl_find_object(void *address, void *result) { return -1; }
`;

/**
 * Links a libstdc++.so.6 for musl into `folder`, with the symbols that `executable` needs: Alpine includes this
 * library, but Debian does not. Throws if gcc is not installed.
 */
export function linkLibstdcxx(executable: string, { gcc, nm }: Machine, folder: string): void {
  const gccFile = (name: string) =>
    execFileSync(gcc, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  const object = path.join(folder, 'missing.o');
  execFileSync(gcc, ['-c', '-fPIC', '-fno-stack-protector', '-x', 'c', '-', '-o', object], {
    input: missing,
  });
  const libraries = ['libstdc++.a', 'libgcc_eh.a', 'libgcc.a'].map(gccFile);
  execFileSync(gcc, [
    ...['-shared', '-nostdlib', '-Wl,-soname,libstdc++.so.6'],
    ...neededSymbols(executable, nm).map((symbol) => `-Wl,-u,${symbol}`),
    ...[gccFile('crtbeginS.o'), object, ...libraries, gccFile('crtendS.o')],
    ...['-o', path.join(folder, 'libstdc++.so.6')],
  ]);
  fs.rmSync(object);
}

/** Returns the symbols of the C++ library and its runtime that the executable imports. */
function neededSymbols(executable: string, nm: string): string[] {
  const lines = execFileSync(nm, ['-D', executable], { encoding: 'utf8' });
  // The linker copies virtual method tables into the executable: their type is B, not U.
  const wanted =
    /\s(?:[Uw] (?<taken>_Z[A-Z]\w+|__(?:cxa|dynamic_cast|once_proxy)\w*)|B (?<copied>_ZTVN10__cxxabiv1\w+))/g;
  return (
    [...lines.matchAll(wanted)]
      .map(({ groups }) => groups?.taken ?? groups?.copied ?? '')
      // musl itself has these two.
      .filter((name) => !/^__cxa_(atexit|finalize)$/.test(name))
  );
}
