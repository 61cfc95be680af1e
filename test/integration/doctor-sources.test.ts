import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { writeConfig } from '../support/home.ts';
import { unsignedJwt } from '../support/jwt.ts';
import {
  apiKey,
  type ProblemRow as Case,
  doctorSuite,
  expectFixed,
  findingIn,
  type Machine,
  onMachine,
  withSettings,
  withVariable,
  writeProgram,
} from './doctor-world.ts';

const test = doctorSuite('doctor: other sources');

function withSession(text: string) {
  return (machine: Machine) => {
    withSettings({ ibmcloudSession: true })(machine);
    const folder = path.join(machine.home.folder, '.bluemix');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'config.json'), text);
  };
}

function accessToken(seconds: number): string {
  const claims = { exp: Math.floor(Date.now() / 1000) + seconds };
  return unsignedJwt(claims);
}

/** A credential helper that stores each credential in a file. */
const keychain = `PATH=/usr/bin:/bin; mkdir -p "$HOME/kept" && cd "$HOME/kept" || exit 1; read -r input
url() { sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'; }
name=$(printf %s "$input" | url | tr -c 'a-zA-Z0-9' _)
case $1 in
  store) printf '%s\\n' "$input" > "$name" ;;
  get) cat "$name" 2>/dev/null || { echo credentials not found in native keychain; exit 1; } ;;
  erase) rm -f "$name" ;;
  list) sep='{'; for file in *; do test -f "$file" && printf '%s"%s":""' "$sep" "$(url < "$file")" && sep=,; done
    test "$sep" = , && echo '}' || echo '{}' ;;
esac`;

const profile = 'Profile-11111111-2222-4333-8444-555555555555';

/** Stores an API key as `docker login` does, for hosts that no mapping covers. */
function withLogin(key: string, ...hosts: readonly string[]) {
  return ({ home }: Machine) => {
    const identity = { kind: 'api-key', secretSetAt: 0 };
    const settings = {
      identities: { work: identity },
      mappings: { 'icr.io': { identity: 'work' } },
    };
    writeConfig(home, 'config.json', JSON.stringify(settings));
    for (const ServerURL of hosts) {
      const credential = { ServerURL, Username: 'iamapikey', Secret: key };
      writeConfig(home, `hosts/${ServerURL}.json`, JSON.stringify(credential));
    }
  };
}

const faults: readonly Case[] = [
  [
    'an unknown key of docker login',
    withLogin('canary-unknown', 'us.icr.io', 'de.icr.io'),
    'docker login de.icr.io, us.icr.io',
    'error',
    /^IAM refused the API key \(BXNIM0415E: /,
  ],
  [
    'an unknown key in DOCKER_CREDENTIAL_ICR_API_KEY',
    withVariable('DOCKER_CREDENTIAL_ICR_API_KEY', 'canary-unknown'),
    'DOCKER_CREDENTIAL_ICR_API_KEY',
    'error',
    /^IAM refused the API key \(BXNIM0415E: /,
  ],
  [
    "an unknown key in a variable of IBM's tools",
    withVariable('BLUEMIX_API_KEY', 'canary-unknown'),
    'BLUEMIX_API_KEY',
    'error',
    /^IAM refused the API key \(BXNIM0415E: /,
  ],
  [
    'a key file that does not exist',
    withVariable('IC_API_KEY', '@/nonexistent/key.json'),
    'IC_API_KEY',
    'error',
    /^cannot read \/nonexistent\/key\.json, the file in IC_API_KEY \(ENOENT\)$/,
  ],
  [
    'a key file without a key',
    (machine) => withVariable('IC_API_KEY', `@${machine.dockerFile}`)(machine),
    'IC_API_KEY',
    'error',
    /^no API key in \S+config\.json, the file in IC_API_KEY$/,
  ],
  [
    'the ibmcloud CLI is not logged in',
    withSettings({ ibmcloudSession: true }),
    'ibmcloud session',
    'error',
    /^not logged in with the ibmcloud CLI$/,
  ],
  [
    'an expired session',
    withSession(JSON.stringify({ IAMToken: `Bearer ${accessToken(-60)}`, IAMRefreshToken: '' })),
    'ibmcloud session',
    'error',
    /^the ibmcloud session in \S+ has expired$/,
  ],
  [
    'an unreadable session file',
    withSession('{'),
    'ibmcloud session',
    'error',
    /^the ibmcloud session in \S+ cannot be read$/,
  ],
  [
    'a trusted profile on a machine without an identity',
    (machine) => {
      withSettings({ computeProfile: profile })(machine);
      withVariable('DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS', 'nonsense')(machine);
    },
    'compute identity',
    'error',
    /^DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS is neither an https/,
  ],
  [
    'a trusted profile without a metadata service',
    (machine) => {
      withSettings({ computeProfile: profile })(machine);
      const address = 'http://127.0.0.1:1';
      withVariable('DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS', address)(machine);
    },
    'compute identity',
    'error',
    /^cannot reach the metadata service at 127\.0\.0\.1:1: the connection was refused$/,
  ],
];

for (const [what, create, check, state, message] of faults) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      create(machine);
      await expectFixed(machine, { check, state, message });
    }),
  );
}

