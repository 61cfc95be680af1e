import { spawn } from 'node:child_process';
import path from 'node:path';
import { collect } from '../support/helper.ts';
import type { Provider } from './config.ts';
import { BadResponse, decodeResponse, type Response } from './response.ts';

export interface PluginRequest {
  readonly image: string;
  readonly serviceAccountToken: string;
  readonly serviceAccountAnnotations: Readonly<Record<string, string>>;
}

interface Execution {
  readonly provider: Provider;
  readonly binDir: string;
  /** The environment of the kubelet. systemd starts a kubelet without `HOME`. */
  readonly environ: Readonly<Record<string, string>>;
  /** The default is the kubelet's timeout of one minute. */
  readonly timeoutMs?: number;
}

/** An error of a plugin, with the message that the kubelet logs. */
export class PluginError extends Error {}

/** Encodes a request like Kubernetes: empty fields are omitted, and a newline is added. */
export function encodeRequest(apiVersion: string, request: PluginRequest): string {
  const { image, serviceAccountToken, serviceAccountAnnotations } = request;
  const fields = {
    kind: 'CredentialProviderRequest',
    apiVersion,
    image,
    ...(serviceAccountToken === '' ? {} : { serviceAccountToken }),
    ...(Object.keys(serviceAccountAnnotations).length === 0 ? {} : { serviceAccountAnnotations }),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** Runs the plugin once and decodes its response. Throws `PluginError`. Source: ExecPlugin in plugin.go. */
export async function execPlugin(execution: Execution, request: PluginRequest): Promise<Response> {
  const { provider, binDir, environ, timeoutMs = 60_000 } = execution;
  const configured = Object.fromEntries(
    (provider.env ?? []).map(({ name, value }) => [name, value]),
  );
  const child = spawn(path.join(binDir, provider.name), [...(provider.args ?? [])], {
    cwd: '/',
    env: { ...environ, ...configured },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(encodeRequest(provider.apiVersion, request));
  const { stdout, stderr, status } = await collect(child, timeoutMs);
  if (status !== 0) {
    const failed = `error execing credential provider plugin ${provider.name} for image ${request.image}`;
    throw new PluginError(`${failed}: exit status ${status}: ${stderr}`);
  }
  try {
    return decodeResponse(stdout, provider.apiVersion);
  } catch (error) {
    if (!(error instanceof BadResponse)) throw error;
    throw new PluginError(`error decoding credential provider plugin response: ${error.message}`);
  }
}
