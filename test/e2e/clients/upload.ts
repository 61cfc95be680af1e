import type { Image } from '../../sandbox/image.ts';

/** Uploads an image to a registry without authentication, as described in the distribution specification. */
export async function upload(registry: string, repository: string, image: Image): Promise<void> {
  const base = `http://${registry}/v2/${repository}`;
  for (const { digest, bytes } of [image.config, image.layer]) {
    const begun = await send(`${base}/blobs/uploads/`, 'POST');
    const url = new URL(begun.headers.get('location') ?? '', base);
    url.searchParams.set('digest', digest);
    await send(url.href, 'PUT', bytes);
  }
  const { bytes, mediaType } = image.manifest;
  await send(`${base}/manifests/1`, 'PUT', bytes, mediaType);
}

async function send(
  url: string,
  method: string,
  body: Buffer = Buffer.alloc(0),
  type = 'application/octet-stream',
): Promise<Response> {
  const bytes = new Uint8Array(body);
  const response = await fetch(url, { method, body: bytes, headers: { 'content-type': type } });
  if (!response.ok)
    throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}
