import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import https from 'node:https';
import type { HttpAnswer } from '../../src/http/send.ts';
import type { ClusterRequest, ClusterWatch } from '../../src/kubernetes/cluster-api.ts';
import type { WatchEvent } from '../../src/kubernetes/cluster-watch.ts';
import { createServerCertificate } from '../sandbox/ca.ts';

type Texts = Readonly<Record<string, string>>;

interface StoredSecret {
  metadata: {
    readonly name: string;
    readonly namespace: string;
    uid: string;
    resourceVersion: string;
    labels?: Texts;
    annotations?: Texts;
  };
  type: string;
  data: Texts;
  /** The field manager of the data. */
  manager: string;
}

interface StoredNamespace {
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly deletionTimestamp?: string;
  readonly resourceVersion?: string;
}

interface StoredLease {
  version: number;
  spec: Readonly<Record<string, unknown>>;
}

interface StoredAccount {
  version: number;
  annotations?: Texts;
  imagePullSecrets?: readonly { readonly name: string }[];
}

/** A request of the refresher, or of `kubectl replace`. */
type Received = Omit<ClusterRequest, 'method'> & {
  readonly method: ClusterRequest['method'] | 'PUT';
};

/** The part of a Kubernetes API server that the refresher and `api-key rotate --to` use. */
export interface KubernetesApi {
  readonly namespaces: Map<string, StoredNamespace>;
  /** The keys are `namespace/name`. */
  readonly secrets: Map<string, StoredSecret>;
  /** The `imagePullSecrets` of service accounts; the keys are `namespace/name`. */
  readonly serviceAccounts: Map<string, StoredAccount>;
  /** The Leases; the keys are `namespace/name`. */
  readonly leases: Map<string, StoredLease>;
  readonly events: { readonly namespace: string; readonly message: string }[];
  readonly requests: string[];
  /** Called before each request; a returned response replaces the usual one. */
  intercept: ((request: ClusterRequest) => HttpAnswer | undefined) | undefined;
  readonly handle: (request: Received) => HttpAnswer;
  readonly watch: ClusterWatch;
  /** Ends all watches. With `isExpired`, the versions that were sent until now are no longer known. */
  endWatches(isExpired?: boolean): void;
  /** Adds a Secret that another program created. */
  addSecret(namespace: string, name: string, change?: Partial<StoredSecret['metadata']>): void;
  /** Another program changes a Secret. */
  edit(namespace: string, name: string, change?: Texts): void;
}

export function respond(status: number, body: object): HttpAnswer {
  return { status, text: JSON.stringify(body), header: () => undefined };
}

export function failure(status: number, message: string, details: object = {}): HttpAnswer {
  return respond(status, { kind: 'Status', status: 'Failure', message, details, code: status });
}

