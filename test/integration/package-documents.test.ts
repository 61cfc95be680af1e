import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { documents } from '../../scripts/package/documents.ts';
import { bundledPackages } from '../../scripts/package/notices.ts';
import { sbom } from '../../scripts/package/sbom.ts';
import { root, type Stamp } from '../../scripts/package/stamp.ts';
import { testUnless } from '../support/skip.ts';

const test = suite('release documents');
const stamp: Stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 1_700_000_000 };
const all = await documents(stamp);
const bundled = bundledPackages();
const manPage = read('man/man1/docker-credential-icr.1');

function read(name: string): string {
  const file = all.find((each) => each.name === name);
  if (file === undefined) throw new Error(`there is no ${name}`);
  return file.data.toString();
}

/** Returns the commands in the program's --help. */
function commandsOfHelp(): string[] {
  const words = [path.join('src', 'main.ts'), '--help'];
  const help = execFileSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  const lines = [...help.matchAll(/^ {2}([a-z][\w-]*) .*$/gm)];
  const others = ['docker-credential-icr', 'help'];
  return lines.map(([, name = '']) => name).filter((name) => !others.includes(name));
}

test('manual page: lists exactly the commands of --help', () => {
  const shown = commandsOfHelp();
  assert.ok(shown.length > 10, shown.join());
  const headings = [...manPage.matchAll(/^\.SS "([\w\\-]+)/gm)];
  const written = new Set(headings.map(([, name = '']) => name.replaceAll('\\', '')));
  assert.equal([...written].sort(), [...shown].sort());
});

test('manual page: contains the options and the version, and no "undefined"', () => {
  for (const word of ['api\\-key\\-stdin', 'dry\\-run', '1.2.3', '2023-11-14']) {
    assert.ok(manPage.includes(word), word);
  }
  assert.not.match(manPage, /undefined|\[object/);
});

for (const [tool, words] of [
  ['mandoc', ['-T', 'lint', '-W', 'warning']],
  ['groff', ['-man', '-ww', '-z', '-T', 'utf8', '-K', 'utf8']],
] as const) {
  const isThere = spawnSync(tool, ['--version']).error === undefined;
  (isThere ? test : test.skip)(`manual page: ${tool} reports no problem`, () => {
    const { stdout, stderr, status } = spawnSync(tool, words, { input: manPage, encoding: 'utf8' });
    assert.equal([stdout, stderr, status], ['', '', 0]);
  });
}

test('completions: are identical to the program’s output', () => {
  assert.match(read('completions/bash/docker-credential-icr'), 'complete -o bashdefault');
  assert.match(read('completions/zsh/_docker-credential-icr'), '#compdef docker-credential-icr');
  assert.match(
    read('completions/fish/docker-credential-icr.fish'),
    'complete -c docker-credential-icr',
  );
});

test('notices: contain the licenses of exactly the bundled packages', () => {
  const notices = read('THIRD-PARTY-NOTICES.md');
  const names = bundled.map(({ name }) => name);
  for (const name of ['axios', 'conf', 'yargs', 'jsonc-parser'])
    assert.ok(names.includes(name), name);
  for (const name of names) assert.ok(notices.includes(`\n## ${name} `), name);
  const headings = notices.match(/^## .*/gm) ?? [];
  assert.is(new Set(headings).size, headings.length, 'each once');
  for (const name of ['typescript', 'uvu', '@biomejs/biome'])
    assert.not.ok(names.includes(name), name);
  assert.match(notices, /## Bun \d/);
  assert.not.match(notices, /@[A-Z_.\d-]+@/);
  for (const words of [
    'GNU LIBRARY GENERAL PUBLIC LICENSE\n                       Version 2, June 1991',
    'GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 2.1, February 1999',
    'Apache License\n                           Version 2.0, January 2004',
  ])
    assert.is(notices.split(words).length, 2, `${words}, once`);
});

const npm = spawnSync('npm', ['--version'], { encoding: 'utf8' }).stdout;
const [npmMajor = 0] = npm.split('.').map(Number);
/** npm 9 in Debian 12 has no `npm sbom`. */
const withSbom = testUnless(test, npmMajor < 10 && `npm ${npmMajor} is too old`);

withSbom('SBOM: lists the bundled packages with versions, and no development packages', () => {
  const text = sbom(stamp);
  const { metadata, components, dependencies } = JSON.parse(text);
  assert.is(metadata.component.name, 'docker-credential-icr');
  const refs = new Set(components.map((each: { 'bom-ref': string }) => each['bom-ref']));
  for (const { name, version } of bundled) {
    assert.ok(refs.has(`${name}@${version}`), `${name}@${version}`);
  }
  const names = [...refs].join(' ');
  assert.match(names, 'bun@');
  assert.not.match(names, /typescript@|uvu@|biome@/);
  for (const { dependsOn } of dependencies)
    for (const ref of dependsOn) assert.ok(refs.has(ref), ref);
  assert.is(sbom(stamp), text);
  const node = { uri: 'pkg:generic/node@24.0.0', digest: { sha256: 'd'.repeat(64) } };
  const { components: more } = JSON.parse(sbom(stamp, node));
  const { hashes } = more.find((each: { 'bom-ref': string }) => each['bom-ref'] === 'node@24.0.0');
  assert.equal(hashes, [{ alg: 'SHA-256', content: 'd'.repeat(64) }]);
});

test('contain no path of the build machine', () => {
  for (const { name, data } of all) assert.not.ok(data.includes(root), name);
});

test.run();
