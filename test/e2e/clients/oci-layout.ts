import fs from 'node:fs';
import path from 'node:path';
import { descriptorOf, type Image } from '../../sandbox/image.ts';

/** Writes an OCI layout; returns its name for skopeo, podman and buildah. */
export function writeLayout(folder: string, image: Image): string {
  const blobs = path.join(folder, 'blobs', 'sha256');
  fs.mkdirSync(blobs, { recursive: true });
  for (const { digest, bytes } of [image.manifest, image.config, image.layer]) {
    fs.writeFileSync(path.join(blobs, digest.slice('sha256:'.length)), bytes);
  }
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  const index = {
    schemaVersion: 2,
    manifests: [{ ...descriptorOf(image.manifest), annotations }],
  };
  fs.writeFileSync(path.join(folder, 'index.json'), JSON.stringify(index));
  fs.writeFileSync(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return `oci:${folder}:1`;
}

/** Returns the digest of the single manifest in a layout. */
export function layoutDigest(folder: string): string {
  return JSON.parse(fs.readFileSync(path.join(folder, 'index.json'), 'utf8')).manifests[0].digest;
}

/** Returns the directory for the layout of a pulled image. */
export function pulledTo(home: string, reference: string): string {
  return path.join(home, 'images', reference.replaceAll(/\W/g, '-'));
}
