import path from 'node:path';
import { linkName } from '../../clients/helper-link.ts';
import type { Context } from '../../context.ts';
import { findProgram, programPaths } from '../../files/executables.ts';
import { lstatOf, realPath, statOf } from '../../files/file-facts.ts';
import { typeOf } from '../../files/storage-error.ts';
import { unknownIdentity } from '../../identity/named-login.ts';
import { own } from '../../json-object.ts';
import { helperName, version } from '../../program-name.ts';
import { withoutSecrets } from '../../secrets/helper-program.ts';
import { moveAway, shellQuoted } from '../../visible.ts';
import { type NamedHelper, namedHelpers } from '../named-helper.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  ok,
  orElse,
  problem,
  skipped,
  warning,
} from './check.ts';

const name = `docker-credential-${helperName}`;
/** True without a build, which replaces the version. Then the executable is Bun or Node. */
const isSource = version.endsWith('-source');
const versionOutput = /^docker-credential-icr \(IBM Cloud Container Registry[^)]*\) v(\S+)\n$/;
/** A helper that takes longer delays every pull noticeably. */
export const programLimitMs = 2000;

/** Checks the helper on `PATH`. Clients run the first executable file with its name. */
export const programCheck: Check = {
  name: 'helper',
  run: ({ context }) => {
    const [own, first] = [ownFile(context), findProgram(context, name)];
    const files = filesOnPath(context);
    const found = first === undefined ? notFound(own, files) : checkFirst(context, first, own);
    const others = files.filter((file) => file !== first);
    return [found, first === undefined ? [] : others.map((file) => checkOther(context, file))];
  },
};

function notFound(own: string | undefined, [file]: readonly string[]): Finding {
  const install =
    own === undefined
      ? 'run make install'
      : `run export PATH=${shellQuoted(path.dirname(own))}:"$PATH"`;
  if (file === undefined) return problem(`${name} is not on PATH`, install);
  const { what, isRegular } = whyNotStarted(file);
  if (isRegular) return problem(what, `run chmod +x ${shellQuoted(file)}`);
  const hint = own === undefined ? install : `run ln -sfn ${shellQuoted(own)} ${shellQuoted(file)}`;
  return problem(what, hint);
}

interface NotStartable {
  readonly file: string;
  readonly what: string;
  readonly isRegular: boolean;
}

/** Describes the first file of that name on `PATH`, for a program that clients do not find there. */
export function notStartable(context: Context, program: string): NotStartable | undefined {
  const file = programPaths(context, program).find(lstatOf);
  return file === undefined ? undefined : whyNotStarted(file);
}

function whyNotStarted(file: string): NotStartable {
  const stat = statOf(file);
  const isRegular = stat?.isFile() === true;
  if (isRegular) return { file, what: `${file} is not executable`, isRegular };
  const type = stat === undefined ? 'a dangling symlink' : `${typeOf(stat)}, not a regular file`;
  return { file, what: `${file} is ${type}`, isRegular };
}

function checkFirst(context: Context, file: string, own: string | undefined): Finding {
  if (own !== undefined && canonicalPath(file) === canonicalPath(own))
    return ok(`clients run ${file}`);
  const found = run(context, file);
  if ('problem' in found) return problem(`${file} ${found.problem}`, `run ${moveAway(file)}`);
  if (own === undefined)
    return ok(`clients run ${file} (${found.version}); doctor runs from source`);
  const what = `clients run ${file} (${found.version}), not ${own} (${version})`;
  return warning(what, `run ${moveAway(file)}`);
}

/** Checks another file with the helper's name, which a client with a different `PATH` may run. */
function checkOther(context: Context, file: string): Finding {
  const found = statOf(file)?.isFile() ? run(context, file) : { problem: 'is not a regular file' };
  const what = 'problem' in found ? found.problem : `is a second copy (${found.version})`;
  return warning(`${file} ${what}`, `run ${moveAway(file)}`);
}

/** Runs `version`. The file may be any program, so variables with secrets are not passed. */
function run(
  context: Context,
  file: string,
): { readonly version: string } | { readonly problem: string } {
  const env = Object.fromEntries(
    Object.entries(withoutSecrets(context)).filter(([name]) => passedVariables.includes(name)),
  );
  const options = { input: '', env, timeoutMs: programLimitMs, maxBytes: 64 * 1024 };
  const { output, failure } = context.runSync(file, ['version'], options);
  const [, found] = versionOutput.exec(output) ?? [];
  if (found !== undefined && failure === undefined) return { version: found };
  return { problem: executionProblem(failure) ?? 'is another program of that name' };
}

const passedVariables = ['PATH', 'Path', 'HOME', 'USERPROFILE', 'SystemRoot', 'TEMP', 'TMPDIR'];

/** Returns undefined if the program was started. */
export function executionProblem(failure: string | undefined): string | undefined {
  if (failure === undefined || failure === 'timeout' || failure === 'ENOBUFS') return undefined;
  if (failure === 'ENOEXEC')
    return 'cannot be executed: it is empty, or not a program of this system';
  if (failure === 'ENOENT') return 'cannot be executed: its interpreter does not exist';
  return `cannot be executed (${failure})`;
}

/** Returns all files with the helper's name on `PATH`, each once even if it is linked. */
function filesOnPath(context: Context): string[] {
  const files = programPaths(context, name)
    .filter((file) => !file.endsWith('.cmd'))
    .filter((file) => lstatOf(file) !== undefined && statOf(file)?.isDirectory() !== true);
  return files.filter(
    (file, index) =>
      files.findIndex((other) => canonicalPath(other) === canonicalPath(file)) === index,
  );
}

/** Returns the same path for all names of a file. */
function canonicalPath(file: string): string {
  return realPath(file) ?? file;
}

function ownFile({ executable }: Context): string | undefined {
  return isSource ? undefined : executable?.();
}

/** Checks the helpers of identities (`docker-credential-icr-NAME`) that clients' files name. */
export const namedHelpersCheck: Check = {
  name: 'named helpers',
  run: (input) => {
    const helpers = namedHelpers(input.context);
    return orElse(
      helpers.map((helper) => checkNamed(input, helper)),
      skipped('none'),
    );
  },
};

function checkNamed({ context, snapshot }: CheckInput, helper: NamedHelper): Finding {
  const { identity, file, isOther, uses } = helper;
  const name = linkName(identity);
  const configure = `docker-credential-icr configure --identity ${shellQuoted(identity)}`;
  const where = uses.map((use) => use.file).join(', ');
  const hosts = uses.flatMap((use) => use.hosts);
  if (file === undefined) {
    const present = notStartable(context, name);
    if (present !== undefined)
      return problem(present.what, `run ${moveAway(present.file)} && ${configure}`);
    return where === ''
      ? warning(`${name} is not on PATH`, `run ${configure}`)
      : problem(`${where} names ${name}, which is not on PATH`, `run ${configure}`);
  }
  if (isOther) return problem(`${file} is another program`, `run ${moveAway(file)}`);
  const { settings, settingsError } = snapshot;
  if (settingsError === undefined && own(settings.identities, identity) === undefined) {
    const { message, hint } = unknownIdentity(settings, identity);
    return problem(`${name}: ${message}`, hint);
  }
  if (hosts.includes('*')) {
    const hint = `set it to "${helperName}", and run ${configure} --host HOST`;
    return warning(`${name} is the credsStore, but has credentials for ICR hosts only`, hint);
  }
  if (where === '') return warning(`${name} is not registered in a client`, `run ${configure}`);
  return ok(`${name} uses identity ${identity} for ${hosts.join(', ')}`);
}
