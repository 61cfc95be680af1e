import type { Context } from '../../context.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { requireNamespace, requireObjectName } from '../../kubernetes/manifest-options.ts';
import type { PullCredentials } from '../../kubernetes/pull-credentials.ts';
import type { Command } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';
import { duration } from '../output.ts';

interface SecretArgs {
  readonly name: string;
  readonly namespace?: string;
  readonly identity?: string;
  readonly host?: readonly string[];
  readonly bearer?: boolean;
}

export const secret: Command<SecretArgs> = {
  options: {
    namespace: { type: 'string', describe: "namespace of the Secret; otherwise kubectl's" },
    identity: { type: 'string', describe: 'use this identity and ignore mappings' },
    host: {
      type: 'string',
      array: true,
      describe: 'only for this host or host/namespace; can be repeated',
    },
    bearer: { type: 'boolean', describe: 'use an access token, which expires within an hour' },
  },
  examples: [
    ['kubernetes secret icr --namespace shop | kubectl apply -f -', 'all hosts'],
    ['kubernetes secret icr --identity ci --host us.icr.io', 'one identity and one host'],
  ],
  run: async (context, { name, namespace, host, ...options }) => {
    requireObjectName(name);
    if (namespace !== undefined) requireNamespace(namespace);
    const { requirePullHost } = await import('../../kubernetes/keyring-key.ts');
    const keys = host?.map((typed) => requirePullHost(typed, requireIbmHost(typed)));
    const { pullCredentials } = await import('../../kubernetes/pull-credentials.ts');
    const found = await pullCredentials(lookupIn(context), {
      ...options,
      ...(keys === undefined ? {} : { keys }),
    });
    const { pullSecret } = await import('../../kubernetes/pull-secret.ts');
    const { textOf } = await import('../../kubernetes/yaml.ts');
    context.stdout(textOf(pullSecret(name, namespace, found.credentials)));
    warnOfExpiry(context, found);
    context.warn(
      `to use it, add imagePullSecrets: [{name: ${name}}] to the pod or to its service account`,
    );
    return 0;
  },
};

function warnOfExpiry({ now, warn }: Context, { expiresAt }: PullCredentials): void {
  if (expiresAt === undefined) return;
  const when = new Date(expiresAt).toISOString();
  warn(
    `the Secret expires at ${when}, in ${duration(expiresAt - now())}; pods that start later cannot pull with it`,
  );
}
