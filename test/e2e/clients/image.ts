import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image no other test has, made without the internet. */
export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layer: Blob;
  /** The only layer's, uncompressed: what every client calls it once it is unpacked. */
  readonly diffId: string;
}

const oci = 'application/vnd.oci.image';

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blob(type: string, bytes: Buffer): Blob {
  return { mediaType: `${oci}.${type}`, digest: digestOf(bytes), bytes };
}

function descriptor({ mediaType, digest, bytes }: Blob): object {
  return { mediaType, digest, size: bytes.length };
}

/** One file in POSIX's ustar format: a header of 512 bytes, and content padded to as many. */
function tarOf(name: string, text: string): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width, '0')}\0`;
  const size = Buffer.byteLength(text);
  const fields: readonly (readonly [number, string])[] = [
    [0, name],
    [100, octal(0o644, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(size, 11)],
    [136, octal(0, 11)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ];
  for (const [offset, value] of fields) header.write(value, offset);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  const content = Buffer.alloc(Math.ceil(size / 512) * 512);
  content.write(text);
  return Buffer.concat([header, content, Buffer.alloc(1024)]);
}

export function createImage(): Image {
  const tar = tarOf('greeting', `hello ${randomUUID()}\n`);
  const diffId = digestOf(tar);
  const layer = blob('layer.v1.tar+gzip', gzipSync(tar));
  const config = blob(
    'config.v1+json',
    json({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['/greeting'] },
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }),
  );
  const manifest = blob(
    'manifest.v1+json',
    json({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: descriptor(config),
      layers: [descriptor(layer)],
    }),
  );
  return { manifest, config, layer, diffId };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Writes an OCI layout; returns its name as skopeo, podman and buildah take it. */
export function writeLayout(folder: string, image: Image): string {
  const blobs = path.join(folder, 'blobs', 'sha256');
  fs.mkdirSync(blobs, { recursive: true });
  for (const { digest, bytes } of [image.manifest, image.config, image.layer]) {
    fs.writeFileSync(path.join(blobs, digest.slice('sha256:'.length)), bytes);
  }
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  const index = {
    schemaVersion: 2,
    manifests: [{ ...descriptor(image.manifest), annotations }],
  };
  fs.writeFileSync(path.join(folder, 'index.json'), JSON.stringify(index));
  fs.writeFileSync(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return `oci:${folder}:1`;
}

/** The digest of the one manifest in a layout. */
export function layoutDigest(folder: string): string {
  return JSON.parse(fs.readFileSync(path.join(folder, 'index.json'), 'utf8')).manifests[0].digest;
}
