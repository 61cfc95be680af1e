import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** What loads programs on a processor, from Debian's package `musl`, and the compiler for it. */
export const musl = {
  x64: { loader: '/lib/ld-musl-x86_64.so.1', gcc: 'gcc', nm: 'nm' },
  arm64: {
    loader: '/lib/ld-musl-aarch64.so.1',
    gcc: 'aarch64-linux-gnu-gcc',
    nm: 'aarch64-linux-gnu-nm',
  },
} as const;

type Machine = (typeof musl)[keyof typeof musl];

/** What Debian's libstdc++ asks of glibc, and musl 1.2.3 has not or names otherwise. */
const missing = `
char __libc_single_threaded;
long getrandom(void *, unsigned long, unsigned);
unsigned arc4random(void) { unsigned v; return getrandom(&v, sizeof v, 0) == sizeof v ? v : 4; }
unsigned long getauxval(unsigned long);
unsigned long __getauxval(unsigned long type) { return getauxval(type); }
int _dl_find_object(void *address, void *result) { return -1; }
`;

/**
 * Links a libstdc++.so.6 for musl into `folder`, of what `executable` needs of it: Alpine has one, but
 * Debian has none. Throws where there is no gcc.
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

/** Names of C++, and of what runs it, that the executable takes from a library. */
function neededSymbols(executable: string, nm: string): string[] {
  const lines = execFileSync(nm, ['-D', executable], { encoding: 'utf8' });
  // Tables of virtual functions are copied into the executable: B, not U.
  const wanted =
    /\s(?:[Uw] (?<taken>_Z[A-Z]\w+|__(?:cxa|dynamic_cast|once_proxy)\w*)|B (?<copied>_ZTVN10__cxxabiv1\w+))/g;
  return (
    [...lines.matchAll(wanted)]
      .map(({ groups }) => groups?.taken ?? groups?.copied ?? '')
      // musl itself has these two.
      .filter((name) => !/^__cxa_(atexit|finalize)$/.test(name))
  );
}