test('suggests ibmcloud login if the ibmcloud CLI is installed', (given) =>
  onMachine(given, async (machine) => {
    withSession('{}')(machine);
    const session = JSON.stringify({ IAMToken: `Bearer ${accessToken(3600)}` });
    const file = path.join(machine.home.folder, '.bluemix/config.json');
    writeProgram(machine, 'ibmcloud', `test "$1" = login && echo '${session}' > ${file}`);
    const message = /^not logged in/;
    await expectFixed(machine, { check: 'ibmcloud session', state: 'error', message });
    const until = /^used as iambearer after stored credentials; expires in 59 min$/;
    const report = await machine.doctor();
    assert.ok(findingIn(report, { check: 'ibmcloud session', state: 'ok', message: until }));
  }));

test('names the key in the environment, and the hosts that use it', (given) =>
  onMachine(given, async (machine) => {
    machine.env.IBMCLOUD_API_KEY = apiKey;
    machine.env.DOCKER_CREDENTIAL_ICR_API_KEY = apiKey;
    const report = await machine.doctor();
    const said = [
      ['IBMCLOUD_API_KEY', /^IAM accepts its API key; used after stored credentials$/],
      [
        'DOCKER_CREDENTIAL_ICR_API_KEY',
        /^IAM accepts its API key; used before stored credentials$/,
      ],
    ] as const;
    for (const [check, message] of said) {
      assert.ok(findingIn(report, { check, state: 'ok', message }));
    }
  }));

test('a key of docker login that expires soon, and one that a mapping overrides', (given) =>
  onMachine(given, async (machine) => {
    const { accounts } = machine.sandbox;
    const { iamId: owner } = accounts.addUser({});
    const expiresAt = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const { value } = accounts.addApiKey({ value: 'canary-of-docker-login', owner, expiresAt });
    withLogin(value, 'us.icr.io')(machine);
    const login = { check: 'docker login us.icr.io' };
    const message = /^IAM accepts its API key; expires in [23] days/;
    const found = findingIn(await machine.doctor(), { ...login, state: 'warning', message });
    assert.match(
      found?.hint ?? '',
      /^run docker-credential-icr api-key create --expires-in 90d, and docker-credential-icr login us\.icr\.io with/,
    );
    assert.ok(found?.expiresAt);
    withLogin(value, 'icr.io')(machine);
    fs.rmSync(path.join(machine.home.config, 'hosts/us.icr.io.json'));
    const { checks } = await machine.doctor();
    assert.not.ok(checks.some(({ name }) => name.startsWith('docker login')));
  }));

test('a machine that can assume its trusted profile', (given) =>
  onMachine(given, async (machine) => {
    const { accounts, metadataUrl } = machine.sandbox;
    const { sub } = accounts.addTrustedProfile({ ofInstance: true });
    withSettings({ computeProfile: sub })(machine);
    machine.env.DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS = metadataUrl;
    const message = /^IAM accepts it: trusted profile Profile-/;
    const report = await machine.doctor();
    assert.ok(findingIn(report, { check: 'compute identity', state: 'ok', message }));
  }));