export function createKubernetesApi(): KubernetesApi {
  let version = 1;
  let oldestVersion = 0;
  const changes: Change[] = [];
  const watches = new Set<{ wake: () => void; isEnded: boolean }>();
  const note = (path: string, before: Metadata | undefined, after: Metadata | undefined) => {
    changes.push({ version: Number(next()), path, before, after });
    for (const { wake } of watches) wake();
  };
  const namespaces: KubernetesApi['namespaces'] = new ObservedMap((name, before, after) =>
    note(
      namespacesPath,
      before && namespaceMetadata(name, before),
      after && namespaceMetadata(name, after),
    ),
  );
  const serviceAccounts: KubernetesApi['serviceAccounts'] = new ObservedMap((key, before, after) =>
    note(
      accountsPath,
      before && accountMetadata(key, before),
      after && accountMetadata(key, after),
    ),
  );
  const secrets: KubernetesApi['secrets'] = new ObservedMap((_, before, after) =>
    note(secretsPath, before && secretMetadata(before), after && secretMetadata(after)),
  );
  const next = () => String(++version);

  const list = (path: string, query: Texts) => {
    const { limit = '500', continue: from = '0' } = query;
    const selected = [...metadataIn(path)].filter((object) => isSelected(object, query));
    const start = Number(from);
    const end = start + Number(limit);
    const items = selected.slice(start, end).map((metadata) => ({ metadata }));
    const more = end < selected.length ? { continue: String(end) } : {};
    const metadata = { resourceVersion: String(version), ...more };
    return respond(200, { kind: 'PartialObjectMetadataList', metadata, items });
  };
  const metadataIn = (path: string): Metadata[] =>
    path === namespacesPath
      ? [...namespaces].map(([name, each]) => namespaceMetadata(name, each))
      : path === secretsPath
        ? [...secrets.values()].map(secretMetadata)
        : [...api.serviceAccounts].map(([key, each]) => accountMetadata(key, each));

  const apply = (key: string, body: StoredSecret, { fieldManager: manager = '', force }: Texts) => {
    const found = secrets.get(key);
    const { uid, resourceVersion, ...metadata } = body.metadata;
    if (found === undefined) {
      if (uid !== undefined) return failure(409, 'uid mismatch');
      const created = { ...metadata, uid: randomUUID(), resourceVersion: next() };
      secrets.set(key, { ...body, metadata: created, manager });
      return respond(201, { metadata: created });
    }
    if (uid !== undefined && uid !== found.metadata.uid) return failure(409, 'uid mismatch');
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) {
      return failure(409, 'the object has been modified');
    }
    if (found.manager !== manager && force !== 'true') {
      const causes = [{ reason: 'FieldManagerConflict', field: '.data..dockerconfigjson' }];
      return failure(409, `Apply failed with 1 conflict: ${found.manager}`, { causes });
    }
    if (body.type !== found.type) return failure(422, 'type: Invalid value: field is immutable');
    const changed = { ...metadata, uid: found.metadata.uid, resourceVersion: next() };
    secrets.set(key, { ...body, metadata: changed, manager });
    return respond(200, { metadata: changed });
  };

  /** Replaces the whole object, as `kubectl replace` does. */
  const put = (key: string, body: StoredSecret) => {
    const found = secrets.get(key);
    if (found === undefined) return failure(404, `secrets "${key}" not found`);
    const { resourceVersion } = body.metadata;
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) {
      return failure(409, 'the object has been modified');
    }
    if (body.type !== found.type) return failure(422, 'type: Invalid value: field is immutable');
    const metadata = { ...body.metadata, resourceVersion: next() };
    secrets.set(key, { ...body, metadata, manager: 'kubectl-replace' });
    return respond(200, objectOf(key));
  };

  const objectOf = (key: string) => {
    const { manager: _, ...secret } = secrets.get(key) ?? {};
    return { kind: 'Secret', apiVersion: 'v1', ...secret };
  };

  const account = (key: string, { method, patch, body = {} }: Received) => {
    const found = api.serviceAccounts.get(key);
    if (found === undefined) return failure(404, `serviceaccounts "${key}" not found`);
    const metadata = accountMetadata(key, found);
    const { imagePullSecrets } = found;
    if (method === 'GET') return respond(200, { metadata, imagePullSecrets });
    if (patch !== 'merge') return failure(415, 'another kind of patch');
    const change = body as { metadata: object } & Pick<StoredAccount, 'imagePullSecrets'>;
    const { resourceVersion } = change.metadata as { resourceVersion?: string };
    if (resourceVersion !== metadata.resourceVersion) return failure(409, 'it has been modified');
    const changed = { ...found, version: found.version + 1 };
    if (change.imagePullSecrets) changed.imagePullSecrets = change.imagePullSecrets;
    api.serviceAccounts.set(key, changed);
    return respond(200, { metadata });
  };

  const lease = (key: string, { method, patch, body }: Received) => {
    const found = api.leases.get(key);
    if (found === undefined && patch === 'apply') {
      api.leases.set(key, { version: 1, spec: {} });
      return respond(201, { metadata: { name: key, resourceVersion: '1' }, spec: {} });
    }
    if (found === undefined) return failure(404, `leases "${key}" not found`);
    const metadata = { name: key, resourceVersion: String(found.version) };
    if (method === 'GET') return respond(200, { metadata, spec: found.spec });
    if (patch !== 'merge') return failure(415, 'another kind of patch');
    const change = body as { metadata: { resourceVersion: string }; spec: object };
    if (change.metadata.resourceVersion !== metadata.resourceVersion)
      return failure(409, 'changed');
    found.version += 1;
    found.spec = { ...found.spec, ...change.spec };
    return respond(200, { metadata, spec: found.spec });
  };

  const api: KubernetesApi = {
    namespaces,
    secrets,
    serviceAccounts,
    leases: new Map(),
    events: [],
    requests: [],
    intercept: undefined,
    handle(request) {
      const { method, path, query = {}, body, patch } = request;
      // Debian's kubectl 1.20 reads the schemas first. An empty protobuf message has none.
      if (path === '/openapi/v2') return { status: 200, text: '', header: () => undefined };
      api.requests.push(`${method} ${path}`);
      const replaced = api.intercept?.(request as ClusterRequest);
      if (replaced !== undefined) return replaced;
      if ([namespacesPath, accountsPath, secretsPath].includes(path) && method === 'GET') {
        return list(path, query);
      }
      const leasePath = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/([^/]+)\/leases\/([^/]+)$/;
      const [, place, leaseName] = leasePath.exec(path) ?? [];
      if (place !== undefined) return lease(`${place}/${leaseName}`, request);
      const [, namespace = '', resource = '', name = ''] =
        /^\/api\/v1\/namespaces\/([^/]+)\/(\w+)(?:\/([^/]+))?$/.exec(path) ?? [];
      if (!namespaces.has(namespace)) return failure(404, `namespaces "${namespace}" not found`);
      const key = `${namespace}/${name}`;
      if (resource === 'serviceaccounts') return account(key, request);
      if (resource === 'events') {
        const { message } = body as { message: string };
        api.events.push({ namespace, message });
        return respond(201, {});
      }
      if (resource !== 'secrets') return failure(404, path);
      if (method === 'PATCH' && patch !== 'apply') return failure(415, 'another kind of patch');
      if (method === 'PATCH') return apply(key, body as StoredSecret, query);
      if (method === 'PUT') return put(key, body as StoredSecret);
      const found = secrets.get(key);
      if (found === undefined) return failure(404, `secrets "${name}" not found`);
      if (request.as === undefined) return respond(200, objectOf(key));
      return respond(200, { kind: 'PartialObjectMetadata', metadata: secretMetadata(found) });
    },
    async *watch({ path, query }, stop) {
      api.requests.push(`WATCH ${path} ${query.resourceVersion}`);
      const replaced = api.intercept?.({ method: 'GET', path, query });
      if (replaced !== undefined) {
        const { status: code, text } = replaced;
        yield { type: 'ERROR', object: { ...JSON.parse(text), code } };
        return;
      }
      const from = Number(query.resourceVersion);
      if (from < oldestVersion) {
        yield { type: 'ERROR', object: { code: 410, message: 'too old resource version' } };
        return;
      }
      const watch = { wake: () => {}, isEnded: false };
      const end = () => {
        watch.isEnded = true;
        watch.wake();
      };
      stop.addEventListener('abort', end);
      watches.add(watch);
      try {
        const start = changes.findIndex(({ version: each }) => each > from);
        for (let index = start < 0 ? changes.length : start; !watch.isEnded; ) {
          const change = changes[index];
          if (change === undefined) {
            await new Promise<void>((resolve) => {
              watch.wake = resolve;
            });
            continue;
          }
          index += 1;
          const event = change.path === path ? eventOf(change, query) : undefined;
          if (event !== undefined) yield event;
        }
      } finally {
        watches.delete(watch);
        stop.removeEventListener('abort', end);
      }
    },
    endWatches(isExpired = false) {
      if (isExpired) oldestVersion = Number(next());
      for (const watch of watches) {
        watch.isEnded = true;
        watch.wake();
      }
    },
    addSecret(namespace, name, change = {}) {
      const uid = randomUUID();
      const metadata = { name, namespace, uid, resourceVersion: next(), ...change };
      const data = { '.dockerconfigjson': 'foreign' };
      const type = 'kubernetes.io/dockerconfigjson';
      secrets.set(`${namespace}/${name}`, { metadata, type, data, manager: 'kubectl' });
    },
    edit(namespace, name, change = {}) {
      const found = secrets.get(`${namespace}/${name}`);
      if (found === undefined) throw new Error(`Secret ${name} does not exist`);
      const metadata = { ...found.metadata, resourceVersion: next() };
      const data = { ...found.data, ...change };
      secrets.set(`${namespace}/${name}`, { ...found, metadata, data, manager: 'kubectl-edit' });
    },
  };
  return api;
}

