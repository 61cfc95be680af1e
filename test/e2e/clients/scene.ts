import { randomBytes, randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { createImage, type Image } from '../../sandbox/image.ts';
import type { LoggedRequest } from '../../sandbox/requests.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Home } from './home.ts';
import type { RegistryHost } from './hosts.ts';
import { writeLayout } from './oci-layout.ts';
import { backDoorOf, type StoredManifest, storedManifest } from './registry-server.ts';
import { findSecrets } from './secrets.ts';
import { upload } from './upload.ts';
import type { World } from './world.ts';

/** One IBM Cloud account of the sandbox: a namespace that only its own API keys open. */
export interface Account {
  readonly accountId: string;
  readonly namespace: string;
  /** Adds an API key; returns its value. */
  addKey(): string;
}

/** What one test starts from: a fresh home, an account, and nothing of the other tests. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly home: Home;
  readonly account: Account;
  addAccount(options?: { readonly public: boolean }): Account;
  removeKey(key: string): void;
  /** An image on disk, as podman, skopeo and buildah read it. */
  layout(): Promise<{ readonly image: Image; readonly source: string }>;
  /** Puts an image into a registry behind everyone's back; returns what it is called there. */
  seed(host: RegistryHost, account: Account): Promise<Seeded>;
  stored(reference: string): StoredManifest | undefined;
  /** The requests for registry tokens since the last time this was asked. */
  tokenRequests(): readonly TokenRequest[];
  /** How often IAM was asked since this test began. */
  iamRequests(): number;
  /** To be sure that no client kept it: what was made here is known anyway. */
  addSecret(secret: string): void;
  assertNoSecretLeft(): void;
}

/** What the registry's token endpoint saw of one request. */
export interface TokenRequest {
  /** `undefined` where nobody signed in, and where an identity token did. */
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

/** 44 characters, as IBM's keys have. */
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
      await upload(backDoorOf(host), repository, image);
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

/** An image that no other test has, made without the internet. */
function createUniqueImage(): Promise<Image> {
  return createImage('greeting', `hello ${randomUUID()}\n`);
}

function isTokenRequest({ service, path }: LoggedRequest): boolean {
  return service === 'registry' && path === '/oauth/token';
}

/** The different user names, in the order in which they first came. */
export function userNames(asked: readonly TokenRequest[]): readonly (string | undefined)[] {
  return [...new Set(asked.map(({ userName }) => userName))];
}
