import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unifiedDiff } from '../../src/clients/diff.ts';
import { docker, dockerConfigFile } from '../../src/clients/docker.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('Docker configuration');

/** Plans changes for a config.json with this content; without a file if it is `undefined`. */
function withConfig(content: string | Uint8Array | undefined, use: (plans: Plans) => void): void {
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    if (content !== undefined) fs.writeFileSync(file, content);
    const context = contextWith({ DOCKER_CONFIG: folder });
    use({
      add: (hosts, force = false) => docker.planAdd(context, hosts, { force }),
      remove: (hosts) => docker.planRemove(context, hosts),
      configured: () => docker.configuredHosts(context),
    });
    if (content !== undefined) assert.equal(fs.readFileSync(file), Buffer.from(content));
  });
}

interface Plans {
  add: (hosts: readonly string[], force?: boolean) => ReturnType<typeof docker.planAdd>;
  remove: (hosts: readonly string[] | 'all') => ReturnType<typeof docker.planRemove>;
  configured: () => string[];
}

test('finds the file', () => {
  const rows: [Record<string, string>, NodeJS.Platform, string][] = [
    [{ DOCKER_CONFIG: '/d', HOME: '/h' }, 'linux', '/d/config.json'],
    [{ DOCKER_CONFIG: '', HOME: '/h' }, 'linux', '/h/.docker/config.json'],
    [{ HOME: '/h', USERPROFILE: 'C:\\u' }, 'darwin', '/h/.docker/config.json'],
    [{ HOME: '/h', USERPROFILE: 'C:\\u' }, 'win32', 'C:\\u\\.docker\\config.json'],
  ];
  for (const [env, platform, file] of rows) {
    assert.is(dockerConfigFile(contextWith(env, { platform })), file);
  }
  for (const platform of ['linux', 'win32'] as const) {
    assert.is(errorOf(() => dockerConfigFile(contextWith({}, { platform }))).code, 'misconfigured');
  }
});

