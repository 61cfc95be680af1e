import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** An image no other test has, as an OCI layout on disk. */
export interface Image {
  /** What skopeo, podman and buildah read: `oci:FOLDER:TAG`. */
  readonly source: string;
  /** The manifest's, `sha256:…`. */
  readonly digest: string;
}

const media = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** One plain file in the ustar format, which is a header of 512 bytes and padding. */
export function tarOf(name: string, text: string): Buffer {
  const header = Buffer.alloc(512);
  const size = Buffer.byteLength(text);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  const content = Buffer.alloc(Math.ceil(size / 512) * 512);
  content.write(text);
  return Buffer.concat([header, content, Buffer.alloc(1024)]);
}

/** Builds one without the internet. */
export function createImage(folder: string): Image {
  const blobs = path.join(folder, 'blobs', 'sha256');
  fs.mkdirSync(blobs, { recursive: true });
  const add = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    fs.writeFileSync(path.join(blobs, digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const addJson = (mediaType: string, value: unknown) =>
    add(mediaType, Buffer.from(JSON.stringify(value)));

  const tar = tarOf('greeting', `hello ${randomUUID()}\n`);
  const layer = add(media.layer, gzipSync(tar));
  const config = addJson(media.config, {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  });
  const manifest = addJson(media.manifest, {
    schemaVersion: 2,
    mediaType: media.manifest,
    config,
    layers: [layer],
  });
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  fs.writeFileSync(path.join(folder, 'index.json'), JSON.stringify(index));
  fs.writeFileSync(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return { source: `oci:${folder}:1`, digest: manifest.digest };
}
