import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileStore } from '../../src/secrets/file-store.ts';
import { testContext } from '../support/context.ts';
import { inHome, writeConfig } from '../support/home.ts';
import { fails } from '../support/rejects.ts';

const test = suite('the names in the file store');

test('are those of its files, sorted; other files have none', () =>
  inHome((home) => {
    const files = ['c.json', 'a.json', 'b.json.damaged', 'notes.txt', '%zz.json', 'z%2Fy.json'];
    for (const name of files) writeConfig(home, `hosts/${name}`, '{}');
    const store = fileStore(testContext({ env: home.env }));
    assert.equal(store.names('host'), ['%zz', 'a', 'b', 'c', 'z/y']);
    assert.equal(store.names('identity'), []);
  }));

test('are in the command that repairs a damaged file', () =>
  inHome((home) => {
    writeConfig(home, 'hosts/us.icr.io.json', '{');
    writeConfig(home, 'identities/work.json', '{');
    const store = fileStore(testContext({ env: home.env }));
    const read = (of: 'host' | 'identity', name: string) => () => store.read({ of, name });
    fails(read('host', 'us.icr.io'), 'damaged', /login us\.icr\.io$/);
    fails(read('identity', 'work'), 'damaged', /login --identity work$/);
  }));

test.run();
