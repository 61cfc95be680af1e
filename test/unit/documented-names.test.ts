import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../src/cli/commands.ts';
import { checksFor, prepareInput } from '../../src/cli/doctor/doctor.ts';
import { settingsByName } from '../../src/cli/setting-table.ts';
import { identityKinds } from '../../src/config/settings.ts';
import { apiKeyVariables } from '../../src/secret-variables.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';

const test = suite('names in the documentation');

const root = path.resolve(import.meta.dirname, '../..');

/** Requires that each name is in the first cell of a row of a table. */
function requireRows(page: string, names: readonly string[]): void {
  const text = fs.readFileSync(path.join(root, page), 'utf8');
  const cells = [...text.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = '']) => cell);
  const found = new Set(
    cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
  );
  assert.equal(
    names.filter((name) => !found.has(name)),
    [],
    page,
  );
}

test('README.md has each command', () => {
  const text = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  const names = commands.map(({ usage }) => usage.replace(/ .*/, ''));
  const missing = names.filter((name) => !new RegExp(`^\\|[^|]*\`${name}[ \`]`, 'm').test(text));
  assert.equal(missing, []);
});

test('docs/doctor.md has each check', () =>
  inHome(async ({ env }) => {
    const input = await prepareInput(testContext({ env }));
    requireRows(
      'docs/doctor.md',
      checksFor(input, {}).map(({ name }) => name),
    );
  }));

test('docs/configuration.md has each setting and variable with an API key', () =>
  requireRows('docs/configuration.md', [
    ...Object.values(settingsByName).map(({ key }) => key),
    ...apiKeyVariables,
  ]));

test('docs/configuration.md has each kind of identity', () => {
  const text = fs.readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');
  const [row = ''] = /^\| `identities\.NAME\.kind` .*$/m.exec(text) ?? [];
  assert.equal(
    identityKinds.filter((kind) => !row.includes(`\`${kind}\``)),
    [],
  );
});

test.run();
