import { createHash } from 'node:crypto';
import { gzip, tar } from '../../scripts/package/archive.ts';

export interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An OCI image of one layer. */
export interface Image {
  readonly manifest: Content;
  readonly config: Content;
  readonly layer: Content;
  /** The digest of the uncompressed layer, which clients show after they unpack it. */
  readonly diffId: string;
}

/** Returns an image for this machine that has one text file. */
export async function createImage(name: string, text: string): Promise<Image> {
  const archive = await tar([{ name, data: Buffer.from(text) }], 0);
  const diffId = digestOf(archive);
  const layer = content('layer.v1.tar+gzip', gzip(archive));
  const config = content(
    'config.v1+json',
    json({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: [`/${name}`] },
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }),
  );
  const manifest = content(
    'manifest.v1+json',
    json({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: descriptorOf(config),
      layers: [descriptorOf(layer)],
    }),
  );
  return { manifest, config, layer, diffId };
}

export function descriptorOf({ mediaType, digest, bytes }: Content): object {
  return { mediaType, digest, size: bytes.length };
}

const oci = 'application/vnd.oci.image';

function content(type: string, bytes: Buffer): Content {
  return { mediaType: `${oci}.${type}`, digest: digestOf(bytes), bytes };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
