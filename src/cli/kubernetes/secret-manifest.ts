import type { Context } from '../../context.ts';
import { lookupIn } from '../../identity/lookup.ts';
import type { PullCredentials } from '../../kubernetes/pull-credentials.ts';
import type { Command } from '../command.ts';
import { mappingKey, requireIbmHost } from '../hosts.ts';
import { duration } from '../table.ts';

interface SecretArgs {
  readonly name: string;
  readonly namespace?: string;
  readonly identity?: string;
  readonly host?: readonly string[];
  readonly bearer?: boolean;
}

export const secret: Command<SecretArgs> = {
  options: {
    namespace: { type: 'string', describe: "where pods use it; else kubectl's own" },
    identity: { type: 'string', describe: 'of this identity, whatever is mapped' },
    host: {
      type: 'string',
      array: true,
      describe: 'only for this host, or host/namespace; may be given more than once',
    },
    bearer: { type: 'boolean', describe: 'with an access token, which lives an hour at most' },
  },
  examples: [
    ['kubernetes secret icr --namespace shop | kubectl apply -f -', 'what answers here'],
    ['kubernetes secret icr --identity ci --host us.icr.io', 'one identity, one host'],
  ],
  run: async (context, { name, namespace, host, ...options }) => {
    const { requireNamespace, requireObjectName } = await import('../../kubernetes/names.ts');
    requireObjectName(name);
    if (namespace !== undefined) requireNamespace(namespace);
    const keys = host?.map((typed) => mappingKey(requireIbmHost(typed)));
    const { pullCredentials } = await import('../../kubernetes/pull-credentials.ts');
    const found = await pullCredentials(lookupIn(context), {
      ...options,
      ...(keys === undefined ? {} : { keys }),
    });
    const { pullSecret } = await import('../../kubernetes/pull-secret.ts');
    const { textOf } = await import('../../kubernetes/yaml.ts');
    context.stdout(textOf(pullSecret(name, namespace, found.credentials)));
    warnOfEnd(context, found);
    context.warn(
      `to use it, add imagePullSecrets: [{name: ${name}}] to the pod or to its service account`,
    );
    return 0;
  },
};

function warnOfEnd({ now, warn }: Context, { endsAt }: PullCredentials): void {
  if (endsAt === undefined) return;
  const when = new Date(endsAt).toISOString();
  warn(
    `the Secret expires at ${when}, in ${duration(endsAt - now())}; pods that start later cannot pull with it`,
  );
}
