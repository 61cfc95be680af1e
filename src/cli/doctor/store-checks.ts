import path from 'node:path';
import { textSetting } from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { printable } from '../../clients/notes.ts';
import { secretFolders } from '../../config/folders.ts';
import { settingsFile } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import { identityOfPending } from '../../identity/pending-key.ts';
import { helperName } from '../../program-name.ts';
import { hasSessionBus } from '../../secrets/choose.ts';
import { fileOf } from '../../secrets/credential-file.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { parseList, unlockCommand } from '../../secrets/helper-process.ts';
import { findHelper, withoutSecrets } from '../../secrets/helper-program.ts';
import { fileStoreName } from '../../secrets/store-types.ts';
import { moveAway, shellQuoted } from '../../visible.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  type Findings,
  listed,
  ok,
  problem,
  warning,
} from './check.ts';
import { examineClientFile, isFinding } from './client-findings.ts';
import { isWsl } from './machine.ts';
import { pathProblem } from './path-problem.ts';
import { executionProblem, notStartable, programLimitMs } from './program-checks.ts';

/** Checks Docker's helper for other registries: `docker build` fails if its `list` fails. */
const credsStore: Check = {
  name: 'credsStore',
  run: async (input) => {
    const { context, machine, snapshot } = input;
    const file = dockerConfigFile(context);
    const read = await examineClientFile(input, file);
    // The check `docker` reports an unreadable file.
    const store = isFinding(read) ? undefined : textSetting(read, 'credsStore');
    if (!store) return undefined;
    if (store !== helperName) {
      const found = await listProblem(context, store);
      if (found === undefined) return ok(`${store} works, for every other registry`);
      const left = `; Docker Desktop left it behind${isWsl(machine) ? ' in WSL' : ''}`;
      const why = store.startsWith('desktop') ? left : '';
      return problem(`${found}; it is the credsStore in ${file}${why}`, removeStore(file));
    }
    const { fallbackHelper } = snapshot.settings;
    if (fallbackHelper === undefined) return ok('this helper, for every registry');
    const found = await listProblem(context, fallbackHelper);
    if (found === undefined) return ok(`this helper, and ${fallbackHelper} for other registries`);
    const hint = `${removeStore(file)}, then run docker-credential-icr configure`;
    return problem(`${found}; it is the helper for other registries`, hint);
  },
};

function removeStore(file: string): string {
  return `install or repair it, or remove "credsStore" from ${file}`;
}

/** Checks the credential store of this helper. */
const secretStore: Check = {
  name: 'secret store',
  run: async (input) => {
    const { context, snapshot } = input;
    const { store = fileStoreName } = snapshot.settings;
    if (store === fileStoreName) {
      const invalid = listed(unreadableFolders(input));
      return invalid.length > 0 ? invalid : leftovers(input, store);
    }
    // An empty keychain may print nothing for `list`. This helper accepts that, while Docker does not.
    const found = await listProblem(context, store, true);
    if (found !== undefined) {
      const settings = settingsFile(snapshot.directory ?? '');
      const again = `${moveAway(settings)} && docker-credential-icr login --store file`;
      return problem(found, `${repair(context, store)}; to start again, run ${again}`);
    }
    // A locked keychain may list nothing, and cannot be distinguished from an empty one without writing to it.
    const isEmpty = Object.values(snapshot.names).flat().length === 0;
    const empty = `${store} lists no secret of this helper; if it should have one, unlock it`;
    return [ok(isEmpty ? empty : `${store} works`), leftovers(input, store)];
  },
};

/** Without a desktop, the keyring can be used on a session bus of its own. */
function repair(context: Context, store: string): string {
  const command = unlockCommand(store);
  if (command === undefined || findHelper(context, store) === undefined) {
    return 'install or unlock it';
  }
  const isOffDesktop = store === 'secretservice' && !hasSessionBus(context);
  return isOffDesktop
    ? `without a desktop, start dbus-run-session -- bash and unlock it there with ${command}`
    : `unlock it with ${command}`;
}

/** Finds the reason why directories of the file store cannot be read. The check `settings` reports the one above them. */
function unreadableFolders(input: CheckInput): Findings {
  const { directory } = input.snapshot;
  if (directory === undefined || pathProblem(input, directory, 'directory')) return undefined;
  const folders = Object.values(secretFolders).map((name) => path.join(directory, name));
  return folders.map((folder) => pathProblem(input, folder, 'directory'));
}

/** Finds secrets that an interrupted `store move` left behind, and files of secrets without an identity. */
function leftovers({ context, snapshot }: CheckInput, store: string): Finding | undefined {
  const { directory, error, settings, settingsError } = snapshot;
  const { identities, previousStore } = settings;
  if (previousStore !== undefined && previousStore !== store) {
    const what = `a store move was interrupted: secrets may be left in ${previousStore}`;
    return warning(what, `run docker-credential-icr store move ${shellQuoted(store)}`);
  }
  if (directory === undefined || settingsError !== undefined || error !== undefined)
    return undefined;
  const files = fileStore(context);
  const keys = (['identity', 'host'] as const).flatMap((of) =>
    files.names(of).map((name) => ({ of, name })),
  );
  const unused = keys.filter(({ of, name }) => {
    if (store !== fileStoreName) return true;
    // A pending API key is reported by the check of its identity, even if the identity was removed.
    const isPending = identityOfPending(name) !== undefined;
    return of === 'identity' && !Object.hasOwn(identities, name) && !isPending;
  });
  if (unused.length === 0) return undefined;
  const what = `files of unused secrets: ${unused.map(({ name }) => name).join(', ')}`;
  const paths = unused.map((key) => shellQuoted(fileOf(directory, key)));
  return warning(what, `run rm ${paths.join(' ')}`);
}

/** Runs `list` of a credential helper as clients do. Returns undefined if it works. */
async function listProblem(
  context: Context,
  name: string,
  mayBeEmpty = false,
): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) return `"${printable(name)}" is not the name of a helper`;
  const file = findHelper(context, name);
  if (file === undefined)
    return notStartable(context, program)?.what ?? `${program} is not on PATH`;
  // Clients send this input.
  const options = { input: 'unused', env: withoutSecrets(context), timeoutMs: programLimitMs };
  const result = context.runSync(file, ['list'], { ...options, maxBytes: 1024 * 1024 });
  const { failure, status } = result;
  const output = result.output.trim();
  if (failure === 'timeout') return `${program} list did not answer within 2 s`;
  if (failure === 'ENOBUFS') return `${program} list printed more than 1 MiB`;
  if (failure !== undefined) return `${file} ${executionProblem(failure)}`;
  if (status !== 0)
    return `${program} list failed (${printable(output) || `exit status ${status}`})`;
  const isEmpty = output === '' || output === 'null';
  const list = isEmpty ? undefined : await attempt(() => parseList(name, output));
  const isValid = isEmpty ? mayBeEmpty : !(list instanceof HelperError);
  return isValid ? undefined : `${program} list returned invalid output`;
}

export const storeChecks: readonly Check[] = [credsStore, secretStore];
