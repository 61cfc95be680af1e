import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { publicHosts } from '../../src/registry/regions.ts';
import { ask } from '../sandbox/ask.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { executable, type Outcome } from '../support/helper.ts';
import { testUnless } from '../support/skip.ts';
import { atTerminal, hasTerminal, type Reply, type Session } from '../support/terminal.ts';
import { inCloud, type Person, registerInDocker } from './identity-cloud.ts';

const test = sandboxSuite('signing in with a browser');
const onTerminal = hasTerminal() ? test : test.skip;

const waiting = 'press Enter to use a one-time passcode instead';
const passcodePrompt = 'one-time passcode (not shown):';

/** A desktop whose `xdg-open` writes each address to a file. */
interface Desktop {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Returns the addresses that were opened. */
  readonly opened: () => readonly string[];
}

function desktopOf(
  { home, env }: Person,
  more: Person['env'] = { IC_API_KEY: 'canary-environment' },
): Desktop {
  const bin = path.join(home.folder, 'desktop');
  const log = path.join(home.folder, 'opened');
  fs.mkdirSync(bin);
  // A browser does not need the API key.
  const script = `#!/bin/sh\necho "$*$IC_API_KEY" >> "${log}"\n`;
  fs.writeFileSync(path.join(bin, 'xdg-open'), script, { mode: 0o755 });
  return {
    env: {
      ...home.env,
      ...env,
      DISPLAY: ':0',
      PATH: `${bin}:${home.env.PATH}`,
      ...more,
    },
    opened: () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').slice(0, -1) : []),
  };
}

/** Opens the page like a browser and follows its redirect. */
async function browse({ caFile }: Sandbox, address: string): Promise<string> {
  const page = await ask(address, { caFile });
  if (page.status !== 302) return page.text;
  const target = String(page.headers.location);
  return (await ask(target, {})).text;
}

/** Returns the first address that the command opens. Rejects if it exits before. */
async function openedBy(command: Promise<Session | Outcome>, { opened }: Desktop): Promise<string> {
  let outcome: Session | Outcome | undefined;
  void command.then((result) => {
    outcome = result;
  });
  while (opened().length === 0 && outcome === undefined) await sleep(5);
  const [address] = opened();
  if (address === undefined) throw new Error(`opened nothing: ${JSON.stringify(outcome)}`);
  return address;
}

/** Runs the command on a terminal, and the browser when the command has opened it. */
async function signIn(
  person: Person,
  desktop: Desktop,
  words: string,
  sandbox: Sandbox,
  replies: readonly Reply[] = [],
): Promise<Session & { readonly address: URL; readonly page: string }> {
  const cwd = person.home.folder;
  const session = atTerminal(`exec "${executable}" ${words}`, replies, { cwd, env: desktop.env });
  const address = await openedBy(session, desktop);
  const page = await browse(sandbox, address);
  return { ...(await session), address: new URL(address), page };
}

const pages = [
  { hasPkce: true, redirectHosts: ['127.0.0.1'], host: '127.0.0.1' },
  { hasPkce: false, redirectHosts: ['127.0.0.1'], host: '127.0.0.1' },
  { hasPkce: true, redirectHosts: ['localhost'], host: 'localhost' },
];
for (const { host, ...page } of pages) {
  onTerminal(`login --sso: stores a refresh token (${JSON.stringify(page)})`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const { accounts } = sandbox;
      const user = accounts.addUser({ name: 'Jane Doe' });
      accounts.setSignOnPage({ user: user.iamId, ...page });
      registerInDocker(person);
      const desktop = desktopOf(person);
      const session = await signIn(person, desktop, 'login --identity jane --sso', sandbox);
      const { screen, status, address } = session;
      assert.is(status, 0, screen);
      assert.match(session.page, 'Signed in.');
      assert.ok(screen.includes(`Sign in at ${address}\n`));
      assert.match(
        screen,
        `Logged in as user ${user.sub} (account ${user.accountId}) with identity`,
      );
      assert.not.match(screen, /canary|OKD/);
      const { redirect_uri: redirect, ...query } = Object.fromEntries(address.searchParams);
      assert.is(new URL(redirect ?? '').hostname, host);
      const names = ['client_id', 'response_type', 'state'];
      const challenge = ['code_challenge', 'code_challenge_method'];
      assert.equal(Object.keys(query), [...names, ...(page.hasPkce ? challenge : [])]);
      const kept = accounts.refreshTokens().at(-1);
      assert.is(kept?.iamId, user.iamId);
      const { username, secret } = await person.get('us.icr.io');
      assert.equal([username, secret], ['iamrefresh', kept?.value]);
      await assertClosed(redirect ?? '');
    }),
  );
}

