import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { writeConfig } from '../support/home.ts';
import { unsignedJwt } from '../support/jwt.ts';
import {
  apiKey,
  type Spoiled as Case,
  doctorSuite,
  expectMended,
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

/** A credential helper that keeps each credential in a file. */
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

const faults: readonly Case[] = [
  [
    'a key of our own variable that IAM does not know',
    withVariable('DOCKER_CREDENTIAL_ICR_API_KEY', 'canary-unknown'),
    'DOCKER_CREDENTIAL_ICR_API_KEY',
    'error',
    /^IAM refused the API key \(BXNIM0415E: /,
  ],
  [
    "a key of IBM's tools that IAM does not know",
    withVariable('BLUEMIX_API_KEY', 'canary-unknown'),
    'BLUEMIX_API_KEY',
    'error',
    /^IAM refused the API key \(BXNIM0415E: /,
  ],
  [
    'a file of a key that is not there',
    withVariable('IC_API_KEY', '@/nonexistent/key.json'),
    'IC_API_KEY',
    'error',
    /^cannot read \/nonexistent\/key\.json, the file in IC_API_KEY \(ENOENT\)$/,
  ],
  [
    'a file without a key',
    (machine) => withVariable('IC_API_KEY', `@${machine.dockerFile}`)(machine),
    'IC_API_KEY',
    'error',
    /^no API key in \S+config\.json, the file in IC_API_KEY$/,
  ],
  [
    'nobody logged in with the ibmcloud CLI',
    withSettings({ ibmcloudSession: true }),
    'ibmcloud session',
    'error',
    /^not logged in with the ibmcloud CLI$/,
  ],
  [
    'a session that has ended',
    withSession(JSON.stringify({ IAMToken: `Bearer ${accessToken(-60)}`, IAMRefreshToken: '' })),
    'ibmcloud session',
    'error',
    /^the ibmcloud session in \S+ has expired$/,
  ],
  [
    'a session that cannot be read',
    withSession('{'),
    'ibmcloud session',
    'error',
    /^the ibmcloud session in \S+ cannot be read$/,
  ],
  [
    'a profile, and a machine that has no identity',
    (machine) => {
      withSettings({ computeProfile: profile })(machine);
      withVariable('DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS', 'nonsense')(machine);
    },
    'compute identity',
    'error',
    /^DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS is neither an https/,
  ],
  [
    'a profile, and nobody who vouches for this machine',
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

for (const [what, spoil, check, state, message] of faults) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      spoil(machine);
      await expectMended(machine, { check, state, message });
    }),
  );
}

test('with the ibmcloud CLI there, it is what mends its session', (given) =>
  onMachine(given, async (machine) => {
    withSession('{}')(machine);
    const session = JSON.stringify({ IAMToken: `Bearer ${accessToken(3600)}` });
    const file = path.join(machine.home.folder, '.bluemix/config.json');
    writeProgram(machine, 'ibmcloud', `test "$1" = login && echo '${session}' > ${file}`);
    const message = /^not logged in/;
    await expectMended(machine, { check: 'ibmcloud session', state: 'error', message });
    const until = /^used as iambearer after stored credentials; expires in 59 min$/;
    const report = await machine.doctor();
    assert.ok(findingIn(report, { check: 'ibmcloud session', state: 'ok', message: until }));
  }));

test('a key in the environment is said to answer, and when', (given) =>
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

test('a machine that may act as its profile', (given) =>
  onMachine(given, async (machine) => {
    const { accounts, metadataUrl } = machine.sandbox;
    const { sub } = accounts.addTrustedProfile({ ofInstance: true });
    withSettings({ computeProfile: sub })(machine);
    machine.env.DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS = metadataUrl;
    const message = /^IAM accepts it: trusted profile Profile-/;
    const report = await machine.doctor();
    assert.ok(findingIn(report, { check: 'compute identity', state: 'ok', message }));
  }));

test('a move to another store that was cut short', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', keychain);
    const file = path.join(machine.home.config, 'identities/work.json');
    const secret = fs.readFileSync(file, 'utf8');
    const moved = await machine.mend('docker-credential-icr store move stub');
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
    await expectMended(machine, { check: 'secret store', state: 'warning', message });
    assert.not.ok(fs.existsSync(file));
    const ours = { check: 'identity work', state: 'ok', message: /^IAM accepts/ } as const;
    assert.ok(findingIn(await machine.doctor(), ours));
  }));

test('a keychain that lists, but is locked', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', keychain);
    await machine.mend('docker-credential-icr store move stub');
    // It asks for its password where a person sits, which is not where this helper calls it.
    const locked = `if [ "$1" = get ] && [ -n "$DOCKER_CREDENTIAL_ICR_CALLS" ] && [ -e "$0.locked" ]
then echo locked; exit 1; fi
if [ "$1" = get ]; then /bin/rm -f "$0.locked"; fi
`;
    writeProgram(machine, 'docker-credential-stub', locked + keychain);
    const program = path.join(machine.bin, 'docker-credential-stub');
    fs.writeFileSync(`${program}.locked`, '');
    const message = /^stub failed: locked$/;
    await expectMended(machine, { check: 'identity work', state: 'error', message });
  }));

test('a keychain that hides what it has', (given) =>
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

test('a file of a secret that is kept elsewhere', (given) =>
  onMachine(given, async (machine) => {
    writeProgram(machine, 'docker-credential-stub', keychain);
    const file = path.join(machine.home.config, 'identities/work.json');
    const secret = fs.readFileSync(file, 'utf8');
    await machine.mend('docker-credential-icr store move stub');
    writeConfig(machine.home, 'identities/work.json', secret);
    const message = /^files of unused secrets: work$/;
    await expectMended(machine, { check: 'secret store', state: 'warning', message });
  }));

test("another registries' helper that answers", (given) =>
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

test("a damaged credential of a registry that is not IBM's", (given) =>
  onMachine(given, async (machine) => {
    writeConfig(machine.home, 'hosts/quay.io.json', '{"canary');
    const message = /^the stored credential of quay\.io is damaged/;
    writeProgram(machine, 'docker', 'test "$1 $2" = "login quay.io"');
    await expectMended(machine, { check: 'hosts', state: 'error', message });
  }));

test.run();
