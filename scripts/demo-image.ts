import { DemoError } from './demo-output.ts';

export interface Image {
  /** `HOST/NAMESPACE/NAME:TAG` or `HOST/NAMESPACE/NAME@DIGEST`. */
  readonly name: string;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
}

/** Parses `NAMESPACE/NAME:TAG`, with or without the host in front. Throws `DemoError` if the text is not an image. */
export function parseImage(host: string, text: string): Image {
  const rest = text.startsWith(`${host}/`) ? text.slice(host.length + 1) : text;
  const parts = /^([a-z0-9._/-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(rest);
  const [, repository, tag = 'latest', digest] = parts ?? [];
  if (!repository?.includes('/')) throw new DemoError('invalid IMAGE; expected NAMESPACE/NAME:TAG');
  const name = `${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
  return { name, repository, reference: digest ?? tag };
}
