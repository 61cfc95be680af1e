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
import { helperName } from '../../program-name.ts';
import { type Finding, failure, ok, problem } from '../doctor/check.ts';
import { configureHint, readClientFile } from '../doctor/client-findings.ts';
import type { Step } from './step.ts';

type ClientName = 'docker' | 'podman';
type Read = CredHelpersFile | HelperError;

/**
 * Shows, for each client, the setting that names a helper for the image's registry. It is an error only if no client calls
 * this helper for it, because another client may still pull.
 */
export async function clientFindings(step: Step): Promise<Finding[]> {
  const { context, image } = step;
  const docker = await readClientFile(dockerConfigFile(context));
  const all = [...dockerFindings(step, docker), ...(await podmanFindings(step, docker))];
  if (all.some(({ state }) => state === 'ok')) {
    return all.map((each) => (each.state === 'error' ? { ...each, state: 'warning' } : each));
  }
  if (all.length > 0) return all;
  const what = `no client names a helper for ${image.registry}`;
  return [problem(what, configureHint('docker', [image.host.name]))];
}

function dockerFindings(step: Step, read: Read): Finding[] {
  if (read instanceof HelperError) return [failure(read)];
  const isPresent = read.text !== undefined || hasProgram(step.context, ...dockerPrograms);
  return isPresent ? [settingIn(step, 'docker', read)] : [];
}

/** podman, skopeo and buildah read their own files first, then `credHelpers` in Docker's file. */
async function podmanFindings(step: Step, docker: Read): Promise<Finding[]> {
  const { context, image } = step;
  const own = await Promise.all(
    podmanClients(context).map(({ file }) => readClientFile(file(context))),
  );
  const isPresent = own.some((read) => read instanceof HelperError || read.text !== undefined);
  if (!isPresent && !hasProgram(context, ...podmanPrograms)) return [];
  const lists = await attempt(() => completeLists(context));
  if (Array.isArray(lists)) {
    const where = lists.join(', ');
    return [ok(`podman: credential-helpers in ${where} names ${helperName} for every registry`)];
  }
  const broken = own.filter((read) => read instanceof HelperError).map((error) => failure(error));
  const files = [...own, docker].filter(
    (read): read is CredHelpersFile => !(read instanceof HelperError),
  );
  const naming = files.find((read) => entryOf(read, image.registry) !== undefined);
  const shown = naming ?? files.find(({ text }) => text !== undefined);
  if (shown !== undefined) return [...broken, settingIn(step, 'podman', shown)];
  const hint = configureHint('podman', [image.host.name]);
  return [...broken, problem(`podman: no file names a helper for ${image.registry}`, hint)];
}

function settingIn({ image }: Step, client: ClientName, read: CredHelpersFile): Finding {
  const { registry, host } = image;
  const entry = entryOf(read, registry);
  const named =
    entry?.value.value ?? (client === 'docker' ? textSetting(read, 'credsStore') : undefined);
  const setting = entry === undefined ? 'credsStore' : `credHelpers["${registry}"]`;
  const configure = configureHint(client, [host.name]);
  if (callsHelper(client, read, registry)) {
    return ok(`${client}: ${setting} in ${read.file} names ${helperName}`);
  }
  if (typeof named === 'string' && named !== '') {
    const force = entry === undefined ? configure : `${configure} --force`;
    return problem(
      `${client}: ${setting} in ${read.file} names ${named}, not ${helperName}`,
      force,
    );
  }
  const what = `${client}: ${read.file} names no helper for ${registry}`;
  if (registry !== host.name && callsHelper(client, read, host.name)) {
    return problem(`${what}, only for ${host.name}`, `use ${host.name} without a port`);
  }
  return problem(what, configure);
}
