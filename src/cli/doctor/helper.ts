import path from 'node:path';
import { helperName } from '../../clients/client.ts';
import { typed } from '../../clients/notes.ts';
import type { Context } from '../../context.ts';
import { pathFolders } from '../../files/executables.ts';
import { version } from '../../version.ts';
import { type Check, type Finding, fail, ok, warn } from './check.ts';
import { runProgram } from './run-program.ts';
import { identityOf, isWritable, type Program, programsNamed } from './search-path.ts';
import { setAside, sudoFor } from './set-aside.ts';

const program = `docker-credential-${helperName}`;
/** A version that the build has not put in: Bun or Node runs the source. */
const isSource = version.endsWith('-source');

export const helper: Check = {
  name: 'helper',
  run: async (examined) => {
    const { context } = examined;
    const found = programsNamed(context, program);
    const broken = found.filter(({ state }) => state !== 'executable');
    const [first, ...others] = found.filter(({ state }) => state === 'executable');
    if (first === undefined) return broken.length > 0 ? mend(context, broken) : missing(context);
    return [
      await judgeFirst(context, first, others),
      ...(await Promise.all(others.map((other) => judgeOther(context, other)))),
      ...broken.map(({ file, state }) => warn(`${file} is in the way: ${state}`, setAside(file))),
    ];
  },
};

function missing(context: Context): Finding {
  const own = ownFile(context);
  const what = `no ${program} on PATH, where clients look for it`;
  return fail(what, own === undefined ? 'make install' : putOnPath(context, own));
}

/** Of files that clients would find but cannot run, the first is made what it was meant to be. */
function mend(context: Context, [first, ...others]: readonly Program[]): Finding[] {
  if (first === undefined) return [];
  const { file, state } = first;
  const fix =
    state === 'not executable'
      ? `${sudoFor(file)}chmod +x ${typed(file)}`
      : `${sudoFor(path.dirname(file))}ln -sfn ${typed(ownFile(context) ?? program)} ${typed(file)}`;
  return [
    fail(`${file} is ${state === 'not executable' ? 'not executable' : 'a link to nothing'}`, fix),
    ...others.map((other) => warn(`${other.file} is ${other.state}`, setAside(other.file))),
  ];
}

async function judgeFirst(
  context: Context,
  first: Program,
  others: readonly Program[],
): Promise<Finding> {
  const own = ownFile(context);
  if (own !== undefined && first.identity === identityOf(own)) {
    return ok(`clients run ${first.file}, this very file`);
  }
  const found = await versionOf(context, first.file);
  if (own === undefined) {
    if (found === undefined) return fail(otherProgram(first), setAside(first.file));
    return ok(`clients run ${first.file} (${found}); this doctor runs from source`);
  }
  const fix = others.some(({ identity }) => identity === identityOf(own))
    ? setAside(first.file)
    : `${setAside(first.file)} && ${sudoFor(path.dirname(first.file))}ln -s ${typed(own)} ${typed(first.file)}`;
  if (found === undefined) return fail(otherProgram(first), fix);
  return warn(`clients run ${first.file} (${found}), not this ${own} (${version})`, fix);
}

async function judgeOther(context: Context, { file }: Program): Promise<Finding> {
  const found = await versionOf(context, file);
  const what = found === undefined ? 'another program of that name' : `a second one (${found})`;
  return warn(`${file} is ${what}; a client with another PATH may run it`, setAside(file));
}

function otherProgram({ file }: Program): string {
  return `${file} comes first on PATH, and is another program of that name`;
}

/** All that a program needs to print its version. */
const harmlessVariables = ['PATH', 'Path', 'HOME', 'USERPROFILE', 'SystemRoot', 'TEMP', 'TMPDIR'];

/**
 * Returns its version, or undefined if it is another program. It could be anybody's: it gets nothing from the
 * environment that could be a secret.
 */
async function versionOf({ env }: Context, file: string): Promise<string | undefined> {
  const harmless = Object.fromEntries(
    harmlessVariables.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
  const ending = await runProgram(harmless, file, 'version', '');
  if ('problem' in ending) return undefined;
  return /^docker-credential-icr \(IBM Cloud Container Registry[^)]*\) v(\S+)\n$/.exec(
    ending.stdout,
  )?.[1];
}

function ownFile({ executable }: Context): string | undefined {
  return isSource ? undefined : executable?.();
}

/** A link in a folder where people keep programs of their own, else a longer `PATH`. */
function putOnPath(context: Context, own: string): string {
  const home = context.env.HOME ?? '/';
  const usual = [path.join(home, '.local/bin'), path.join(home, 'bin'), '/usr/local/bin'];
  const folders = pathFolders(context);
  const folder = usual.find((each) => folders.includes(each) && isWritable(each));
  if (folder !== undefined) return `ln -s ${typed(own)} ${typed(path.join(folder, program))}`;
  return `export PATH=${typed(path.dirname(own))}:"$PATH"`;
}
