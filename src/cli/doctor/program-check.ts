import fs from 'node:fs';
import path from 'node:path';
import { helperName } from '../../clients/client.ts';
import { typed } from '../../clients/notes.ts';
import type { Context } from '../../context.ts';
import { findProgram } from '../../files/executables.ts';
import { withoutSecrets } from '../../secrets/helper-program.ts';
import { version } from '../../version.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';
import { statOf } from './machine.ts';

const name = `docker-credential-${helperName}`;
/** The build replaces the version; from source, Bun or Node is the executable. */
const isSource = version.endsWith('-source');
const versionOutput = /^docker-credential-icr \(IBM Cloud Container Registry[^)]*\) v(\S+)\n$/;
/** A person waits this long at every pull. */
export const programLimitMs = 2000;

/** The helper on `PATH`: clients run the first executable file of that name. */
export const programCheck: Check = {
  name: 'helper',
  run: ({ context }) => {
    const [own, first] = [ownFile(context), findProgram(context, name)];
    const files = filesOnPath(context);
    const found = first === undefined ? missing(own, files) : judge(context, first, own);
    const others = files.filter((file) => file !== first).map((file) => judgeOther(context, file));
    return [found, ...(first === undefined ? [] : others)];
  },
};

function missing(own: string | undefined, [file]: readonly string[]): Finding {
  const install =
    own === undefined ? 'run make install' : `run export PATH=${typed(path.dirname(own))}:"$PATH"`;
  if (file === undefined) return problem(`${name} is not on PATH`, install);
  const stat = statOf(file);
  if (stat?.isFile()) return problem(`${file} is not executable`, `run chmod +x ${typed(file)}`);
  const what = stat === undefined ? 'a dangling symlink' : 'not a regular file';
  const hint = own === undefined ? install : `run ln -sfn ${typed(own)} ${typed(file)}`;
  return problem(`${file} is ${what}`, hint);
}

function judge(context: Context, file: string, own: string | undefined): Finding {
  if (own !== undefined && realPath(file) === realPath(own)) return ok(`clients run ${file}`);
  const found = run(context, file);
  if ('problem' in found) return problem(`${file} ${found.problem}`, moveAway(file));
  if (own === undefined)
    return ok(`clients run ${file} (${found.version}); doctor runs from source`);
  const what = `clients run ${file} (${found.version}), not ${own} (${version})`;
  return warning(what, moveAway(file));
}

/** A client with another `PATH` may run it. */
function judgeOther(context: Context, file: string): Finding {
  const found = statOf(file)?.isFile() ? run(context, file) : { problem: 'is not a regular file' };
  const what = 'problem' in found ? found.problem : `is a second copy (${found.version})`;
  return warning(`${file} ${what}`, moveAway(file));
}

function moveAway(file: string): string {
  return `run mv -i ${typed(file)} ${typed(`${file}.old`)}`;
}

/** It may be any program, so it gets no secret. */
function run(
  context: Context,
  file: string,
): { readonly version: string } | { readonly problem: string } {
  const env = Object.fromEntries(
    Object.entries(withoutSecrets(context)).filter(([variable]) => harmless.includes(variable)),
  );
  const options = { input: '', env, timeoutMs: programLimitMs, maxBytes: 64 * 1024 };
  const { output, failure } = context.runSync(file, ['version'], options);
  const [, found] = versionOutput.exec(output) ?? [];
  if (found !== undefined && failure === undefined) return { version: found };
  return { problem: executionProblem(failure) ?? 'is another program of that name' };
}

const harmless = ['PATH', 'Path', 'HOME', 'USERPROFILE', 'SystemRoot', 'TEMP', 'TMPDIR'];

/** Why a program could not be started; undefined if it was. */
export function executionProblem(failure: string | undefined): string | undefined {
  if (failure === undefined || failure === 'timeout' || failure === 'ENOBUFS') return undefined;
  if (failure === 'ENOEXEC')
    return 'cannot be executed: it is empty, or not a program of this system';
  if (failure === 'ENOENT') return 'cannot be executed: its interpreter does not exist';
  return `cannot be executed (${failure})`;
}

/** All entries of that name in the directories of `PATH`, each file once. */
function filesOnPath({ env, platform }: Context): string[] {
  const folders = (env.PATH ?? env.Path ?? '').split(path.delimiter).filter(path.isAbsolute);
  const files = folders
    .map((folder) => path.join(folder, platform === 'win32' ? `${name}.exe` : name))
    .filter((file) => isPresent(file) && statOf(file)?.isDirectory() !== true);
  return files.filter(
    (file, index) => files.findIndex((other) => realPath(other) === realPath(file)) === index,
  );
}

function isPresent(file: string): boolean {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

function ownFile({ executable }: Context): string | undefined {
  return isSource ? undefined : executable;
}
