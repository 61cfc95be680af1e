import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Where Debian's package `musl` puts what loads programs. */
export const loader = '/lib/ld-musl-x86_64.so.1';

/** What Debian's libstdc++ asks of glibc and musl 1.2.3 has not: each is optional to it. */
const missing = `
char __libc_single_threaded;
long syscall(long, ...);
unsigned arc4random(void) { unsigned v; return syscall(318, &v, sizeof v, 0) == sizeof v ? v : 4; }
int _dl_find_object(void *address, void *result) { return -1; }
`;

/**
 * Links a libstdc++.so.6 for musl into `folder`, of what `executable` needs of it: Alpine has one, but
 * Debian has none. Throws where there is no gcc.
 */
export function linkLibstdcxx(executable: string, folder: string): void {
  const object = path.join(folder, 'missing.o');
  execFileSync('gcc', ['-c', '-fPIC', '-fno-stack-protector', '-x', 'c', '-', '-o', object], {
    input: missing,
  });
  const libraries = ['libstdc++.a', 'libgcc_eh.a', 'libgcc.a'].map(gccFile);
  execFileSync('gcc', [
    ...['-shared', '-nostdlib', '-Wl,-soname,libstdc++.so.6'],
    ...neededSymbols(executable).map((symbol) => `-Wl,-u,${symbol}`),
    ...[gccFile('crtbeginS.o'), object, ...libraries, gccFile('crtendS.o')],
    ...['-o', path.join(folder, 'libstdc++.so.6')],
  ]);
  fs.rmSync(object);
}

/** Names of C++, and of what runs it, that the executable takes from a library. */
function neededSymbols(executable: string): string[] {
  const lines = execFileSync('nm', ['-D', executable], { encoding: 'utf8' });
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

function gccFile(name: string): string {
  return execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
}
