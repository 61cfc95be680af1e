import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  readableStore,
  requireWorkingStore,
  secretStore,
  storeIn,
} from '../../src/secrets/secret-store.ts';
import { type Credential, type SecretKey, storeTitle } from '../../src/secrets/store-types.ts';
import { inWorld } from '../support/keychains.ts';
import { fails } from '../support/rejects.ts';

const work: SecretKey = { of: 'identity', name: 'work' };
const host: SecretKey = { of: 'host', name: 'us.icr.io' };
const credential: Credential = { ServerURL: 'x', Username: 'me', Secret: 'canary' };

const none = { identities: {}, mappings: {} };
const vault = { ...none, store: 'vault' };
const bug = (): never => {
  throw new TypeError('a bug');
};

const stores = suite('the store that the settings name');

stores('has a title for people', () => {
  assert.is(storeTitle({ store: 'vault' }), 'vault');
  assert.is(storeTitle({ store: 'file' }), storeTitle({}));
  assert.is.not(storeTitle({}), '');
});

for (const settings of [none, { ...none, store: 'file' }]) {
  stores(`is made of files with ${JSON.stringify(settings)}`, () =>
    inWorld(settings, ({ context, calls }) => {
      secretStore(context).write(work, credential);
      assert.equal(readableStore(context).read(work), credential);
      requireWorkingStore(context, {});
      requireWorkingStore(context, { store: 'file' });
      assert.equal(calls, []);
    }),
  );
}

stores('is the keychain', () =>
  inWorld(vault, ({ context, kept, home }) => {
    secretStore(context).write(work, credential);
    assert.is(kept.size, 1);
    assert.equal(readableStore(context).read(work), credential);
    assert.is(fs.existsSync(path.join(home.config, 'identities')), false);
  }),
);

stores('cannot be told from damaged settings, except to read on', () =>
  inWorld('{', ({ context, calls }) => {
    fails(() => secretStore(context), 'damaged');
    assert.is(readableStore(context).read(work), undefined);
    assert.throws(() => readableStore(context, bug), /a bug/);
    assert.equal(calls, []);
  }),
);

stores.run();

const erasing = suite('to erase from a keychain');

erasing('what it has needs no trial', () =>
  inWorld(vault, ({ context, kept, calls }) => {
    const store = secretStore(context);
    store.write(work, credential);
    calls.length = 0;
    store.erase(work);
    assert.is(kept.size, 0);
    assert.not.ok(calls.includes('store'), 'no trial');
  }),
);

erasing('what it does not have is tried out if it lists nothing', () =>
  inWorld(vault, ({ context, kept, calls, answers }) => {
    secretStore(context).erase(work);
    assert.ok(calls.includes('store'), 'a trial');
    assert.is(kept.size, 0);
    answers.store = () => [1, 'locked'];
    fails(() => storeIn(context, vault).erase(work), 'storage', /locked/);
  }),
);

for (const listed of [host, { of: 'identity', name: 'other' } as const]) {
  erasing(`what it does not have needs no trial if it lists ${listed.name}`, () =>
    inWorld(vault, ({ context, calls }) => {
      storeIn(context, vault).write(listed, credential);
      calls.length = 0;
      storeIn(context, vault).erase(work);
      requireWorkingStore(context, vault);
      assert.not.ok(calls.includes('store'));
    }),
  );
}

erasing('what it refuses to give needs no trial', () =>
  inWorld(vault, ({ context, calls, answers }) => {
    answers.get = () => [2, 'locked'];
    fails(() => storeIn(context, vault).erase(work), 'storage');
    assert.not.ok(calls.includes('store'));
  }),
);

erasing('a bug is not taken for a refusal', () =>
  inWorld(vault, ({ context, answers }) => {
    answers.get = bug;
    assert.throws(() => storeIn(context, vault).erase(work), /a bug/);
  }),
);

const absent: [number, string] = [1, 'credentials not found in native keychain'];

erasing('what it refuses to give at first is erased all the same', () =>
  inWorld(vault, ({ context, calls, answers }) => {
    answers.get = () => (calls.includes('erase') ? absent : [2, 'locked']);
    storeIn(context, vault).erase(work);
    assert.not.ok(calls.includes('store'), 'no trial');
  }),
);

erasing('a bug at first is not taken for a refusal', () =>
  inWorld(vault, ({ context, calls, answers }) => {
    answers.get = () => (calls.includes('erase') ? absent : bug());
    assert.throws(() => storeIn(context, vault).erase(work), /a bug/);
  }),
);

erasing('a keychain that lists an identity and a host is not tried', () =>
  inWorld(vault, ({ context, calls }) => {
    for (const key of [work, host]) storeIn(context, vault).write(key, credential);
    calls.length = 0;
    requireWorkingStore(context, vault);
    assert.not.ok(calls.includes('store'), 'no trial');
  }),
);

erasing('a keychain that lists nothing is tried before it is relied on', () =>
  inWorld(vault, ({ context, calls, answers }) => {
    requireWorkingStore(context, vault);
    assert.ok(calls.includes('store'));
    answers.get = () => [1, 'credentials not found in native keychain'];
    fails(() => requireWorkingStore(context, vault), 'storage');
  }),
);

erasing.run();
