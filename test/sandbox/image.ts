import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface Image {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function content(mediaType: string, bytes: Uint8Array): Content {
  return { mediaType, digest: sha256(bytes), bytes };
}

/** A tar archive (POSIX ustar) of one file. */
function tar(name: string, text: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${Buffer.byteLength(text).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const data = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
  data.write(text);
  return Buffer.concat([header, data, Buffer.alloc(1024)]);
}

const oci = 'application/vnd.oci.image';

/** A whole image of one text file, small and always the same. */
export function createImage(): Image {
  const archive = tar('hello.txt', 'Hello from the sandbox.\n');
  const layer = content(`${oci}.layer.v1.tar+gzip`, gzipSync(archive));
  const config = content(
    `${oci}.config.v1+json`,
    Buffer.from(
      JSON.stringify({
        created: '2026-01-01T00:00:00Z',
        architecture: 'amd64',
        os: 'linux',
        config: { Cmd: ['/hello.txt'] },
        rootfs: { type: 'layers', diff_ids: [sha256(archive)] },
        history: [{ created: '2026-01-01T00:00:00Z', created_by: 'sandbox' }],
      }),
    ),
  );
  const descriptor = ({ mediaType, digest, bytes }: Content) => ({
    mediaType,
    digest,
    size: bytes.length,
  });
  const manifest = content(
    `${oci}.manifest.v1+json`,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: `${oci}.manifest.v1+json`,
        config: descriptor(config),
        layers: [descriptor(layer)],
      }),
    ),
  );
  return { manifest, blobs: [config, layer] };
}