type Metadata = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly labels?: Texts;
};

interface Change {
  readonly version: number;
  readonly path: string;
  readonly before: Metadata | undefined;
  readonly after: Metadata | undefined;
}

const namespacesPath = '/api/v1/namespaces';
const accountsPath = '/api/v1/serviceaccounts';
const secretsPath = '/api/v1/secrets';

/** Calls a function for each change. */
class ObservedMap<Value> extends Map<string, Value> {
  private readonly observe;

  constructor(observe: (key: string, before: Value | undefined, after: Value | undefined) => void) {
    super();
    this.observe = observe;
  }

  override set(key: string, value: Value): this {
    const before = this.get(key);
    super.set(key, value);
    this.observe(key, before, value);
    return this;
  }

  override delete(key: string): boolean {
    const before = this.get(key);
    const isDeleted = super.delete(key);
    if (isDeleted) this.observe(key, before, undefined);
    return isDeleted;
  }

  override clear(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }
}

function secretMetadata({ metadata, manager }: StoredSecret): Metadata {
  const fieldsV1 = { 'f:data': { 'f:.dockerconfigjson': {} } };
  return { ...metadata, managedFields: [{ manager, fieldsV1 }] };
}

function namespaceMetadata(name: string, namespace: StoredNamespace): Metadata {
  return { name, uid: name, resourceVersion: '1', ...namespace };
}

