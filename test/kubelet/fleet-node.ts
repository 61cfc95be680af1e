import fs from 'node:fs';
import { HelperError } from '../../src/errors.ts';
import { provide } from '../../src/kubernetes/provide.ts';
import { testContext } from '../support/context.ts';
import type { ApiServer } from './api-server.ts';
import { encodeRequest, PluginError, type PluginRequest } from './exec-plugin.ts';
import { createKubelet, type Kubelet } from './kubelet.ts';
import { tokenAttributes, v1 } from './node.ts';
import { decodeResponse, type Response } from './response.ts';

interface FleetNodeOptions {
  /** The plugin's cache directory on this node. */
  readonly cache: string;
  /** The clock of this node, in milliseconds since 1970. */
  readonly clock: () => number;
  readonly iamUrl: string;
  readonly apiServer: ApiServer;
  /** Receives each call of the plugin. */
  readonly record: (request: PluginRequest, outcome: Outcome) => void;
}

export interface Outcome {
  /** By the clock of this machine. */
  readonly took: number;
  /** The password of the response, or the error message. */
  readonly password?: string;
  readonly refusal?: string;
}

export interface FleetNode {
  readonly kubelet: Kubelet;
  /** Restarts the kubelet: its cache is lost, and the plugin's cache is kept. */
  restart(): void;
  /** Reboots the node: both caches are lost, because /run is in memory. */
  reboot(): void;
}

export function createFleetNode(options: FleetNodeOptions): FleetNode {
  const { cache, clock, apiServer } = options;
  const provider = {
    name: 'docker-credential-icr',
    matchImages: ['us.icr.io'],
    defaultCacheDuration: '0s',
    apiVersion: v1,
    tokenAttributes,
  };
  const exec = (request: PluginRequest) => execInProcess(options, request);
  const start = () => createKubelet({ provider, exec, apiServer, clock });
  let kubelet = start();
  return {
    get kubelet() {
      return kubelet;
    },
    restart() {
      kubelet = start();
    },
    reboot() {
      fs.rmSync(cache, { recursive: true, force: true });
      kubelet = start();
    },
  };
}

/**
 * Does the same as `docker-credential-icr kubelet --service-accounts`, with the clock of the node and without a
 * process.
 */
async function execInProcess(
  { cache, clock, iamUrl, record }: FleetNodeOptions,
  request: PluginRequest,
): Promise<Response> {
  const env = {
    DOCKER_CREDENTIAL_ICR_CONFIG_DIR: `${cache}-etc`,
    DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache,
    IBMCLOUD_IAM_API_ENDPOINT: iamUrl,
  };
  const context = testContext({ env, platform: 'linux', now: clock });
  const began = performance.now();
  try {
    const options = { audience: 'iam', serviceAccounts: true };
    const text = await provide(context, encodeRequest(v1, request), options);
    const response = decodeResponse(text, v1);
    const password = Object.values(response.auth)[0]?.password ?? '';
    record(request, { took: performance.now() - began, password });
    return response;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    record(request, { took: performance.now() - began, refusal: error.message });
    throw new PluginError(error.message);
  }
}
