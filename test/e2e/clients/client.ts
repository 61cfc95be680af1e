import * as assert from 'uvu/assert';
import type { Home } from './home.ts';
import type { Scene } from './scene.ts';

/** What each client says in its own way. */
export interface Client {
  readonly program: string;
  /** The command line that pulls, for those who expect it to be refused. */
  pullWords(home: Home, reference: string): readonly string[];
  /** The manifest's digest of what `pullWords` brought. */
  pulledDigest(home: Home, reference: string): Promise<string>;
}

export interface ConfigurableClient extends Client {
  /** Names the helper in a file that the client's own `login` heeds. */
  configure(home: Home): Promise<void>;
}

export const helper = 'docker-credential-icr';

/** All of these read the password from standard input, and nothing else from anywhere. */
export function signInWords({ program }: Client, host: string): readonly string[] {
  return [program, 'login', '-u', 'iamapikey', '--password-stdin', host];
}

export async function signIn(client: Client, home: Home, host: string, key: string): Promise<void> {
  await home.succeed(signInWords(client, host), key);
}

/** `login` with nothing typed: the helper is asked. */
export async function signInAgain({ program }: Client, home: Home, host: string): Promise<void> {
  const { stdout } = await home.succeed([program, 'login', host]);
  assert.match(stdout, /Login Succeeded|Already logged in/i);
}

/** Without hosts the key answers for every IBM host. */
export async function signInByHelper(home: Home, key: string, ...hosts: string[]): Promise<void> {
  await home.succeed([helper, 'login', '--api-key-stdin', ...hosts], key);
}

/** What arrived must be what the registry has. */
export async function pull(client: Client, scene: Scene, reference: string): Promise<void> {
  await scene.home.succeed(client.pullWords(scene.home, reference));
  const digest = await client.pulledDigest(scene.home, reference);
  assert.is(digest, scene.stored(reference)?.digest);
}

export async function expectRefusal(client: Client, home: Home, reference: string): Promise<void> {
  const said = await home.fail(client.pullWords(home, reference));
  assert.match(said, /unauthorized|authentication required|denied|not valid/i, said);
}
