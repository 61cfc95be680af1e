import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readers } from '../../src/clients/readers.ts';

const test = suite('which clients read what');

const page = path.join(import.meta.dirname, '../../docs/docker.md');

test('docs/docker.md has the same table', () => {
  const [, heading = '', body = ''] =
    /^(\| clients .*)\n\| ---.*\n((?:\|.*\n)+)/m.exec(fs.readFileSync(page, 'utf8')) ?? [];
  const cellsOf = (line: string) =>
    line
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''))
      .slice(1, -1);
  const [, ...columns] = cellsOf(heading);
  const rows = body
    .trim()
    .split('\n')
    .map((line) => {
      const [clients = '', ...cells] = cellsOf(line);
      const settings = columns.filter((_, index) => cells[index] === 'yes');
      return { programs: clients.split(', '), settings, client: cells.at(-1) };
    });
  assert.equal(
    rows,
    readers.map(({ programs, settings, client }) => ({ programs, settings, client })),
  );
});

test('each program is in one row', () => {
  const programs = readers.flatMap((reader) => reader.programs);
  assert.is(new Set(programs).size, programs.length);
});

test.run();
