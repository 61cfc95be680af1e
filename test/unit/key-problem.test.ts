import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apiKeyIn, keyProblem } from '../../src/identity/api-key-variable.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';

const test = suite('texts that are not an API key');

const quoted = (mark: string) => `starts or ends with a quotation mark (${mark})`;
const unexpanded = (name: string) => `contains a reference to ${name} that was not expanded`;
const unnamed = 'contains a reference that was not expanded';

const rows: readonly [text: string, problem: string | undefined][] = [
  ['canary', undefined],
  ['canary-_$%&/=?#~.:;,!|^*+', undefined],
  ['0123456789abcdefghijklmnopqrstuvwxyzABCD-_EF', undefined],
  ['$0canary', undefined],
  ['canary$CANARY', undefined],
  [`$canary${'x'.repeat(80)}`, undefined],
  ['can"ary', undefined],
  ['can{a}ry', undefined],
  ['canary<b>', undefined],
  ['<b>canary', undefined],
  ['canary-KEY_A=1', undefined],
  ['canary%KEY%', undefined],
  ['%KEY%canary', undefined],
  ['canary((key))', undefined],
  ['((key))canary', undefined],
  ['"canary"', quoted('"')],
  ["'canary'", quoted("'")],
  ['`canary`', quoted('`')],
  ['"canary', quoted('"')],
  ["canary'", quoted("'")],
  ['“canary”', quoted('“')],
  ['‘canary’', quoted('‘')],
  ['" canary "', quoted('"')],
  ["'$IBMCLOUD_API_KEY'", quoted("'")],
  ['$IBMCLOUD_API_KEY', unexpanded('IBMCLOUD_API_KEY')],
  ['$key', unexpanded('key')],
  ['\x24{IBMCLOUD_API_KEY}', unexpanded('IBMCLOUD_API_KEY')],
  ['\x24{KEY:-canary-default}', unexpanded('KEY')],
  ['prefix\x24{KEY}canary', unexpanded('KEY')],
  ['\x24{{secrets.IBMCLOUD_API_KEY}}', unexpanded('secrets.IBMCLOUD_API_KEY')],
  ['{{secrets.KEY}}', unexpanded('secrets.KEY')],
  ['((ibmcloud-key))', unexpanded('ibmcloud-key')],
  ['$(IBMCLOUD_API_KEY)', unexpanded('IBMCLOUD_API_KEY')],
  ['$(<canary)', unnamed],
  ['\x24{}', unnamed],
  ['\x24{9canary}', unnamed],
  [`\x24{canary${'x'.repeat(40)}}`, unnamed],
  ['%IBMCLOUD_API_KEY%', unexpanded('IBMCLOUD_API_KEY')],
  ['$env:IBMCLOUD_API_KEY', unexpanded('IBMCLOUD_API_KEY')],
  ['<your-api-key>', 'is a placeholder in angle brackets'],
  ['IBMCLOUD_API_KEY=canary', 'starts with the name of a variable and ='],
  ['can ary', 'contains white space'],
  [' canary', 'contains white space'],
  ['canary\t', 'contains white space'],
  ['can\nary', 'contains white space'],
  ['can\u00a0ary', 'contains white space'],
  ['can\u0001ary', 'contains a character that is not allowed'],
  ['{canary}', 'starts or ends with a brace'],
  ['canary}', 'starts or ends with a brace'],
  ['canaryä', 'contains a character that is not allowed'],
  ['canary\u200b', 'contains a character that is not allowed'],
];

for (const [text, problem] of rows) {
  test(`${JSON.stringify(text)}: ${problem ?? 'may be a key'}`, () => {
    assert.is(keyProblem(text), problem);
    assert.not.match(problem ?? '', 'canary');
  });
}

test('a variable or its file with such a text is an error that names the problem', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'key');
    for (const [text, problem] of rows) {
      const places = [text, `${text}\n`, JSON.stringify({ apikey: text })];
      for (const [index, place] of places.entries()) {
        fs.writeFileSync(file, place);
        if (index < 2 && text.startsWith('{canary')) continue;
        const isTrimmed = problem !== undefined && keyProblem(text.trim()) === undefined;
        if (problem === undefined || (isTrimmed && index < 2)) {
          assert.is(apiKeyIn('IC_API_KEY', `@${file}`), text.trim());
          if (index < 2) assert.is(apiKeyIn('IC_API_KEY', place), text.trim());
          continue;
        }
        const { message } = fails(() => apiKeyIn('IC_API_KEY', `@${file}`), 'damaged');
        assert.is(message, `no API key in ${file}, the file in IC_API_KEY: it ${problem}`);
        if (index > 1) continue;
        const inVariable = fails(() => apiKeyIn('IC_API_KEY', place), 'misconfigured');
        assert.is(inVariable.message, `IC_API_KEY ${problem}`);
        assert.is(inVariable.hint, 'check IC_API_KEY');
      }
    }
  }));

test('a file name that no shell has expanded', () => {
  for (const file of ['~/key', '$HOME/key', '"/key"', '%USERPROFILE%/key']) {
    const { hint = '' } = fails(() => apiKeyIn('IC_API_KEY', `@${file}`), 'storage');
    assert.match(hint, 'set IC_API_KEY to @ and an absolute path');
  }
  const { hint } = fails(() => apiKeyIn('IC_API_KEY', '@/none/key~'), 'storage');
  assert.is(hint, 'check IC_API_KEY');
});

test.run();
