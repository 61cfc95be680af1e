import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { removeEverything } from '../../src/identity/remove-everything.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import {
  otherStores,
  readableName,
  readableStore,
  requireWorkingStore,
  secretStore,
  settingsError,
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
  for (const files of [{}, { store: 'file' }]) assert.is(storeTitle(files), 'file store');
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

stores('is named file if the settings are damaged, but a bug is thrown', () => {
  const damaged = () => {
    throw new HelperError('damaged', 'no settings');
  };
  assert.equal(
    [() => vault, () => none, damaged].map((settings) => readableName(settings)),
    ['vault', 'file', 'file'],
  );
  assert.is(settingsError(damaged)?.message, 'no settings');
  assert.throws(() => settingsError(bug), /a bug/);
});

stores('cannot be told from damaged settings, except to read on', () =>
  inWorld('{', ({ context, calls }) => {
    fails(() => secretStore(context), 'damaged');
    const readable = readableStore(context);
    assert.is(readable.read(work), undefined);
    fails(() => readable.write(work, credential), 'damaged');
    assert.is(fileStore(context).read(work), undefined);
    fileStore(context).write(work, credential);
    fails(() => readable.erase(work), 'damaged', /a keychain may still have the secret/);
    assert.is(fileStore(context).read(work), undefined);
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

const moves: readonly (readonly [
  store: string | undefined,
  previousStore: string,
  others: number,
])[] = [
  [undefined, 'vault', 1],
  ['file', 'vault', 1],
  ['file', 'file', 0],
  ['vault', 'file', 1],
  ['vault', 'other', 2],
  ['vault', 'vault', 1],
];
for (const [store, previousStore, count] of moves) {
  const settings = { ...none, ...(store === undefined ? {} : { store }), previousStore };

  erasing(`${store}, after an interrupted move of ${previousStore}: erases every copy`, () =>
    inWorld(settings, ({ context, kept }) => {
      assert.is(otherStores(context, settings).length, count);
      const all = [...otherStores(context, settings), storeIn(context, settings)];
      for (const each of all) for (const key of [work, host]) each.write(key, credential);
      secretStore(context).erase(work);
      readableStore(context).erase(host);
      for (const each of all) {
        for (const key of [work, host]) assert.is(each.read(key), undefined);
      }
      assert.is(kept.size, 0);
    }),
  );
}

erasing('the store in use keeps its copy if the other store does not erase', () => {
  const settings = { ...none, previousStore: 'vault' };
  return inWorld(settings, ({ context, answers }) => {
    for (const store of ['file', 'vault']) storeIn(context, { store }).write(work, credential);
    answers.erase = () => [1, 'locked'];
    fails(() => secretStore(context).erase(work), 'storage', /vault/);
    assert.equal(secretStore(context).read(work), credential);
  });
});

erasing('a full logout removes what an interrupted move has left', () => {
  const settings = { ...none, previousStore: 'vault' };
  return inWorld(settings, async ({ context, kept }) => {
    storeIn(context, { store: 'vault' }).write(work, credential);
    storeIn(context, { store: 'vault' }).write(host, credential);
    await removeEverything(context);
    assert.is(kept.size, 0);
  });
});

erasing.run();