test('an interrupted store move', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', keychain);
    const file = path.join(machine.home.config, 'identities/work.json');
    const secret = fs.readFileSync(file, 'utf8');
    const moved = await machine.fixAndDiagnose('docker-credential-icr store move stub');
    const answers = {
      check: 'secret store',
      state: 'ok',
      message: /^stub works$/,
    } as const;
    assert.ok(findingIn(moved, answers));
    assert.not.ok(fs.existsSync(file));
    writeConfig(machine.home, 'identities/work.json', secret);
    withSettings({ leftovers: 'file' })(machine);
    const message = /^a store move was interrupted: secrets may be left in file$/;
    await expectFixed(machine, { check: 'secret store', state: 'warning', message });
    assert.not.ok(fs.existsSync(file));
    const ours = { check: 'identity work', state: 'ok', message: /^IAM accepts/ } as const;
    assert.ok(findingIn(await machine.doctor(), ours));
  }));

test('a locked keychain that lists its entries', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', keychain);
    await machine.fixAndDiagnose('docker-credential-icr store move stub');
    // The keychain can ask for its password on a terminal, but not when this helper calls it.
    const locked = `if [ "$1" = get ] && [ -n "$DOCKER_CREDENTIAL_ICR_CALLS" ] && [ -e "$0.locked" ]
then echo locked; exit 1; fi
if [ "$1" = get ]; then /bin/rm -f "$0.locked"; fi
`;
    writeProgram(machine, 'docker-credential-stub', locked + keychain);
    const program = path.join(machine.bin, 'docker-credential-stub');
    fs.writeFileSync(`${program}.locked`, '');
    const message = /^stub failed: locked$/;
    await expectFixed(machine, { check: 'identity work', state: 'error', message });
  }));

test('a locked keychain that lists no entries', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(
      machine,
      'docker-credential-stub',
      'if [ "$1" = list ]; then echo "{}"; else echo credentials not found in native keychain; exit 1; fi',
    );
    withSettings({ store: 'stub' })(machine);
    const report = await machine.doctor();
    const lists = /^stub lists no secret of this helper; if it should have one, unlock it$/;
    assert.ok(findingIn(report, { check: 'secret store', state: 'ok', message: lists }));
    const message = /^its secret is not in stub, which may be locked$/;
    assert.ok(findingIn(report, { check: 'identity work', state: 'error', message }));
  }));

test('a leftover file of a secret in a keychain', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', keychain);
    const file = path.join(machine.home.config, 'identities/work.json');
    const secret = fs.readFileSync(file, 'utf8');
    await machine.fixAndDiagnose('docker-credential-icr store move stub');
    writeConfig(machine.home, 'identities/work.json', secret);
    const message = /^files of unused secrets: work$/;
    await expectFixed(machine, { check: 'secret store', state: 'warning', message });
  }));

test('a working fallback helper for other registries', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', 'echo "{}"');
    withSettings({ others: 'stub' })(machine);
    fs.writeFileSync(machine.dockerFile, '{"credsStore": "icr"}');
    const report = await machine.doctor();
    const message = /^this helper, and stub for other registries$/;
    assert.ok(findingIn(report, { check: 'credsStore', state: 'ok', message }));
    const everything = /names this helper for every registry$/;
    assert.ok(findingIn(report, { check: 'docker', state: 'ok', message: everything }));
  }));

test('a damaged credential of another registry', (given) =>
  onMachine(given, async (machine) => {
    writeConfig(machine.home, 'hosts/quay.io.json', '{"canary');
    const message = /^the stored credential of quay\.io is damaged/;
    writeProgram(machine, 'docker', 'test "$1 $2" = "login quay.io"');
    await expectFixed(machine, { check: 'hosts', state: 'error', message });
  }));

test.run();
