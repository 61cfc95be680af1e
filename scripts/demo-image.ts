import { DemoError } from './demo-output.ts';

export interface Image {
  /** `HOST/NAMESPACE/NAME:TAG`, or with `@` and a digest. */
  readonly name: string;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
}

/** `NAMESPACE/NAME:TAG` on that host, whose name may stand in front. */
export function parseImage(host: string, text: string): Image {
  const rest = text.startsWith(`${host}/`) ? text.slice(host.length + 1) : text;
  const parts = /^([a-z0-9._/-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(rest);
  const [, repository, tag = 'latest', digest] = parts ?? [];
  if (!repository?.includes('/')) throw new DemoError('IMAGE should look like NAMESPACE/NAME:TAG');
  const name = `${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
  return { name, repository, reference: digest ?? tag };
}
