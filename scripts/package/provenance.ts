import path from 'node:path';
import { type LockedPackage, lockedPackage, sha512Of } from './lockfile.ts';
import { root, type Stamp } from './stamp.ts';
import { sha256 } from './sums.ts';
import { archiveName, targets } from './targets.ts';

/**
 * Returns an in-toto statement with SLSA provenance: the files, the commit and the Bun that built them. Only a signed
 * statement can be trusted. To be reproducible, it contains no time.
 */
export function provenance(
  folder: string,
  names: readonly string[],
  { version, commit }: Stamp,
  env: NodeJS.ProcessEnv = process.env,
  node?: Material,
): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: names
      .toSorted()
      .map((name) => ({ name, digest: { sha256: sha256(path.join(folder, name)) } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:docker-credential-icr:make-package:1',
        externalParameters: { version },
        resolvedDependencies: [
          source(commit, env),
          lockfile(),
          ...runtimes(names, version),
          ...(node === undefined ? [] : [node]),
        ],
      },
      runDetails: { builder: { id: builder(env) }, metadata: invocation(env) },
    },
  };
  return `${JSON.stringify(statement, null, 2)}\n`;
}

/** Returns the repository's address if this runs on GitHub. */
export function repositoryOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: NodeJS.ProcessEnv) {
  if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY) return undefined;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
}

function source(commit: string, env: NodeJS.ProcessEnv) {
  const [gitCommit] = commit.split('-');
  return {
    ...(repositoryOf(env) && { uri: `git+${repositoryOf(env)}@${gitCommit}` }),
    name: 'source',
    digest: { gitCommit },
    ...(commit.endsWith('-dirty') && { annotations: { dirty: true } }),
  };
}

function lockfile() {
  const name = 'package-lock.json';
  return { name, digest: { sha256: sha256(path.join(root, name)) } };
}

/** An input of the build, and its hash. */
export interface Material {
  /** A package URL. */
  readonly uri: string;
  /** In hexadecimal, by the name of the algorithm, such as `sha512`. */
  readonly digest: Readonly<Record<string, string>>;
}

/** Returns the Bun of each archive. */
function runtimes(names: readonly string[], version: string): Material[] {
  const present = targets.filter((target) => names.includes(archiveName(target, version)));
  return [...new Set(present.map(({ bun }) => bun))].map((bun) => npmMaterial(lockedPackage(bun)));
}

/** Returns the material for a package of the npm registry. */
export function npmMaterial(locked: LockedPackage): Material {
  const uri = `pkg:npm/${locked.name.replace('@', '%40')}@${locked.version}`;
  return { uri, digest: { sha512: sha512Of(locked) } };
}

function builder(env: NodeJS.ProcessEnv): string {
  const repository = repositoryOf(env);
  // The name of the build machine must not be published.
  if (repository === undefined) return 'urn:docker-credential-icr:built-by-hand';
  return `${env.GITHUB_SERVER_URL}/${env.GITHUB_WORKFLOW_REF ?? `${env.GITHUB_REPOSITORY}`}`;
}

function invocation(env: NodeJS.ProcessEnv) {
  const repository = repositoryOf(env);
  if (repository === undefined || !env.GITHUB_RUN_ID) return {};
  return { invocationId: `${repository}/actions/runs/${env.GITHUB_RUN_ID}` };
}
