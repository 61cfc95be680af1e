import { randomBytes, randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { createImage, type Image } from '../../sandbox/image.ts';
import type { LoggedRequest } from '../../sandbox/requests.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Home } from './home.ts';
import type { RegistryHost } from './hosts.ts';
import { writeLayout } from './oci-layout.ts';
import { type StoredManifest, storedManifest, unauthenticatedRegistry } from './registry-server.ts';
import { findSecrets } from './secrets.ts';
import { upload } from './upload.ts';
import type { World } from './world.ts';

/** An IBM Cloud account in the simulator, with a namespace that only its API keys can access. */
interface Account {
  readonly accountId: string;
  readonly namespace: string;
  /** Adds an API key; returns its value. */
  addKey(): string;
}

/** The state of one test: a new home directory and a new account. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly home: Home;
  readonly account: Account;
  addAccount(options?: { readonly public: boolean }): Account;
  removeKey(key: string): void;
  /** Creates an image in an OCI layout, which podman, skopeo and buildah can read. */
  layout(): Promise<{ readonly image: Image; readonly source: string }>;
  /** Uploads an image to a registry without a token; returns its reference. */
  seed(host: RegistryHost, account: Account): Promise<Seeded>;
  stored(reference: string): StoredManifest | undefined;
  /** Returns the requests for registry tokens since the last call. */
  tokenRequests(): readonly TokenRequest[];
  /** Returns the number of requests to IAM since the start of the test. */
  iamRequests(): number;
  /** Adds a secret to those that `assertNoSecretLeft` searches for. The keys of this test are included. */
  addSecret(secret: string): void;
  assertNoSecretLeft(): void;
}

/** A request to the registry's token endpoint. */
interface TokenRequest {
  /** Undefined without a credential, and for an identity token. */
  readonly userName: string | undefined;
  readonly grant: string | undefined;
  readonly status: number | undefined;
}

export interface Seeded {
  readonly reference: string;
  readonly image: Image;
}

function unique(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

/** Returns a key with 44 characters, as IBM's keys have. */
function createKey(): string {
  return `canary-${randomBytes(64).toString('base64url')}`.slice(0, 44);
}

export function createScene({ sandbox, store, createHome }: World): Scene {
  const { accounts, requests } = sandbox;
  const home = createHome();
  const secrets = ['canary'];
  requests.reset();
  let seen = 0;
  const addAccount = (options = { public: false }): Account => {
    const accountId = unique('account');
    const namespace = unique('ns');
    const owner = accounts.addUser({ accountId });
    accounts.addNamespace({ name: namespace, accountId, ...options });
    const addKey = () => accounts.addApiKey({ owner: owner.iamId, value: createKey() }).value;
    return { accountId, namespace, addKey };
  };
  return {
    sandbox,
    home,
    account: addAccount(),
    addAccount,
    removeKey: (key) => assert.ok(accounts.removeApiKey({ key }), 'there was no such key'),
    async layout() {
      const image = await createUniqueImage();
      return { image, source: writeLayout(home.file(unique('layout')), image) };
    },
    async seed(host, { namespace }) {
      const image = await createUniqueImage();
      const repository = `${namespace}/${unique('seeded')}`;
      await upload(unauthenticatedRegistry(host), repository, image);
      return { reference: `${host}/${repository}:1`, image };
    },
    stored: (reference) => storedManifest(store, reference),
    tokenRequests() {
      const fresh = requests.log.slice(seen).filter(isTokenRequest);
      seen = requests.log.length;
      return fresh.map(({ userName, grant, status }) => ({ userName, grant, status }));
    },
    iamRequests: () => requests.count({ service: 'iam' }),
    addSecret: (secret) => secrets.push(secret),
    assertNoSecretLeft() {
      assert.equal(findSecrets(home.folder, secrets), [], 'a client kept a secret in a file');
    },
  };
}

/** Creates an image with unique content, without Internet access. */
function createUniqueImage(): Promise<Image> {
  return createImage('greeting', `hello ${randomUUID()}\n`);
}

function isTokenRequest({ service, path }: LoggedRequest): boolean {
  return service === 'registry' && path === '/oauth/token';
}

/** Returns the user names without duplicates, in the order of their first use. */
export function userNames(asked: readonly TokenRequest[]): readonly (string | undefined)[] {
  return [...new Set(asked.map(({ userName }) => userName))];
}