async function assertClosed(address: string): Promise<void> {
  const error = await ask(address, {}).catch((reason: unknown) => reason);
  assert.ok(error instanceof Error, 'nothing listens after the sign-in');
}

onTerminal('a redirect that IAM refuses: tells the user and asks for a passcode', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts } = sandbox;
    const user = accounts.addUser();
    accounts.setSignOnPage({ user: user.iamId, redirectHosts: [] });
    const passcode = accounts.addPasscode({ owner: user.iamId, value: 'canary-passcode' });
    registerInDocker(person);
    const replies: Reply[] = [[passcodePrompt, `${passcode}\r`]];
    const desktop = desktopOf(person);
    const { screen, status, address } = await signIn(
      person,
      desktop,
      'login --sso',
      sandbox,
      replies,
    );
    assert.is(status, 0, screen);
    assert.match(
      screen,
      `docker-credential-icr: IAM does not redirect the browser to this machine; use a one-time passcode instead\nGet a one-time passcode at ${sandbox.iamUrl}/identity/passcode\n`,
    );
    assert.is(address.href, `${sandbox.iamUrl}/identity/passcode`);
    assert.match(screen, `Logged in as user ${user.sub} `);
  }),
);

const passcodeInstead = [
  ['Enter while the browser shows the page', {}, 'login --sso', [[waiting, '\r']]],
  ['an error in the redirect', { error: 'server_error' }, 'login --sso', []],
  ['--passcode', {}, 'login --passcode', []],
  ['--sso --passcode', {}, 'login --sso --passcode', []],
] as const;
for (const [name, page, words, before] of passcodeInstead) {
  onTerminal(`${name}: asks for a passcode`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const { accounts } = sandbox;
      const user = accounts.addUser();
      accounts.setSignOnPage(page);
      const passcode = accounts.addPasscode({ owner: user.iamId, value: 'canary-passcode' });
      registerInDocker(person);
      const replies = [...before, [passcodePrompt, `${passcode}\r`]] as const;
      const desktop = desktopOf(person);
      const { screen, status } = await signIn(person, desktop, words, sandbox, replies);
      assert.is(status, 0, screen);
      assert.match(screen, `Logged in as user ${user.sub} `);
      assert.not.match(screen, /canary|OKD/);
      const passcodePage = `${sandbox.iamUrl}/identity/passcode`;
      // The program that opens the page may still run.
      while (desktop.opened().at(-1) !== passcodePage) await sleep(5);
      const hasNote = screen.includes('IAM sent no code (server_error); use a one-time passcode');
      assert.is(hasNote, 'error' in page);
    }),
  );
}

onTerminal('a code that IAM refuses: asks for a passcode', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts } = sandbox;
    const user = accounts.addUser();
    accounts.setSignOnPage({ user: user.iamId, hasPkce: true });
    const passcode = accounts.addPasscode({ owner: user.iamId, value: 'canary-passcode' });
    registerInDocker(person);
    const desktop = desktopOf(person);
    const session = atTerminal(
      `exec "${executable}" login --sso`,
      [[passcodePrompt, `${passcode}\r`]],
      { cwd: person.home.folder, env: desktop.env },
    );
    const address = await openedBy(session, desktop);
    const { redirect_uri: redirect, state } = Object.fromEntries(new URL(address).searchParams);
    await ask(`${redirect}?code=canary-code-of-nobody&state=${state}`, {});
    const { screen, status } = await session;
    assert.is(status, 0, screen);
    assert.match(
      screen,
      'IAM refused the authorization code (BXNIM0407E: Provided token is invalid.); use a one-time passcode instead\n',
    );
    assert.not.match(screen, 'canary');
  }),
);

const cancelled: readonly [string, object, readonly Reply[], RegExp][] = [
  ['Ctrl-C', {}, [[waiting, '\x03']], /cancelled, nothing was changed\n$/],
  ['in the browser', { error: 'access_denied' }, [], /the sign-in was cancelled in the browser\n$/],
];
for (const [name, page, replies, message] of cancelled) {
  onTerminal(`cancelled ${name}: changes nothing`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      sandbox.accounts.setSignOnPage(page);
      const desktop = desktopOf(person);
      const { screen, status } = await signIn(person, desktop, 'login --sso', sandbox, replies);
      assert.is(status, 130, screen);
      assert.match(screen, message);
      assert.not.ok(fs.existsSync(path.join(person.home.config, 'identities')));
    }),
  );
}

