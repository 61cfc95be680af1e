import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Debian's package wine64 installs it outside PATH. */
export const wine = '/usr/lib/wine/wine64';
export const compiler = 'x86_64-w64-mingw32-gcc';

/** A library that exists since Windows 7, and in Wine since version 8.4. */
const bcryptprimitives = `
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *bytes, unsigned long long count) {
  return SystemFunction036(bytes, (unsigned long)count);
}
int __stdcall DllMain(void *module, unsigned long reason, void *reserved) { return 1; }
`;

/** Copies a Windows executable and the missing library into `folder`; returns its path. */
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

/** Wine sets the Windows variables of the user's directories; these variables override them. */
export function wineEnv(prefix: string, home: string): Record<string, string> {
  const windowsHome = `Z:${home.replaceAll('/', '\\')}`;
  return {
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    DOCKER_CONFIG: `${windowsHome}\\.docker`,
    DOCKER_CREDENTIAL_ICR_CONFIG_DIR: `${windowsHome}\\config`,
  };
}