// The file before and after us.icr.io and de.icr.io are added.
const added: [name: string, before: string | undefined, after: string][] = [
  [
    'no file',
    undefined,
    '{\n\t"credHelpers": {\n\t\t"us.icr.io": "icr",\n\t\t"de.icr.io": "icr"\n\t}\n}\n',
  ],
  [
    'an empty file',
    '',
    '{\n\t"credHelpers": {\n\t\t"us.icr.io": "icr",\n\t\t"de.icr.io": "icr"\n\t}\n}\n',
  ],
  [
    'null',
    'null\n',
    '{\n\t"credHelpers": {\n\t\t"us.icr.io": "icr",\n\t\t"de.icr.io": "icr"\n\t}\n}\n',
  ],
  ['{}', '{}', '{\n\t"credHelpers": {\n\t\t"us.icr.io": "icr",\n\t\t"de.icr.io": "icr"\n\t}\n}'],
  [
    'output of docker: tabs, no final newline',
    '{\n\t"auths": {},\n\t"currentContext": "x"\n}',
    '{\n\t"auths": {},\n\t"currentContext": "x",\n\t"credHelpers": {\n\t\t"us.icr.io": "icr",\n\t\t"de.icr.io": "icr"\n\t}\n}',
  ],
  [
    'CRLF and four spaces',
    '{\r\n    "auths": {}\r\n}\r\n',
    '{\r\n    "auths": {},\r\n    "credHelpers": {\r\n        "us.icr.io": "icr",\r\n        "de.icr.io": "icr"\r\n    }\r\n}\r\n',
  ],
  [
    'mixed line endings: uses the kind of the preceding line',
    '{\r\n  "a": 1,\n  "b": 2\r\n}',
    '{\r\n  "a": 1,\n  "b": 2,\n  "credHelpers": {\n    "us.icr.io": "icr",\n    "de.icr.io": "icr"\n  }\r\n}',
  ],
  [
    'one line',
    '{"auths":{"a":{}},"x":[1,2]}\n',
    '{"auths":{"a":{}},"x":[1,2],"credHelpers":{"us.icr.io":"icr","de.icr.io":"icr"}}\n',
  ],
  [
    'one line with spaces',
    '{"auths": {}}',
    '{"auths": {}, "credHelpers": {"us.icr.io": "icr", "de.icr.io": "icr"}}',
  ],
  [
    'entries of another helper',
    '{\n  "credHelpers": {\n    "gcr.io": "gcloud"\n  },\n  "auths": { }\n}\n',
    '{\n  "credHelpers": {\n    "gcr.io": "gcloud",\n    "us.icr.io": "icr",\n    "de.icr.io": "icr"\n  },\n  "auths": { }\n}\n',
  ],
  [
    'an empty credHelpers',
    '{\n  "credHelpers": {},\n  "auths": {}\n}',
    '{\n  "credHelpers": {\n    "us.icr.io": "icr",\n    "de.icr.io": "icr"\n  },\n  "auths": {}\n}',
  ],
  [
    'credHelpers null',
    '{\n  "credHelpers": null\n}',
    '{\n  "credHelpers": {\n    "us.icr.io": "icr",\n    "de.icr.io": "icr"\n  }\n}',
  ],
  [
    'one host is already registered',
    '{"credHelpers":{"us.icr.io":"icr"}}',
    '{"credHelpers":{"us.icr.io":"icr","de.icr.io":"icr"}}',
  ],
  [
    'a key in another case, which Go treats as equal',
    '{"CredHelpers":{"us.icr.io":"icr"}}',
    '{"CredHelpers":{"us.icr.io":"icr","de.icr.io":"icr"}}',
  ],
  [
    'a duplicate host: the last one is used',
    '{"credHelpers":{"us.icr.io":"other","us.icr.io":"icr"}}',
    '{"credHelpers":{"us.icr.io":"other","us.icr.io":"icr","de.icr.io":"icr"}}',
  ],
  [
    'duplicate keys, irregular spacing, Unicode',
    '{ "a":1 ,"a" : 2,\n "ü\\u00fc":"日本" }',
    '{ "a":1 ,"a" : 2,\n "ü\\u00fc":"日本",\n "credHelpers":{\n  "us.icr.io":"icr",\n  "de.icr.io":"icr"\n } }',
  ],
];

test('adds the hosts and changes no other byte', () => {
  for (const [name, before, after] of added) {
    withConfig(before, ({ add }) => {
      const plan = add(['us.icr.io', 'de.icr.io', 'us.icr.io']);
      assert.is(plan.after, after, name);
      assert.is(plan.before, before, name);
      assert.equal(JSON.parse(plan.after ?? '').auths, JSON.parse(before || 'null')?.auths, name);
    });
    withConfig(after, ({ add, configured }) => {
      assert.is(add(['us.icr.io', 'de.icr.io']).after, after, `${name}, again`);
      assert.equal(configured(), ['us.icr.io', 'de.icr.io'], name);
    });
  }
});

const removed: [name: string, before: string, after: string][] = [
  ['the last entry', '{"a":1,"credHelpers":{"us.icr.io":"icr"},"b":2}', '{"a":1,"b":2}'],
  ['the only entry', '{\n  "credHelpers": {\n    "us.icr.io": "icr"\n  }\n}\n', '{}\n'],
  [
    'the first entry',
    '{"credHelpers":{"us.icr.io":"icr","gcr.io":"gcloud"}}',
    '{"credHelpers":{"gcr.io":"gcloud"}}',
  ],
  [
    'some',
    '{"credHelpers":{"de.icr.io":"icr","x":"y","us.icr.io":"icr","z":"y"}}',
    '{"credHelpers":{"x":"y","z":"y"}}',
  ],
  [
    'an entry of another helper',
    '{"credHelpers":{"us.icr.io":"other"}}',
    '{"credHelpers":{"us.icr.io":"other"}}',
  ],
  ['no entry', '{"credHelpers":{}}', '{"credHelpers":{}}'],
  ['an empty file', '', ''],
  ['an entry under another key', '{"us.icr.io":"icr"}', '{"us.icr.io":"icr"}'],
];

