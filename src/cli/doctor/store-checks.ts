import { helperName } from '../../clients/client.ts';
import { textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { shown, typed } from '../../clients/notes.ts';
import { settingsFile } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { fileOf } from '../../secrets/credential-file.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { parseList } from '../../secrets/helper-process.ts';
import { findHelper, withoutSecrets } from '../../secrets/helper-program.ts';
import { fileStoreName } from '../../secrets/store-types.ts';
import { attempt } from './attempt.ts';
import { type Check, type Examined, type Finding, ok, problem, warning } from './check.ts';
import { readClientFile } from './client-findings.ts';
import { executionProblem, programLimitMs } from './program-check.ts';

/** Docker's helper for all other registries, whose list `docker build` requests. */
const credsStore: Check = {
  name: 'credsStore',
  run: async ({ context, machine, look: { settings } }) => {
    const file = dockerConfigFile(context);
    const read = await readClientFile(file);
    // `docker` reports an unreadable file.
    const store = read instanceof HelperError ? undefined : textSetting(read, 'credsStore');
    if (!store) return [];
    if (store !== helperName) {
      const found = await listProblem(context, store);
      if (found === undefined) return ok(`${store} works, for every other registry`);
      const isLeft =
        machine.kernel.toLowerCase().includes('microsoft') && store.startsWith('desktop');
      const why = isLeft ? '; Docker Desktop left it behind in WSL' : '';
      return problem(`${found}; it is the credsStore in ${file}${why}`, removeStore(file));
    }
    const { fallbackHelper: others } = settings;
    if (others === undefined) return ok('this helper, for every registry');
    const found = await listProblem(context, others);
    if (found === undefined) return ok(`this helper, and ${others} for other registries`);
    const hint = `${removeStore(file)}, then run docker-credential-icr configure`;
    return problem(`${found}; it is the helper for other registries`, hint);
  },
};

function removeStore(file: string): string {
  return `install or repair it, or remove "credsStore" from ${file}`;
}

/** The store of this helper's own secrets. */
const secretStore: Check = {
  name: 'secret store',
  run: async (examined) => {
    const { context, look } = examined;
    const { store = fileStoreName } = look.settings;
    if (store === fileStoreName) return leftOver(examined, store);
    // Some print nothing if they are empty: Docker fails then, this helper does not.
    const found = await listProblem(context, store, true);
    if (found !== undefined) {
      const file = typed(settingsFile(look.folder ?? ''));
      const again = `mv -i ${file} ${file}.old && docker-credential-icr login --store file`;
      return problem(found, `install or unlock it; to start again, run ${again}`);
    }
    const names = await attempt(() => [
      ...look.store.names('identity'),
      ...look.store.names('host'),
    ]);
    // A locked keychain may list nothing; writing to it would be the only proof.
    const isEmpty = names instanceof HelperError || names.length === 0;
    const empty = `${store} lists no secret of this helper; if it has one, unlock it`;
    return [ok(isEmpty ? empty : `${store} works`), ...leftOver(examined, store)];
  },
};

/** Secrets that an interrupted `store move` left, and files of secrets without an identity. */
function leftOver({ context, look }: Examined, store: string): Finding[] {
  const { identities, previousStore: leftovers } = look.settings;
  if (leftovers !== undefined && leftovers !== store) {
    const what = `a store move was interrupted: secrets may be left in ${leftovers}`;
    return [warning(what, `run docker-credential-icr store move ${typed(store)}`)];
  }
  const { folder } = look;
  if (folder === undefined || look.settingsError !== undefined || look.error !== undefined)
    return [];
  const files = fileStore(context);
  const keys = (['identity', 'host'] as const).flatMap((of) =>
    files.names(of).map((name) => ({ of, name })),
  );
  const unused = keys.filter(({ of, name }) => {
    if (store !== fileStoreName) return true;
    // A pending API key has a check of its own, also if its identity is removed.
    const isPending = identityOfPending(name) !== undefined;
    return of === 'identity' && !Object.hasOwn(identities, name) && !isPending;
  });
  if (unused.length === 0) return [];
  const what = `files of unused secrets: ${unused.map(({ name }) => name).join(', ')}`;
  return [warning(what, `run rm ${unused.map((key) => typed(fileOf(folder, key))).join(' ')}`)];
}

/** Why a credential helper does not work for its clients; undefined if it does. */
async function listProblem(
  context: Context,
  name: string,
  mayBeEmpty = false,
): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) return `"${shown(name)}" is not the name of a helper`;
  const file = findHelper(context, name);
  if (file === undefined) return `${program} is not on PATH`;
  // The input that clients send.
  const options = { input: 'unused', env: withoutSecrets(context), timeoutMs: programLimitMs };
  const result = context.runSync(file, ['list'], { ...options, maxBytes: 1024 * 1024 });
  const { failure, status } = result;
  const output = result.output.trim();
  if (failure === 'timeout') return `${program} list did not answer within 2 s`;
  if (failure === 'ENOBUFS') return `${program} list printed more than 1 MiB`;
  if (failure !== undefined) return `${file} ${executionProblem(failure)}`;
  if (status !== 0) return `${program} list failed (${shown(output) || `exit status ${status}`})`;
  const isEmpty = output === '' || output === 'null';
  const list = isEmpty ? undefined : await attempt(() => parseList(name, output));
  const isValid = isEmpty ? mayBeEmpty : !(list instanceof HelperError);
  return isValid ? undefined : `${program} list returned invalid output`;
}

export const storeChecks: readonly Check[] = [credsStore, secretStore];
