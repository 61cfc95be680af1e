import type { ApiServer, Pod } from './api-server.ts';
import { type AccountKey, accountKey, cacheKey, flightKey, hashOf } from './cache-key.ts';
import type { Provider } from './config.ts';
import { PluginError, type PluginRequest } from './exec-plugin.ts';
import { parseGoDuration } from './go-duration.ts';
import { type AuthConfig, type DockerConfig, lookUp } from './keyring.ts';
import { matches } from './match.ts';
import type { Response } from './response.ts';

interface KubeletOptions {
  readonly provider: Provider;
  /** Runs the plugin. */
  readonly exec: (request: PluginRequest) => Promise<Response>;
  /** Required if the provider has `tokenAttributes`. */
  readonly apiServer?: ApiServer;
  /** Returns milliseconds since 1970. */
  readonly clock?: () => number;
}

/** The part of a kubelet that calls credential providers. Its cache is in memory. */
export interface Kubelet {
  /**
   * Returns the credentials that the kubelet would try for this image and pod, in order. The list is empty if the
   * plugin has no credential or fails.
   */
  credentials(image: string, pod?: Pod): Promise<AuthConfig[]>;
  /** Logged errors, one line each. */
  readonly log: readonly string[];
  /** The responses of the plugin. */
  readonly answers: readonly Response[];
}

const globalKey = '<global>';
const registryOf = (image: string) => image.split('/')[0] ?? '';

interface Entry {
  readonly config: DockerConfig;
  readonly expiresAt: number;
}

/** The service account data of a request for a pod. */
interface Account {
  readonly key: string;
  readonly token: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const noAccount: Account = { key: '', token: '', annotations: {} };

/**
 * Simulates `pluginProvider.provide` of Kubernetes 1.34 (pkg/credentialprovider/plugin/plugin.go): matchImages, service
 * accounts, the cache with the lookup order image, registry, global, single flight for equal requests, and the rules
 * for cached responses.
 */
export function createKubelet(options: KubeletOptions): Kubelet {
  const { provider, exec, clock = Date.now } = options;
  const log: string[] = [];
  const answers: Response[] = [];
  const cache = new Map<string, Entry>();
  const flights = new Map<string, Promise<Response>>();

  const cached = (image: string, account: string): DockerConfig | undefined => {
    for (const base of [image, registryOf(image), globalKey]) {
      const entry = cache.get(cacheKey(base, account));
      if (entry !== undefined && clock() <= entry.expiresAt) return entry.config;
    }
    return undefined;
  };

  const flight = (image: string, { token, annotations }: Account): Promise<Response> => {
    const key = flightKey(image, token, annotations);
    const flying = flights.get(key);
    if (flying !== undefined) return flying;
    const request = { image, serviceAccountToken: token, serviceAccountAnnotations: annotations };
    const started = exec(request).finally(() => flights.delete(key));
    flights.set(key, started);
    return started;
  };

  const keep = (base: string, account: string, { auth, cacheDuration }: Response) => {
    if (cacheDuration === 0) return;
    const duration = cacheDuration ?? parseGoDuration(provider.defaultCacheDuration) ?? 0;
    if (cacheDuration === undefined && duration === 0) return;
    cache.set(cacheKey(base, account), { config: auth, expiresAt: clock() + duration });
  };

  const provide = async (image: string, account: Account): Promise<DockerConfig> => {
    const known = cached(image, account.key);
    if (known !== undefined) return known;
    const response = await flight(image, account);
    answers.push(response);
    refuseEcho(provider, response, account.token);
    keep(baseOf(response, image), account.key, response);
    return response.auth;
  };

  return {
    log,
    answers,
    async credentials(image, pod) {
      if (!provider.matchImages.some((pattern) => matches(pattern, image))) return [];
      try {
        const account = accountOf(options, pod);
        return account === undefined ? [] : lookUp(await provide(image, account), image);
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        log.push(error.message);
        return [];
      }
    },
  };
}

function baseOf({ cacheKeyType }: Response, image: string): string {
  if (cacheKeyType === 'Image') return image;
  if (cacheKeyType === 'Registry') return registryOf(image);
  if (cacheKeyType === 'Global') return globalKey;
  throw new PluginError('credential provider plugin did not return a valid cacheKeyType');
}

/** Returns undefined if the plugin is not called for this pod. */
function accountOf({ provider, apiServer }: KubeletOptions, pod?: Pod): Account | undefined {
  const attributes = provider.tokenAttributes;
  if (attributes === undefined) return noAccount;
  if (!pod?.serviceAccountName) return attributes.requireServiceAccount ? undefined : noAccount;
  const account = apiServer?.serviceAccount(pod.namespace, pod.serviceAccountName);
  if (apiServer === undefined || account === undefined) return undefined;
  const required = attributes.requiredServiceAccountAnnotationKeys ?? [];
  if (required.some((key) => !Object.hasOwn(account.annotations, key))) return undefined;
  const wanted = [...required, ...(attributes.optionalServiceAccountAnnotationKeys ?? [])];
  const annotations = Object.fromEntries(
    Object.entries(account.annotations).filter(([key]) => wanted.includes(key)),
  );
  const token = apiServer.requestToken(account, pod, attributes.serviceAccountTokenAudience);
  const { namespace, name, uid } = account;
  const hash = attributes.cacheType === 'Token' ? { tokenHash: hashOf(token) } : {};
  const parts: AccountKey = { namespace, name, uid, annotations, ...hash };
  return { key: accountKey(parts), token, annotations };
}

function refuseEcho({ tokenAttributes }: Provider, { auth }: Response, token: string): void {
  if (token === '' || tokenAttributes?.cacheType === 'Token') return;
  if (Object.values(auth).some(({ password }) => password === token)) {
    throw new PluginError('the plugin returned the service account token as the password');
  }
}
