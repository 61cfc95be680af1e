import { helperName } from '../../clients/client.ts';
import { textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { shown } from '../../clients/notes.ts';
import { type Check, fail, ok } from './check.ts';
import { cutProperty, isFinding, readClientFile } from './client-file.ts';
import { type Ending, runProgram } from './run-program.ts';
import { isOnPath } from './search-path.ts';

/** The helper that Docker's file names for every other registry: `docker build` asks it for its list. */
export const credsStore: Check = {
  name: 'credsStore',
  run: async ({ context, machine }) => {
    const file = dockerConfigFile(context);
    const read = readClientFile(file, 'docker');
    // What is wrong with the file has a line of its own.
    const store = isFinding(read) ? undefined : textSetting(read, 'credsStore');
    if (!store || store === helperName) return [];
    const program = `docker-credential-${store}`;
    const cut = cutProperty(file, 'credsStore', `"${store.replace(/[^\w]/g, '\\$&')}"`);
    if (!/^[\w.-]+$/.test(store)) return fail(`"${shown(store)}" is not the name of a helper`, cut);
    if (!isOnPath(context, program)) {
      const isWsl = /microsoft/i.test(machine.kernel) && store.startsWith('desktop');
      const why = isWsl ? '; Docker Desktop left it behind in WSL' : '';
      return fail(`${file} names ${program}, which is not on PATH${why}`, cut);
    }
    // What clients send with it.
    const problem = problemOf(await runProgram(context, program, 'list', 'unused'));
    if (problem === undefined) return ok(`${program} answers for every other registry`);
    return fail(`${program} list ${problem}: docker build stops there`, cut);
  },
};

function problemOf(ending: Ending): string | undefined {
  if ('problem' in ending) return ending.problem;
  const { status, stdout } = ending;
  if (status !== 0) return `fails (${shown(stdout.trim()) || `exit status ${status}`})`;
  return isObject(stdout) ? undefined : 'answers with something that is not a JSON object';
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