test('removes its own entries only', () => {
  for (const [name, before, after] of removed) {
    withConfig(before, ({ remove }) => assert.is(remove('all').after, after, name));
  }
  withConfig('{"credHelpers":{"us.icr.io":"icr","de.icr.io":"icr"}}', ({ remove }) => {
    const plan = remove(['us.icr.io', 'jp.icr.io']);
    assert.is(plan.after, '{"credHelpers":{"de.icr.io":"icr"}}');
    assert.equal(plan.hosts, ['us.icr.io']);
    assert.equal(plan.notes, []);
  });
  withConfig(undefined, ({ remove, configured }) => {
    assert.is(remove('all').after, undefined);
    assert.equal(configured(), []);
  });
});

test('replaces an entry of another helper only if requested', () => {
  const before = '{"credHelpers":{"us.icr.io":"osxkeychain","de.icr.io":null}}';
  withConfig(before, ({ add, configured }) => {
    const plan = add(['us.icr.io', 'de.icr.io']);
    assert.is(plan.after, before);
    assert.equal(configured(), []);
    assert.is(plan.notes.length, 2);
    assert.is(plan.notes[0]?.message, 'us.icr.io has helper "osxkeychain" and was not changed');
    assert.match(plan.notes[0]?.hint ?? '', 'configure --client docker --host us.icr.io --force');
    const forced = add(['us.icr.io', 'de.icr.io'], true);
    assert.is(forced.after, '{"credHelpers":{"us.icr.io":"icr","de.icr.io":"icr"}}');
    assert.equal(forced.hosts, ['us.icr.io', 'de.icr.io']);
    assert.is(forced.notes[0]?.message, 'us.icr.io had helper "osxkeychain" before');
    assert.is(
      add(['jp.icr.io', 'de.icr.io'], true).after,
      '{"credHelpers":{"us.icr.io":"osxkeychain","de.icr.io":"icr","jp.icr.io":"icr"}}',
    );
  });
});

const damaged: [name: string, content: string | Uint8Array, message: string][] = [
  ['a comment', '{\n  // canary\n}', 'line 2, column 3: a comment'],
  ['a block comment', '{} /* canary', 'line 1, column 4: a comment'],
  ['a trailing comma', '{"a":"canary",\r\n\r\n}', 'line 3, column 1: a key is missing'],
  ['a byte order mark', '\ufeff{}', 'byte order mark'],
  ['a missing brace', '{"a":"canary"', 'line 1, column 14: the closing } is missing'],
  ['no closing quote', '{"a":"canary', 'line 1, column 6: a closing quote is missing'],
  ['text after the end', '{} {}', 'line 1, column 4: there is text after the end'],
  ['a tab inside quotes', '{"a":"\tcanary"}', 'a control character'],
  ['an array', ' []', 'line 1, column 2: expected an object'],
  ['a string', '"canary"', 'expected an object'],
  ['credHelpers an array', '{"credHelpers":[]}', 'line 1, column 16: expected an object'],
  [
    'credHelpers twice',
    '{"credHelpers":{},\n"credHelpers":{}}',
    'line 2, column 1: duplicate key credHelpers',
  ],
  ['nested too deeply', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'nested too deeply'],
  ['Latin-1', Uint8Array.of(0x7b, 0x22, 0xfc, 0x22, 0x3a, 0x31, 0x7d), 'not UTF-8'],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'UTF-16'],
  ['17 MiB', Buffer.alloc(17 * 1024 * 1024, 0x20), 'larger than'],
];

test('refuses a file that docker cannot parse, without changing or printing it', () => {
  for (const [name, content, message] of damaged) {
    withConfig(content, ({ add, remove, configured }) => {
      for (const run of [() => add(['us.icr.io']), () => remove('all'), configured]) {
        const error = errorOf(run);
        assert.is(error.code, 'damaged', name);
        assert.match(error.message, message, name);
        assert.not.match(error.message, 'canary', name);
      }
    });
  }
});

