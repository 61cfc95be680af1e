import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { showResult } from '../../src/cli/doctor/report.ts';
import { testContext } from '../support/context.ts';

const test = suite('lines of doctor');

const long = '/home/jane/.docker/configuration.json';

const rows: readonly (readonly [
  columns: number | undefined,
  message: string,
  lines: readonly string[],
])[] = [
  [40, 'names this helper', ['ok      docker: names this helper']],
  [40, `${long} names this helper`, ['ok      docker:', `   ${long}`, '        names this helper']],
  [
    40,
    `/longer${long} names this helper`,
    ['ok      docker:', `/longer${long}`, '        names this helper'],
  ],
  [undefined, `names ${long}`, [`ok      docker: names ${long}`]],
];

for (const [columns, message, lines] of rows) {
  test(`${columns ?? 'no'} columns: ${message}`, () => {
    let output = '';
    const write = (text: string) => {
      output += text;
    };
    const screen = () => (columns === undefined ? undefined : { columns, write });
    const context = testContext({ env: { NO_COLOR: '1' }, screen, stdout: write });
    showResult(context, { name: 'docker', state: 'ok', message });
    assert.is(output, `${lines.join('\n')}\n`);
  });
}

test('a hint in a pipe is neither wrapped nor indented less', () => {
  const hint = `run docker-credential-icr configure --client docker${' --region us-south'.repeat(3)}`;
  const context = testContext();
  showResult(context, { name: 'docker', state: 'error', message: 'fails', hint });
  assert.is(context.output.join(''), `error   docker: fails\n        hint: ${hint}\n`);
});

test.run();
