import * as assert from 'uvu/assert';
import type { Home } from './home.ts';
import type { Scene } from './scene.ts';

/** The commands of one client. */
export interface Client {
  readonly program: string;
  /** The words before `login` and `logout`; by default the program. */
  readonly authWords?: readonly string[];
  /** Whether `login` without a user name uses the credential of the helper; by default it does. */
  readonly canLoginAgain?: boolean;
  /** Whether `login` verifies the password with the registry; by default it does. */
  readonly verifiesLogin?: boolean;
  /** Returns the command line of a pull. */
  pullWords(home: Home, reference: string): readonly string[];
  /** Returns the manifest digest of the pulled image. */
  pulledDigest(home: Home, reference: string): Promise<string>;
}

export interface ConfigurableClient extends Client {
  /** Registers the helper in a file that the client's own `login` uses. */
  configure(home: Home): Promise<void>;
}

export const helper = 'docker-credential-icr';

/** Returns the command line of a login. All clients read the password from standard input. */
export function loginCommand(client: Client, host: string): readonly string[] {
  return [...authWords(client), 'login', '-u', 'iamapikey', '--password-stdin', host];
}

export function logoutCommand(client: Client, host: string): readonly string[] {
  return [...authWords(client), 'logout', host];
}

function authWords(client: Client): readonly string[] {
  return client.authWords ?? [client.program];
}

export async function login(client: Client, home: Home, host: string, key: string): Promise<void> {
  await home.succeed(loginCommand(client, host), key);
}

/** Runs `login` without input: the client gets the credential from the helper. */
export async function loginAgain(client: Client, home: Home, host: string): Promise<void> {
  if (client.canLoginAgain === false) return;
  const { stdout } = await home.succeed([...authWords(client), 'login', host]);
  assert.match(stdout, /Login Succeeded|Already logged in/i);
}

/** Logs in with the helper. Without hosts, the key is used for all ICR hosts. */
export async function loginWithHelper(home: Home, key: string, ...hosts: string[]): Promise<void> {
  await home.succeed([helper, 'login', '--api-key-stdin', ...hosts], key);
}

/** Pulls an image, and checks that its digest is the one in the registry. */
export async function pull(client: Client, scene: Scene, reference: string): Promise<void> {
  await scene.home.succeed(client.pullWords(scene.home, reference));
  const digest = await client.pulledDigest(scene.home, reference);
  assert.is(digest, scene.stored(reference)?.digest);
}

/** Expects the error of the helper, for an identity that does not exist. */
export async function expectFailure(client: Client, home: Home, reference: string): Promise<void> {
  const said = await home.fail(client.pullWords(home, reference));
  assert.match(said, /does not exist|unauthorized|denied/i, said);
}

export async function expectUnauthorized(
  client: Client,
  home: Home,
  reference: string,
): Promise<void> {
  const said = await home.fail(client.pullWords(home, reference));
  assert.match(said, /unauthorized|authentication required|denied|not valid/i, said);
}
