import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Debian's package wine64 has it outside PATH. */
export const wine = '/usr/lib/wine/wine64';
export const compiler = 'x86_64-w64-mingw32-gcc';

/** What Windows has had since Windows 7, and Wine only since 8.4. */
const bcryptprimitives = `
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *bytes, unsigned long long count) {
  return SystemFunction036(bytes, (unsigned long)count);
}
int __stdcall DllMain(void *module, unsigned long reason, void *reserved) { return 1; }
`;

/** Lays an executable for Windows into `folder`, beside the library that it would miss; returns its path. */
export function layOutForWine(executable: string, folder: string): string {
  const library = path.join(folder, 'bcryptprimitives.dll');
  const words = [
    '-shared',
    '-nostdlib',
    '-e',
    'DllMain',
    '-x',
    'c',
    '-',
    '-o',
    library,
    '-ladvapi32',
  ];
  execFileSync(compiler, words, { input: bcryptprimitives });
  const copy = path.join(folder, path.basename(executable));
  fs.copyFileSync(executable, copy);
  return copy;
}

/** Wine gives Windows' own variables for folders; these are the ones that say ours. */
export function wineEnv(prefix: string, home: string): Record<string, string> {
  const windowsHome = `Z:${home.replaceAll('/', '\\')}`;
  return {
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    DOCKER_CONFIG: `${windowsHome}\\.docker`,
    DOCKER_CREDENTIAL_ICR_CONFIG_DIR: `${windowsHome}\\config`,
  };
}
