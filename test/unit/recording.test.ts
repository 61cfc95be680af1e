import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linesOf } from '../../scripts/recording/screen.ts';
import { svgOf } from '../../scripts/recording/svg.ts';

const test = suite('terminal recording');

const rows: readonly [name: string, output: string, lines: readonly string[]][] = [
  ['lines', 'one\r\ntwo\r\n', ['one', 'two']],
  ['a line that is overwritten', 'waiting\rdone   \r\n', ['done   ']],
  ['cursor up and clear line', 'a\r\nb\r\n\x1b[1A\x1b[2Kc\r\n', ['a', 'c']],
  ['clear to the end of the screen', 'long text\x1b[5G\x1b[0Jx', ['longx']],
  ['a tab', '+\tx', ['+       x']],
  ['sequences without visible effect', '\x1b[?2004h$ \x1b[?2004lls', ['$ ls']],
];

for (const [name, output, lines] of rows) {
  test(`screen: ${name}`, () => {
    const texts = linesOf(output).map((spans) => spans.map(({ text }) => text).join(''));
    assert.equal(texts.slice(0, lines.length), lines);
  });
}

test('svg: escapes text and draws colors', () => {
  const svg = svgOf(linesOf('\x1b[32m<ok>\x1b[0m & done'), 80, 'title');
  assert.match(svg, '<tspan fill="#7ee787">&lt;ok&gt;</tspan> &amp; done');
});

test.run();
