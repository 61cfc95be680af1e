import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { IdentitySettings, Settings } from '../../src/config/settings.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { collect, executable, type Outcome } from '../support/helper.ts';
import type { ApiServer } from './api-server.ts';
import type { Provider, TokenAttributes } from './config.ts';
import { encodeRequest, execPlugin, type PluginRequest } from './exec-plugin.ts';
import { createKubelet, type Kubelet } from './kubelet.ts';

export const v1 = 'credentialprovider.kubelet.k8s.io/v1';

/** A node of a cluster: its directories, and a kubelet that runs the executable. */
export interface Node {
  readonly folder: string;
  readonly cache: string;
  /** Saves an identity, like a login on the node. */
  addIdentity(name: string, secret: string, settings?: Partial<IdentitySettings>): void;
  map(key: string, identity: string, present?: string): void;
  /** Starts a kubelet with an empty cache. */
  start(options?: StartOptions): Kubelet;
  /** Runs the plugin as the kubelet does, with `text` on standard input. */
  run(text: string, args?: readonly string[]): Promise<Outcome>;
  /** Runs the plugin with an encoded request. */
  ask(request: Partial<PluginRequest>, args?: readonly string[]): Promise<Outcome>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly apiVersion?: string;
  readonly apiServer?: ApiServer;
  readonly tokenAttributes?: TokenAttributes;
  readonly matchImages?: readonly string[];
  readonly clock?: () => number;
}

export const annotation = 'icr.io/trusted-profile-id';

export const tokenAttributes: TokenAttributes = {
  serviceAccountTokenAudience: 'iam',
  cacheType: 'ServiceAccount',
  requireServiceAccount: true,
  optionalServiceAccountAnnotationKeys: [annotation],
};

/** Calls `use` with a node that reaches the simulator and lacks `HOME`. The node is removed at the end. */
export async function onNode(
  { iamUrl, caFile, metadataUrl }: Pick<Sandbox, 'iamUrl' | 'caFile' | 'metadataUrl'>,
  use: (node: Node) => void | Promise<void>,
): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-node-'));
  const config = path.join(folder, 'etc');
  const cache = path.join(folder, 'run');
  const environ = { PATH: process.env.PATH ?? '', SSL_CERT_FILE: caFile };
  const env = Object.entries({
    DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config,
    DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache,
    DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: metadataUrl,
    IBMCLOUD_IAM_API_ENDPOINT: iamUrl,
  }).map(([name, value]) => ({ name, value }));
  const provider = ({ args = [], apiVersion = v1, ...options }: StartOptions): Provider => ({
    name: path.basename(executable),
    matchImages: options.matchImages ?? ['icr.io', '*.icr.io', '*.*.icr.io'],
    defaultCacheDuration: '0s',
    apiVersion,
    args: ['kubelet', ...args],
    env,
    ...(options.tokenAttributes && { tokenAttributes: options.tokenAttributes }),
  });
  const run: Node['run'] = async (text, args = []) => {
    const configured = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const child = spawn(executable, ['kubelet', ...args], {
      cwd: '/',
      env: { ...environ, ...configured },
    });
    child.stdin.on('error', () => {});
    child.stdin.end(text);
    return await collect(child);
  };
  try {
    await use({
      folder,
      cache,
      ...settingsIn(config),
      start: (options = {}) => {
        const execution = {
          provider: provider(options),
          binDir: path.dirname(executable),
          environ,
        };
        const exec = (request: PluginRequest) => execPlugin(execution, request);
        return createKubelet({ ...options, provider: execution.provider, exec });
      },
      run,
      ask: (request, args) => run(encodeRequest(v1, { ...anything, ...request }), args),
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const anything: PluginRequest = {
  image: 'us.icr.io/ns/image',
  serviceAccountToken: '',
  serviceAccountAnnotations: {},
};

function settingsIn(config: string): Pick<Node, 'addIdentity' | 'map'> {
  let settings: Settings = { identities: {}, mappings: {} };
  const write = (name: string, value: unknown) => {
    const file = path.join(config, name);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(file, JSON.stringify(value), { mode: 0o600 });
  };
  const change = (next: Settings) => {
    settings = next;
    write('config.json', settings);
  };
  return {
    addIdentity(name, secret, more = {}) {
      const identity: IdentitySettings = { kind: 'api-key', secretSetAt: 1, ...more };
      change({ ...settings, identities: { ...settings.identities, [name]: identity } });
      const credential = { ServerURL: name, Username: 'iamapikey', Secret: secret };
      if (secret !== '') write(`identities/${name}.json`, credential);
    },
    map(key, identity, present) {
      const mapping = { identity, ...(present === undefined ? {} : { present }) };
      change({ ...settings, mappings: { ...settings.mappings, [key]: mapping } });
    },
  };
}
