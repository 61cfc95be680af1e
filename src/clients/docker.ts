import type { Context } from '../context.ts';
import type { AddOptions, Client, EditPlan } from './client.ts';
import { readCredHelpers, textSetting } from './cred-helpers.ts';
import { hostsIn, planAddIn, planRemoveIn } from './cred-helpers-plan.ts';
import { homeFolder, joinPath } from './home.ts';
import { missingStoreNotes, otherHelperNotes, shown, staleAuthNotes } from './notes.ts';

/** Docker CLI and what reads its file: Compose, BuildKit, nerdctl, crane, oras, cosign. */
export const docker: Client = {
  name: 'docker',
  file: dockerConfigFile,
  planAdd,
  planRemove: (context, hosts) => planRemoveIn(readCredHelpers(dockerConfigFile(context)), hosts),
  configuredHosts: (context) => hostsIn(readCredHelpers(dockerConfigFile(context))),
};

/** Source: docker/cli, cli/config/config.go. Throws `misconfigured` where there is no home. */
export function dockerConfigFile(context: Context): string {
  const folder = context.env.DOCKER_CONFIG || joinPath(context, homeFolder(context), '.docker');
  return joinPath(context, folder, 'config.json');
}

function planAdd(context: Context, hosts: readonly string[], options: AddOptions = {}): EditPlan {
  const read = readCredHelpers(dockerConfigFile(context));
  const { others, ...plan } = planAddIn(read, hosts, options);
  return {
    ...plan,
    notes: [
      ...otherHelperNotes(docker.name, read, others, options),
      ...staleAuthNotes(read, hosts, logoutCommand),
      ...missingStoreNotes(context, read.file, textSetting(read, 'credsStore')),
      ...environmentNotes(context),
    ],
  };
}

/** `docker logout HOST` finds HOST and http(s)://HOST; any other spelling must be typed as it is. */
function logoutCommand(key: string): string {
  return `docker logout ${shown(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`;
}

/** Since Docker 28.3. */
function environmentNotes({ env }: Context): string[] {
  if (!env.DOCKER_AUTH_CONFIG) return [];
  return [
    'DOCKER_AUTH_CONFIG is set, and docker asks it before any helper; run unset DOCKER_AUTH_CONFIG',
  ];
}
