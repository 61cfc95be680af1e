import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../scripts/package/stamp.ts';
import { inScratch, releaseFiles, releaseFolder, version } from './release.ts';

const test = suite('reproducible builds');

/** Clones the repository into a directory that is at least as deep, with hard links to the installed packages. */
function copyRepository(folder: string): void {
  execFileSync('git', ['-c', 'advice.detachedHead=false', 'clone', '--quiet', root, folder]);
  execFileSync('git', ['checkout', '--quiet', '--detach', commit], { cwd: folder });
  for (const parent of ['.', path.join('packaging', 'node')]) {
    const [from, to] = [root, folder].map((each) => path.join(each, parent, 'node_modules')) as [
      string,
      string,
    ];
    if (fs.existsSync(from)) execFileSync('cp', ['-al', from, to]);
  }
}

const archive = `docker-credential-icr-${version}-linux-x64.tar.gz`;
const isThere = releaseFiles(/-linux-x64\.tar\.gz$/).includes(archive);
const { commit, isCommitted } = readSource();
if (!isCommitted)
  console.log('the release was not built again: its source differs from its commit');

/** Returns the commit of the release, and whether the source had uncommitted changes, which a clone would not have. */
function readSource(): { commit: string; isCommitted: boolean } {
  const [name = ''] = releaseFiles(/\.intoto\.json$/);
  const statement = JSON.parse(fs.readFileSync(path.join(releaseFolder, name), 'utf8'));
  const [source] = statement.predicate.buildDefinition.resolvedDependencies;
  return { commit: source.digest.gitCommit, isCommitted: !source.annotations?.dirty };
}

/**
 * The builds to repeat: an executable without a signature or signed by Bun, one that scripts/package signs, and the one
 * with Node.
 */
const scripts: readonly (readonly string[])[] = [
  ['scripts/package.ts', 'linux-x64', ...(has(/-darwin-x64\.tar\.gz$/) ? ['darwin-x64'] : [])],
  ...(has(/-node\.tar\.gz$/) ? [['scripts/package-node.ts']] : []),
];

function has(pattern: RegExp): boolean {
  return releaseFiles(pattern).length > 0;
}

/** Removes the signing keys: signatures are not reproducible, and the clone must not be signed. */
function unsigned(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const signing = /^(MINISIGN_SECRET_KEY_FILE|ACTIONS_ID_TOKEN_REQUEST_\w+)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !signing.test(name)));
}

/** Returns the content of a file. The checksums of all executables in npm's main package are excluded. */
function contents(folder: string, name: string): Buffer {
  const file = path.join(folder, name);
  if (name !== `docker-credential-icr-${version}.tgz`) return fs.readFileSync(file);
  const words = ['--exclude=package/executables.json', '-xzOf', file];
  return execFileSync('tar', words, { maxBuffer: 2 ** 26 });
}

/** Returns the sizes and the offset of the first difference, or undefined. */
function firstDifference(one: Buffer, other: Buffer): string | undefined {
  if (one.equals(other)) return undefined;
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return `${one.length} and ${other.length} bytes; byte ${at} is the first that differs`;
}

(isThere && isCommitted ? test : test.skip)('a build in another directory has the same bytes', () =>
  inScratch((scratch) => {
    const clone = path.join(scratch, 'a', 'b', 'c', 'd', 'clone');
    copyRepository(clone);
    const env = { ...unsigned(process.env), TMPDIR: scratch, TZ: 'Asia/Tokyo', LC_ALL: 'C' };
    for (const words of scripts) {
      execFileSync(process.execPath, words, { cwd: clone, env, stdio: 'ignore' });
    }
    const again = path.join(clone, 'dist', 'release');
    for (const name of fs.readdirSync(again)) {
      // These files cover all targets, and only some are built here.
      if (/^SHA256SUMS|\.intoto\.json$/.test(name)) continue;
      const [one, other] = [releaseFolder, again].map((folder) => contents(folder, name)) as [
        Buffer,
        Buffer,
      ];
      assert.is(firstDifference(one, other), undefined, name);
    }
  }),
);

test.run();
