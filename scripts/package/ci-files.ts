import fs from 'node:fs';
import path from 'node:path';
import { gzip, tar } from './archive.ts';
import type { Location } from './location.ts';
import type { Stamp } from './stamp.ts';
import { sha256 } from './sums.ts';
import { program } from './targets.ts';
import { fillTemplate } from './template.ts';

/** The files of packaging/ci in a release. */
const ciFiles = {
  'ci/gitlab.yml': `${program}.gitlab-ci.yml`,
  'ci/tekton.yaml': `${program}.tekton.yaml`,
  // Jenkins derives the name of the step from the file's name.
  'ci/jenkins.groovy': 'icrLogin.groovy',
} as const;

/** The dev containers specification requires this name of a feature that is referenced by its URL. */
const featureArchive = `devcontainer-feature-${program}.tgz`;
const feature = ['devcontainer-feature.json', 'install.sh'];

/**
 * Writes the files for CI systems and for dev containers into `folder`; returns their names. They contain the checksum
 * of the release's install.sh, which must be in `folder`.
 */
export async function writeCiFiles(
  folder: string,
  stamp: Stamp,
  { baseUrl, homepage }: Location,
): Promise<string[]> {
  const values: Record<string, string> = {
    VERSION: stamp.version,
    BASE_URL: baseUrl,
    HOMEPAGE: homepage,
    INSTALLER_SHA256: sha256(path.join(folder, 'install.sh')),
  };
  values.FETCH = fillTemplate('ci/fetch.sh', values).trimEnd();
  values.LOGIN = fillTemplate('ci/login.sh', values).trimEnd();
  for (const [template, name] of Object.entries(ciFiles)) {
    fs.writeFileSync(path.join(folder, name), fillTemplate(template, values));
  }
  const files = feature.map((name) => ({
    name,
    data: Buffer.from(fillTemplate(`ci/devcontainer/${name}`, values)),
    isExecutable: name.endsWith('.sh'),
  }));
  fs.writeFileSync(path.join(folder, featureArchive), gzip(await tar(files, stamp.epoch)));
  return [...Object.values(ciFiles), featureArchive];
}