const auths: [key: string, entry: string, typed: string | undefined][] = [
  ['us.icr.io', '{"auth":"YTpjYW5hcnk="}', 'run docker logout us.icr.io,'],
  ['https://us.icr.io', '{"identitytoken":"canary"}', 'run docker logout us.icr.io,'],
  ['us.icr.io:443', '{"auth":"YTpjYW5hcnk="}', 'docker logout us.icr.io:443,'],
  ['https://us.icr.io/v1/', '{"password":"canary"}', 'docker logout https://us.icr.io/v1/,'],
  ['us.icr.io/$(x)', '{"auth":"YTpjYW5hcnk="}', "docker logout 'us.icr.io/$(x)',"],
  ['us.icr.io', '{}', undefined],
  ['us.icr.io', '{"auth":""}', undefined],
  ['us.icr.io', '{"email":"a@b"}', undefined],
  ['us.icr.io', 'null', undefined],
  ['de.icr.io', '{"auth":"YTpjYW5hcnk="}', undefined],
  ['us.icr.io.evil.example', '{"auth":"YTpjYW5hcnk="}', undefined],
];

test('reports a password in auths', () => {
  for (const [key, entry, typed] of auths) {
    withConfig(`{"auths":{${JSON.stringify(key)}:${entry}}}`, ({ add, remove }) => {
      const { notes } = add(['us.icr.io']);
      assert.is(notes.length, typed === undefined ? 0 : 1, key);
      if (typed !== undefined) assert.match(notes[0]?.hint ?? '', typed);
      assert.not.match(JSON.stringify(notes), /canary|YTpjYW5hcnk=/);
      assert.equal(remove('all').notes, []);
    });
  }
});

test('reports a missing credsStore helper and DOCKER_AUTH_CONFIG', () => {
  inFolder((folder) => {
    fs.writeFileSync(path.join(folder, 'config.json'), '{"credsStore":"desktop.exe"}');
    const env = { DOCKER_CONFIG: folder, PATH: `/nowhere:${folder}` };
    const notes = docker.planAdd(contextWith(env), ['us.icr.io']).notes;
    assert.is(notes.length, 1);
    assert.match(notes[0]?.message ?? '', 'docker-credential-desktop.exe is not on PATH');
    fs.writeFileSync(path.join(folder, 'docker-credential-desktop.exe'), '', { mode: 0o755 });
    assert.equal(docker.planAdd(contextWith(env), ['us.icr.io']).notes, []);
    const inherited = contextWith({ ...env, DOCKER_AUTH_CONFIG: '{"auths":{}}' });
    assert.is(
      docker.planAdd(inherited, ['us.icr.io']).notes[0]?.hint,
      'run unset DOCKER_AUTH_CONFIG',
    );
  });
});

test('diff: shows the change without secrets', () => {
  const before =
    '{\n\t"auths": {\n\t\t"x.example": {\n\t\t\t"auth": "YTpjYW5hcnk="\n\t\t}\n\t},\n\t"HttpHeaders": {\n\t\t"A": "canary"\n\t}\n}';
  withConfig(before, ({ add }) => {
    const diff = unifiedDiff(add(['us.icr.io']));
    assert.match(diff, '+\t\t"us.icr.io": "icr"');
    assert.match(diff, ' \t"HttpHeaders": {');
    assert.not.match(diff, /canary|YTpjYW5hcnk=/);
  });
  withConfig('{"auths":{"x.example":{"auth":"YTpjYW5hcnk="}}}', ({ add, remove }) => {
    assert.not.match(unifiedDiff(add(['us.icr.io'])), /canary|YTpjYW5hcnk=/);
    assert.is(unifiedDiff(remove('all')), '');
  });
  withConfig(undefined, ({ add }) => {
    assert.match(unifiedDiff(add(['us.icr.io'])), '--- /dev/null\n');
  });
});

test.run();