function accountMetadata(key: string, { version, annotations }: StoredAccount): Metadata {
  const [namespace = '', name = ''] = key.split('/');
  const metadata = { name, namespace, uid: key, resourceVersion: String(version) };
  return annotations === undefined ? metadata : { ...metadata, annotations };
}

function isSelected(object: Metadata | undefined, query: Texts): object is Metadata {
  if (object === undefined) return false;
  const { labelSelector, fieldSelector } = query;
  if (fieldSelector !== undefined) return fieldSelector === `metadata.name=${object.name}`;
  const [key = '', value] = (labelSelector ?? '').split('=');
  return labelSelector === undefined || object.labels?.[key] === value;
}

/** An object that is no longer selected is deleted for this watch. */
function eventOf({ version, before, after }: Change, query: Texts): WatchEvent | undefined {
  const [was, is] = [isSelected(before, query), isSelected(after, query)];
  if (!was && !is) return undefined;
  const type = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
  const object = is ? after : before;
  return { type, object: { metadata: { ...object, resourceVersion: String(version) } } };
}

export interface ApiListener {
  readonly port: number;
  readonly caPem: string;
  /** The `Authorization` and `Accept` headers of the requests. */
  readonly headers: string[];
  /** Drops all connections, as a server that is restarted. */
  readonly drop: () => void;
  readonly close: () => void;
}

/** Sends one line of a watch. */
export type SendLine = (response: ServerResponse, line: string) => void;

async function stream(
  response: ServerResponse,
  api: KubernetesApi,
  path: string,
  query: Texts,
  send: SendLine,
): Promise<void> {
  const ended = new AbortController();
  response.on('close', () => ended.abort());
  // Without an event, the headers must be sent all the same.
  const timer = setImmediate(() => response.writeHead(200).flushHeaders());
  for await (const event of api.watch({ path, query }, ended.signal)) {
    clearImmediate(timer);
    if (!response.headersSent && event.type === 'ERROR') {
      response.writeHead(Number(event.object.code), { 'Retry-After': '0' });
      response.end(JSON.stringify(event.object));
      return;
    }
    send(response, `${JSON.stringify(event)}\n`);
  }
  response.end();
}

/**
 * Serves the API on loopback with TLS. `answer` may delay a response, or never send one; `mangle` sends a line of a watch, or a
 * part of it.
 */
export async function serveKubernetesApi(
  api: KubernetesApi,
  answer: (send: () => void) => void = (send) => send(),
  mangle: SendLine = (response, line) => void response.write(line),
): Promise<ApiListener> {
  const { caPem, certificatePem: cert, keyPem: key } = await createServerCertificate(['127.0.0.1']);
  const headers: string[] = [];
  const server = https.createServer({ cert, key }, (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const { pathname: path, searchParams } = new URL(request.url ?? '', 'https://127.0.0.1');
      const { authorization, accept = '' } = request.headers;
      headers.push(`${authorization} ${accept}`);
      const { method: verb = 'GET' } = request;
      const method = verb as Received['method'];
      const as = accept.includes('as=PartialObjectMetadata') ? 'PartialObjectMetadata' : undefined;
      const type = request.headers['content-type'] ?? '';
      const patch = /apply-patch|merge-patch/.exec(type)?.[0].replace('-patch', '');
      const kind = patch === undefined ? {} : { patch: patch as 'apply' | 'merge' };
      const body = text === '' ? {} : { body: JSON.parse(text) };
      const partial = as === undefined ? {} : ({ as } as const);
      const query = Object.fromEntries(searchParams);
      answer(() => {
        if (query.watch === 'true') return void stream(response, api, path, query, mangle);
        const found = api.handle({ method, path, query, ...kind, ...body, ...partial });
        response.writeHead(found.status, { 'Retry-After': found.header('retry-after') ?? '0' });
        response.end(found.text);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const drop = () => server.closeAllConnections();
  const close = () => {
    drop();
    server.close();
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    caPem,
    headers,
    drop,
    close,
  };
}
