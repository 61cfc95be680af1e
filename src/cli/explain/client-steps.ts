import { buildxFiles } from '../../clients/buildx.ts';
import {
  type CredHelpersFile,
  callsHelper,
  entryOf,
  textSetting,
} from '../../clients/cred-helpers.ts';
import { dockerConfigFile } from '../../clients/docker.ts';
import { completeLists } from '../../clients/helper-lists.ts';
import { podmanClients } from '../../clients/podman.ts';
import { dockerPrograms, podmanPrograms } from '../../clients/readers.ts';
import { HelperError } from '../../errors.ts';
import { hasProgram } from '../../files/executables.ts';
import { attempt } from '../../files/storage-error.ts';
import { helperName, helperOf, identityOfHelper, isOwnName, program } from '../../program-name.ts';
import { shellQuoted } from '../../visible.ts';
import { type Finding, failure, ok, problem, warning } from '../doctor/check.ts';
import { configureHint, readClientFile } from '../doctor/client-findings.ts';
import type { Step } from './step.ts';

type ClientName = 'docker' | 'podman';
type Read = CredHelpersFile | HelperError;

/** What a client's setting for the image's registry means. */
interface Setting {
  readonly finding: Finding;
  /** The name of this helper in the setting: `icr` or `icr-NAME`; undefined if the client does not call it. */
  readonly helper?: string;
}

/** The clients' settings, and the identity in the name of the helper that the first client calls. */
export interface ClientsAnswer {
  readonly findings: readonly Finding[];
  readonly identity: string | undefined;
}

/**
 * Shows, for each client, the setting that names a helper for the image's registry. It is an error only if no client calls
 * this helper for it, because another client may still pull.
 */
export async function askClients(step: Step): Promise<ClientsAnswer> {
  const { context, image } = step;
  const docker = await readClientFile(dockerConfigFile(context));
  const all = [
    ...dockerSettings(step, docker),
    ...(await podmanSettings(step, docker)),
    ...(await buildxSettings(step)),
  ];
  const wanted = context.identity === undefined ? undefined : helperOf(context.identity);
  const called = wanted ?? all.find(({ helper }) => helper !== undefined)?.helper;
  const identity = called === undefined ? undefined : identityOfHelper(called);
  if (all.length === 0) {
    const what = `no client names a helper for ${image.registry}`;
    return { findings: [problem(what, configureHint('docker', [image.host.name]))], identity };
  }
  const isCalled = all.some(({ helper }) => helper !== undefined && helper === called);
  const findings = all.map(({ finding, helper }) => {
    if (helper !== undefined && helper !== called) return otherIdentity(step, finding, helper);
    return isCalled && finding.state === 'error'
      ? { ...finding, state: 'warning' as const }
      : finding;
  });
  return { findings, identity };
}

/** This client uses another identity than the one that is explained. */
function otherIdentity({ image }: Step, { message }: Finding, helper: string): Finding {
  const identity = identityOfHelper(helper);
  const name = `${image.registry}/${image.repository}`;
  if (identity === undefined) return warning(`${message}, which may use another identity`);
  const command = `${shellQuoted(`${program}-${identity}`)} explain ${shellQuoted(name)}`;
  return warning(`${message}, which uses another identity`, `run ${command}`);
}

function dockerSettings(step: Step, read: Read): Setting[] {
  if (read instanceof HelperError) return [{ finding: failure(read) }];
  const isPresent = read.text !== undefined || hasProgram(step.context, ...dockerPrograms);
  return isPresent ? [settingIn(step, 'docker', read)] : [];
}

/** buildx 0.31 and later read these files instead of Docker's for a registry or one of its repositories. */
async function buildxSettings({ context, image, isPush }: Step): Promise<Setting[]> {
  const place = `${image.registry}/${image.repository}`;
  const files = buildxFiles(context).filter(({ name }) => {
    const [, path, scope = ''] = /^([^@]*)@?(.*)$/.exec(name) ?? [];
    const isInScope = scope === '' || scope.split(',').includes(isPush ? 'push' : 'pull');
    return isInScope && (path === place || path === image.registry);
  });
  const settings = files.map(async ({ file }): Promise<Setting[]> => {
    const read = await readClientFile(file);
    if (read instanceof HelperError) return [{ finding: failure(read) }];
    const named = helperNamed('docker', read, image.registry);
    if (!isOwnName(named)) return [];
    return [{ finding: ok(`buildx: ${file} names ${named}`), helper: String(named) }];
  });
  return (await Promise.all(settings)).flat();
}

/** podman, skopeo and buildah read their own files first, then `credHelpers` in Docker's file. */
async function podmanSettings(step: Step, docker: Read): Promise<Setting[]> {
  const { context, image } = step;
  const own = await Promise.all(
    podmanClients(context).map(({ file }) => readClientFile(file(context))),
  );
  const isPresent = own.some((read) => read instanceof HelperError || read.text !== undefined);
  if (!isPresent && !hasProgram(context, ...podmanPrograms)) return [];
  const lists = await attempt(() => completeLists(context));
  if (Array.isArray(lists)) {
    const where = lists.join(', ');
    const finding = ok(
      `podman: credential-helpers in ${where} names ${helperName} for every registry`,
    );
    return [{ finding, helper: helperName }];
  }
  const broken = own
    .filter((read) => read instanceof HelperError)
    .map((error) => ({ finding: failure(error) }));
  const files = [...own, docker].filter(
    (read): read is CredHelpersFile => !(read instanceof HelperError),
  );
  const naming = files.find((read) => entryOf(read, image.registry) !== undefined);
  const shown = naming ?? files.find(({ text }) => text !== undefined);
  if (shown !== undefined) return [...broken, settingIn(step, 'podman', shown)];
  const hint = configureHint('podman', [image.host.name]);
  const finding = problem(`podman: no file names a helper for ${image.registry}`, hint);
  return [...broken, { finding }];
}

/** Returns the name of the helper that the client calls for the registry. */
function helperNamed(client: ClientName, read: CredHelpersFile, registry: string): unknown {
  const store = client === 'docker' ? textSetting(read, 'credsStore') : undefined;
  return entryOf(read, registry)?.value.value ?? store;
}

function settingIn({ image }: Step, client: ClientName, read: CredHelpersFile): Setting {
  const { registry, host } = image;
  const isEntry = entryOf(read, registry) !== undefined;
  const named = helperNamed(client, read, registry);
  const setting = isEntry ? `credHelpers["${registry}"]` : 'credsStore';
  const configure = configureHint(client, [host.name]);
  if (typeof named === 'string' && named !== '') {
    const what = `${client}: ${setting} in ${read.file} names ${named}`;
    if (isOwnName(named)) return { finding: ok(what), helper: named };
    const hint = isEntry ? `${configure} --force` : configure;
    return { finding: problem(`${what}, not ${helperName}`, hint) };
  }
  const what = `${client}: ${read.file} names no helper for ${registry}`;
  if (registry !== host.name && callsHelper(client, read, host.name)) {
    return {
      finding: problem(`${what}, only for ${host.name}`, `use ${host.name} without a port`),
    };
  }
  return { finding: problem(what, configure) };
}
