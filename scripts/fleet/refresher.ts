import fs from 'node:fs';
import path from 'node:path';
import { sleep } from '../../src/context.ts';
import { createPod } from '../../test/kubelet/api-server.ts';
import { createCluster } from '../../test/kubelet/cluster.ts';
import { type Sandbox, startSandbox } from '../../test/sandbox/sandbox.ts';
import {
  createKubernetesApi,
  type KubernetesApi,
  serveKubernetesApi,
} from '../../test/support/kubernetes-api.ts';

/** What the refresher used in one run, or in a time. */
export interface Usage {
  readonly clusterRequests: number;
  readonly iamRequests: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export interface RefresherFigures {
  readonly namespaces: number;
  readonly first: Usage;
  readonly second: Usage;
  /** The Deployment from its start until all Secrets exist. */
  readonly start: Usage;
  /** A minute of the Deployment without renewals. */
  readonly minute: Usage;
}

/** The part of Bun's API that is used here: `node:child_process` does not report the processor time. */
interface Child {
  readonly pid: number;
  readonly exited: Promise<number>;
  kill(signal: string): void;
  /** In microseconds. */
  resourceUsage(): { readonly cpuTime: { readonly total: bigint } };
}
declare const Bun: { spawn(words: readonly string[], options: object): Child };

/** The kernel's clock ticks for user space, on all architectures. */
const ticksPerSecond = 100;

/** Runs the executable with simulated Kubernetes and IAM on loopback, and another trusted profile for each namespace. */
export async function measureRefresher(
  folder: string,
  executable: string,
  namespaces: number,
): Promise<RefresherFigures> {
  const sandbox = await startSandbox({ folder: path.join(folder, 'iam') });
  const api = createKubernetesApi();
  addNamespaces(sandbox, api, folder, namespaces);
  const { port, caPem, close } = await serveKubernetesApi(api);
  fs.writeFileSync(path.join(folder, 'ca.crt'), caPem);
  fs.writeFileSync(path.join(folder, 'token'), 'canary-api-token');
  const spawn = (...words: readonly string[]) =>
    Bun.spawn(
      [
        ...[executable, 'kubernetes', 'refresher', '--host=us.icr.io', '--name=ops/refresher'],
        ...[`--service-account-directory=${folder}`, `--token-file=${folder}/sa-token`, ...words],
      ],
      {
        env: {
          HOME: folder,
          KUBERNETES_SERVICE_HOST: '127.0.0.1',
          KUBERNETES_SERVICE_PORT: `${port}`,
          IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl,
          SSL_CERT_FILE: sandbox.caFile,
        },
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'inherit',
      },
    );
  const counted = () => ({
    clusterRequests: api.requests.length,
    iamRequests: sandbox.requests.count({ service: 'iam' }),
  });
  try {
    const once = async () => {
      const before = counted();
      const child = spawn('--once');
      // The kernel's maximum includes the memory of this process, from which it was started.
      let memoryBytes = 0;
      const polling = setInterval(() => {
        memoryBytes = memoryOf(child.pid, 'VmHWM') ?? memoryBytes;
      }, 10);
      const status = await child.exited;
      clearInterval(polling);
      if (status !== 0) throw new Error('a run of the refresher failed');
      const used = { cpuSeconds: Number(child.resourceUsage().cpuTime.total) / 1e6, memoryBytes };
      return { ...difference(before, counted()), ...used };
    };
    const [first, second] = [await once(), await once()];
    api.secrets.clear();
    const before = counted();
    const child = spawn('--port=0');
    while (api.secrets.size < namespaces) await sleep(100);
    const started = { ...counted(), cpuSeconds: cpuSecondsOf(child.pid) };
    const start = { ...difference(before, started), ...usedBy(child.pid, 0) };
    await sleep(60_000);
    const minute = {
      ...difference(started, counted()),
      ...usedBy(child.pid, started.cpuSeconds),
    };
    child.kill('SIGTERM');
    if ((await child.exited) !== 0) throw new Error('the refresher failed');
    return { namespaces, first, second, start, minute };
  } finally {
    close();
    await sandbox.close();
  }
}

function addNamespaces(sandbox: Sandbox, api: KubernetesApi, folder: string, count: number): void {
  const cluster = createCluster(sandbox);
  for (let index = 0; index < count; index += 1) {
    api.namespaces.set(`ns-${index}`, {
      labels: { 'icr.io/pull-secret': 'true' },
      annotations: { 'icr.io/trusted-profile-id': cluster.addProfile('ops:refresher') },
    });
  }
  api.leases.set('ops/refresher', { version: 1, spec: {} });
  const account = cluster.apiServer.addServiceAccount('ops', 'refresher');
  const token = cluster.apiServer.requestToken(account, createPod(account), 'iam');
  fs.writeFileSync(path.join(folder, 'sa-token'), token);
}

type Requests = Pick<Usage, 'clusterRequests' | 'iamRequests'>;

function difference(before: Requests, after: Requests): Requests {
  return {
    clusterRequests: after.clusterRequests - before.clusterRequests,
    iamRequests: after.iamRequests - before.iamRequests,
  };
}

function usedBy(pid: number, before: number): Pick<Usage, 'cpuSeconds' | 'memoryBytes'> {
  return { cpuSeconds: cpuSecondsOf(pid) - before, memoryBytes: memoryOf(pid, 'VmRSS') ?? 0 };
}

/** Returns the memory in bytes, or its maximum (`VmHWM`); undefined if the process has ended. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Fields 14 and 15 of proc(5), counted after the name in parentheses. */
function cpuSecondsOf(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
