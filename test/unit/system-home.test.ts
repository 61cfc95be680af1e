import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cacheFolder, configFolder } from '../../src/config/folders.ts';
import { withNodeFolders } from '../../src/kubernetes/kubelet.ts';
import { withSystemHome } from '../../src/system-home.ts';
import { testContext } from '../support/context.ts';

const test = suite('home directory of the system');

const unknown = () => {
  throw new Error('ENOENT');
};
const known = () => '/home/jane';

const rows: readonly [
  name: string,
  env: Record<string, string>,
  platform: NodeJS.Platform,
  systemHome: () => string,
  home: string | undefined,
][] = [
  ['set', { HOME: '/h' }, 'linux', known, '/h'],
  ['set, and the user is unknown', { HOME: '/h' }, 'linux', unknown, '/h'],
  ['not set', {}, 'linux', known, '/home/jane'],
  ['empty', { HOME: '' }, 'linux', known, '/home/jane'],
  ['not set on macOS', {}, 'darwin', known, '/home/jane'],
  ['not set on Windows', {}, 'win32', known, undefined],
  ['not set, and the user is unknown', {}, 'linux', unknown, undefined],
  ['not set, and empty in the database', {}, 'linux', () => '', undefined],
];

for (const [name, env, platform, systemHome, home] of rows) {
  test(`HOME is ${name}`, () => {
    const found = withSystemHome(env, platform, systemHome);
    assert.is(found.env.HOME, home);
    assert.is(found.isHomeFallback ?? false, home === '/home/jane');
  });
}

test('Windows: a service may lack USERPROFILE, APPDATA and LOCALAPPDATA', () => {
  const home = 'C:\\Users\\jane';
  const folders = (env: Record<string, string>, systemHome = () => home) => {
    const context = testContext({
      platform: 'win32',
      ...withSystemHome(env, 'win32', systemHome),
    });
    return [configFolder(context), cacheFolder(context)];
  };
  const usual = [
    `${home}\\AppData\\Roaming\\docker-credential-icr`,
    `${home}\\AppData\\Local\\Cache\\docker-credential-icr`,
  ];
  assert.equal(folders({}), usual);
  assert.equal(folders({ USERPROFILE: home, APPDATA: '' }, unknown), usual);
  const own = { APPDATA: 'D:\\a', LOCALAPPDATA: 'D:\\b' };
  const named = ['D:\\a\\docker-credential-icr', 'D:\\b\\Cache\\docker-credential-icr'];
  assert.equal(folders(own, unknown), named);
  assert.equal(folders({}, unknown), [undefined, undefined]);
  assert.equal(folders({ APPDATA: 'relative' }), [undefined, usual[1]]);
});

test('the kubelet uses the directories of the node if HOME is not set', () => {
  const given = testContext({ platform: 'linux', ...withSystemHome({}, 'linux', known) });
  assert.is(configFolder(given), '/home/jane/.config/docker-credential-icr');
  assert.is(configFolder(withNodeFolders(given)), '/etc/docker-credential-icr');
  const own = testContext({ platform: 'linux', env: { HOME: '/home/jane' } });
  assert.is(configFolder(withNodeFolders(own)), '/home/jane/.config/docker-credential-icr');
});

test.run();
