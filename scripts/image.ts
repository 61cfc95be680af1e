/**
 * Builds dist/image, an OCI image layout with two images for amd64 and arm64: `VERSION`, which contains no shell, and
 * `VERSION-daemonset`, which contains one. Each has an SBOM under the tag that cosign uses. It needs
 * apt-get and dpkg-deb, and no container engine. `--update-pins` pins the current versions of Debian's packages instead.
 */
import fs from 'node:fs';
import path from 'node:path';
import {
  baseEntries,
  basePackages,
  executablePath,
  programEntries,
  shellEntries,
  shellPackages,
  user,
} from './image/contents.ts';
import { fetchPins, pinsFor, updatePins } from './image/debian-packages.ts';
import { imageSbom } from './image/image-sbom.ts';
import { type Layer, layerOf } from './image/layer.ts';
import { type Descriptor, digestOf, Layout, mediaTypes } from './image/layout.ts';
import { documents } from './package/documents.ts';
import { buildFor } from './package/executable.ts';
import { findLocation } from './package/location.ts';
import { readStamp, root, type Stamp } from './package/stamp.ts';
import { program, targets } from './package/targets.ts';

const imageFolder = path.join(root, 'dist', 'image');
const architectures = { amd64: 'linux-x64', arm64: 'linux-arm64' } as const;
type Architecture = keyof typeof architectures;

interface Variant {
  readonly suffix: string;
  readonly packages: readonly string[];
  readonly layers: readonly ('base' | 'program' | 'shell')[];
}

const variants: readonly Variant[] = [
  { suffix: '', packages: basePackages, layers: ['base', 'program'] },
  {
    suffix: '-daemonset',
    packages: [...basePackages, ...shellPackages],
    layers: ['base', 'program', 'shell'],
  },
];

async function layersFor(architecture: Architecture, stamp: Stamp) {
  const target = targets.find(({ name }) => name === architectures[architecture]);
  if (target === undefined) throw new Error(`no target for ${architecture}`);
  const executable = buildFor(target, stamp);
  return {
    base: await layerOf(await baseEntries(architecture), stamp.epoch),
    program: await layerOf(programEntries(executable, await documents(stamp)), stamp.epoch),
    shell: await layerOf(await shellEntries(architecture), stamp.epoch),
  };
}

function labelsOf(stamp: Stamp, suffix: string): Record<string, string> {
  const homepage = findLocation()?.homepage;
  return {
    'org.opencontainers.image.title': program + suffix,
    'org.opencontainers.image.description': 'Credential helper for IBM Cloud Container Registry',
    'org.opencontainers.image.version': stamp.version,
    'org.opencontainers.image.revision': stamp.commit,
    'org.opencontainers.image.created': createdAt(stamp),
    'org.opencontainers.image.licenses': 'Apache-2.0',
    ...(homepage === undefined
      ? {}
      : { 'org.opencontainers.image.url': homepage, 'org.opencontainers.image.source': homepage }),
  };
}

function createdAt({ epoch }: Stamp): string {
  return new Date(epoch * 1000).toISOString();
}

function addImage(
  layout: Layout,
  architecture: Architecture,
  layers: readonly Layer[],
  labels: Record<string, string>,
  stamp: Stamp,
): Descriptor {
  const config = layout.add(mediaTypes.config, {
    created: createdAt(stamp),
    architecture,
    os: 'linux',
    config: {
      User: `${user}:${user}`,
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/home/nonroot'],
      Entrypoint: [`/${executablePath}`],
      WorkingDir: '/',
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    history: layers.map(() => ({ created: createdAt(stamp), created_by: 'make image' })),
  });
  const manifest = layout.addManifest({
    config,
    layers: layers.map(({ compressed }) => layout.add(mediaTypes.layer, compressed)),
    annotations: labels,
  });
  return { ...manifest, platform: { architecture, os: 'linux' } };
}

/**
 * Adds the SBOM of an image: its `subject` makes it a referrer in registries with the referrers API, and cosign finds it by
 * its tag in the others.
 */
function attachSbom(layout: Layout, subject: Descriptor, sbom: string, stamp: Stamp): void {
  const artifactType = 'application/vnd.cyclonedx+json';
  const manifest = layout.addManifest({
    artifactType,
    config: layout.add(mediaTypes.empty, {}),
    layers: [layout.add(artifactType, Buffer.from(sbom))],
    subject,
    annotations: { 'org.opencontainers.image.created': createdAt(stamp) },
  });
  layout.tag(manifest, `${subject.digest.replace(':', '-')}.sbom`);
}

async function main(words: readonly string[]): Promise<void> {
  if (words.includes('--update-pins')) {
    updatePins();
    return;
  }
  fetchPins();
  const stamp = readStamp();
  // An order that was recorded for other source would be used again.
  fs.rmSync(path.join(root, 'dist', 'targets', 'order'), { recursive: true, force: true });
  const names = Object.keys(architectures) as Architecture[];
  const built = { amd64: await layersFor('amd64', stamp), arm64: await layersFor('arm64', stamp) };
  const layout = new Layout(imageFolder);
  for (const { suffix, packages, layers } of variants) {
    const labels = labelsOf(stamp, suffix);
    const manifests = names.map((name) => {
      const chosen = layers.map((layer) => built[name][layer]);
      return addImage(layout, name, chosen, labels, stamp);
    });
    const image = layout.addIndex({ manifests, annotations: labels });
    layout.tag(image, stamp.version.replaceAll('+', '-') + suffix);
    const pins = names.flatMap((name) => pinsFor(name, packages));
    attachSbom(layout, image, imageSbom(stamp, suffix, pins), stamp);
    console.log(`${program}:${stamp.version}${suffix} ${image.digest}`);
  }
}

await main(process.argv.slice(2));