onTerminal('setup --sso: signs in with the browser and verifies with the registry', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts } = sandbox;
    const user = accounts.addUser();
    accounts.setSignOnPage({ user: user.iamId, hasPkce: true });
    const desktop = desktopOf(person, {});
    fs.writeFileSync(path.join(person.home.folder, 'desktop/docker'), '#!/bin/sh\n', {
      mode: 0o755,
    });
    const words = 'setup --sso --yes --no-verify';
    const { screen, status } = await signIn(person, desktop, words, sandbox);
    assert.match(screen, `Logged in as user ${user.sub} `);
    assert.match(screen, `added ${publicHosts.length} hosts to `);
    assert.ok(status !== null && status <= 1, screen);
  }),
);

test('on a desktop without a terminal: signs in with the browser', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const user = sandbox.accounts.addUser();
    sandbox.accounts.setSignOnPage({ user: user.iamId });
    const desktop = desktopOf(person);
    const login = person.start('login --sso', '', desktop.env);
    const address = await openedBy(login.outcome, desktop);
    await browse(sandbox, address);
    const outcome = await login.outcome;
    assert.is(outcome.status, 0, outcome.stderr);
    assert.match(outcome.stdout, `Logged in as user ${user.sub} `);
  }));

const chromium = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) =>
  fs.existsSync(file),
);
const withChromium = testUnless(
  test,
  chromium === undefined && 'not installed: Debian package chromium',
);

withChromium('a real browser follows the redirect', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const user = sandbox.accounts.addUser();
    sandbox.accounts.setSignOnPage({ user: user.iamId, hasPkce: true });
    const desktop = desktopOf(person);
    const dom = path.join(person.home.folder, 'dom');
    // Chromium does not read SSL_CERT_FILE, and root cannot use its sandbox.
    const options = `--headless --no-sandbox --disable-gpu --ignore-certificate-errors --user-data-dir="${person.home.folder}/chromium"`;
    const script = `#!/bin/sh\n${chromium} ${options} --dump-dom "$1" > "${dom}.new" 2>/dev/null; mv "${dom}.new" "${dom}"\n`;
    fs.writeFileSync(path.join(person.home.folder, 'desktop/xdg-open'), script, {
      mode: 0o755,
    });
    const outcome = await person.call('login --sso', '', desktop.env);
    assert.is(outcome.status, 0, outcome.stderr);
    assert.match(outcome.stdout, `Logged in as user ${user.sub} `);
    while (!fs.existsSync(dom)) await sleep(5);
    assert.match(fs.readFileSync(dom, 'utf8'), 'Signed in.');
  }),
);

const withoutDesktop = [
  { DISPLAY: '' },
  { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' },
  { CI: 'true' },
];
for (const env of withoutDesktop) {
  test(`no browser with ${JSON.stringify(env)}`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const desktop = desktopOf(person);
      const outcome = await person.call('login --sso', '', { ...desktop.env, ...env });
      assert.is(outcome.status, 1);
      assert.match(outcome.stderr, 'cannot ask for the one-time passcode without a terminal\n');
      assert.is(sandbox.requests.count(), 0);
    }));
}

test('an expired session: ten clients get the command once each, and no browser', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts } = sandbox;
    const owner = accounts.addUser().iamId;
    const { value } = accounts.addRefreshToken({ owner, value: 'canary-refresh-token' });
    await person.say('login --identity jane --present iambearer --refresh-token-stdin', value);
    for (const token of accounts.refreshTokens()) accounts.expireRefreshToken(token);
    fs.rmSync(path.join(person.home.folder, '.cache'), { recursive: true, force: true });
    const desktop = desktopOf(person);
    const calls = Array.from({ length: 10 }, () =>
      person.call('get', 'us.icr.io', { ...desktop.env, IC_API_KEY: undefined }),
    );
    const command = 'run docker-credential-icr login --identity jane --sso';
    for (const { stdout, stderr, status } of await Promise.all<Outcome>(calls)) {
      assert.is(status, 1, stdout);
      assert.match(stdout, /^us\.icr\.io: IAM refused the refresh token of identity jane \(/);
      assert.ok(stdout.endsWith(`; ${command}\n`), stdout);
      assert.is((stdout + stderr).split(command).length, 2);
    }
    assert.equal(desktop.opened(), []);
  }));

test.run();
