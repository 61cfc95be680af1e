import { helperName } from '../../clients/client.ts';
import { textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { shown, typed } from '../../clients/notes.ts';
import { settingsFile } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { parseObject } from '../../json-object.ts';
import { fileOf } from '../../secrets/credential-file.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { findHelper, withoutSecrets } from '../../secrets/helper-program.ts';
import { fileStoreName, type SecretKey } from '../../secrets/store.ts';
import { type Check, type Examined, type Finding, fail, ok, warn } from './check.ts';
import { configureCommand, cutProperty, isFinding, readClientFile } from './client-file.ts';
import { type Ending, runProgram } from './run-program.ts';
import { setAside } from './set-aside.ts';

/** The helper that Docker's file names for every other registry: `docker build` asks it for its list. */
const credsStore: Check = {
  name: 'credsStore',
  run: async ({ context, machine, look }) => {
    const file = dockerConfigFile(context);
    const read = readClientFile(file, 'docker');
    // What is wrong with the file has a line of its own.
    const store = isFinding(read) ? undefined : textSetting(read, 'credsStore');
    if (!store) return [];
    if (store === helperName) return others(context, file, look.readableSettings().fallbackHelper);
    const cut = cutProperty(file, 'credsStore', `"${store.replace(/[^\w]/g, '\\$&')}"`);
    const problem = await problemOf(context, store);
    if (problem === undefined) return ok(`${store} answers for every other registry`);
    const isLeft = /microsoft/i.test(machine.kernel) && store.startsWith('desktop');
    const why = isLeft ? '; Docker Desktop left it behind in WSL' : '';
    return fail(`${problem}; ${file} names it for every other registry${why}`, cut);
  },
};

/** This helper stands in Docker's `credsStore`, and hands on what is not IBM's. */
async function others(context: Context, file: string, name: string | undefined): Promise<Finding> {
  if (name === undefined) return ok('this helper answers for every registry');
  const problem = await problemOf(context, name);
  if (problem === undefined)
    return ok(`this helper, and ${name} for registries that are not IBM's`);
  const alone = `${cutProperty(file, 'credsStore', `"${helperName}"`)} && ${configureCommand('docker')}`;
  return fail(`${problem}, but it is to answer for registries that are not IBM's`, alone);
}

/** Where this helper keeps its own secrets, unless that is in files. */
const secretStore: Check = {
  name: 'secret store',
  run: async (examined) => {
    const { context, look } = examined;
    const { store = fileStoreName } = look.readableSettings();
    if (store === fileStoreName || look.folder === undefined) return leftOver(examined, store);
    // Where it keeps nothing, some print nothing: Docker stumbles over it, we do not.
    const problem = await problemOf(context, store, /^\s*(null)?\s*$/);
    if (problem === undefined) return [listing(examined, store), ...leftOver(examined, store)];
    const away = setAside(settingsFile(look.folder));
    const anew = `${away} && docker-credential-icr login --store file`;
    return fail(`${problem}; install or unlock it, or else begin anew`, anew);
  },
};

/** Some that are locked list nothing. To try it would write into it. */
function listing({ look }: Examined, store: string): Finding {
  const { names } = look.secrets();
  const isEmpty = names('identity').length + names('host').length === 0;
  const nothing = `${store} lists nothing of ours; if something was kept, it is locked or elsewhere`;
  return ok(isEmpty ? nothing : `${store} lists what it keeps`);
}

/** What a move from one store to another left behind, and files that belong to no identity. */
function leftOver({ context, look }: Examined, store: string): Finding[] {
  const { identities, previousStore } = look.readableSettings();
  if (previousStore !== undefined && previousStore !== store) {
    const what = `a move of the secrets was cut short: some may be left in ${previousStore}`;
    return [warn(what, `docker-credential-icr store move ${typed(store)}`)];
  }
  const isUsed = ({ of, name }: SecretKey) =>
    store === fileStoreName &&
    // A pending API key has a check of its own, also if its identity is gone.
    (of === 'host' || Object.hasOwn(identities, name) || identityOfPending(name) !== undefined);
  const unused = keysInFiles(context).filter((key) => !isUsed(key));
  if (unused.length === 0 || look.folder === undefined || !look.areSettingsReadable()) return [];
  const { folder } = look;
  const files = unused.map((key) => typed(fileOf(folder, key)));
  const what = `files of secrets that nothing reads: ${unused.map(({ name }) => name).join(', ')}`;
  return [warn(what, `rm ${files.join(' ')}`)];
}

/** What may not be read has a line of its own. */
function keysInFiles(context: Context): SecretKey[] {
  try {
    const { names } = fileStore(context);
    return (['identity', 'host'] as const).flatMap((of) => names(of).map((name) => ({ of, name })));
  } catch (error) {
    if (error instanceof HelperError) return [];
    throw error;
  }
}

const never = /(?!)/;

/** Why a credential helper is of no use, if it is. A list that is `empty` will do as well as an object. */
async function problemOf(
  context: Context,
  name: string,
  empty: RegExp = never,
): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) return `"${shown(name)}" is not the name of a helper`;
  const file = findHelper(context, name);
  if (file === undefined) return `no ${program} is on PATH`;
  // What clients send with it.
  const problem = problemIn(
    await runProgram(withoutSecrets(context), file, 'list', 'unused'),
    empty,
  );
  return problem === undefined ? undefined : `${program} list ${problem}`;
}

function problemIn(ending: Ending, empty: RegExp): string | undefined {
  if ('problem' in ending) return ending.problem;
  const { status, stdout } = ending;
  if (status !== 0) return `fails (${shown(stdout.trim()) || `exit status ${status}`})`;
  const isList = parseObject(stdout) !== undefined || empty.test(stdout);
  return isList ? undefined : 'answers with something that is not a JSON object';
}

export const stores: readonly Check[] = [credsStore, secretStore];
