import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** A reference to a blob of an OCI image layout. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

export function digestOf(data: Buffer): string {
  return `sha256:${crypto.createHash('sha256').update(data).digest('hex')}`;
}

/** An OCI image layout in a directory: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
export class Layout {
  readonly #folder: string;
  readonly #tags: Descriptor[] = [];

  /** Creates the directory, in place of an earlier one. */
  constructor(folder: string) {
    this.#folder = folder;
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(path.join(folder, 'blobs', 'sha256'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  add(mediaType: string, content: Buffer | object): Descriptor {
    const data = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = digestOf(data);
    fs.writeFileSync(path.join(this.#folder, 'blobs', ...digest.split(':')), data);
    return { mediaType, digest, size: data.length };
  }

  addManifest(fields: object): Descriptor {
    const { manifest: mediaType } = mediaTypes;
    return this.add(mediaType, { schemaVersion: 2, mediaType, ...fields });
  }

  addIndex(fields: object): Descriptor {
    const { index: mediaType } = mediaTypes;
    return this.add(mediaType, { schemaVersion: 2, mediaType, ...fields });
  }

  /** Names an image or an index. Writes the list of all names, and also as lines of text beside the directory. */
  tag(descriptor: Descriptor, name: string): void {
    this.#tags.push({
      ...descriptor,
      annotations: { 'org.opencontainers.image.ref.name': name },
    });
    const lines = this.#tags.map(
      (each) => `${each.annotations?.['org.opencontainers.image.ref.name']} ${each.digest}\n`,
    );
    fs.writeFileSync(`${this.#folder}-tags`, lines.join(''));
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: this.#tags };
    fs.writeFileSync(path.join(this.#folder, 'index.json'), JSON.stringify(index));
  }
}
