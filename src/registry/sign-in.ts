import type { Context } from '../context.ts';
import { requestJson } from '../http/request.ts';

/**
 * Signs in at a registry's token endpoint as `docker login` does, for no image in particular. Throws
 * `refused` with the registry's own words where it does not take the credential, else `unreachable`.
 */
export async function checkAtRegistry(
  context: Context,
  host: string,
  credential: { readonly Username: string; readonly Secret: string },
  { owner, hint }: { readonly owner: string; readonly hint: string },
): Promise<void> {
  const { Username, Secret } = credential;
  const basic = Buffer.from(`${Username}:${Secret}`).toString('base64');
  const url = new URL(`https://${host}/oauth/token`);
  url.search = new URLSearchParams({ service: 'registry', account: Username }).toString();
  await requestJson(
    context,
    { method: 'GET', url, headers: { Authorization: `Basic ${basic}` } },
    {
      service: host,
      owner,
      hint,
      secrets: [Secret],
    },
  );
}
