import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { proxyFor } from '../../http/proxy.ts';
import { iamEndpoint } from '../../iam/endpoint.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type Examined,
  type Finding,
  failure,
  networkLimitMs,
  ok,
  type Probe,
  problem,
  skipped,
  warning,
} from './check.ts';
import type { Look } from './look.ts';
import { statOf } from './machine.ts';

/** Less than a check may take, so that the request's own error is reported. */
const requestLimitMs = 8000;

/** Requests something from IAM that needs no secret, the same way as a token; once for all checks. */
export function iamProbe(context: Context, look: Look): () => Promise<Probe> {
  let probe: Promise<Probe> | undefined;
  return () => {
    probe ??= attempt(() => ask(context, look));
    return probe;
  };
}

async function ask(context: Context, { settings }: Look): Promise<Probe> {
  const { requestAnswer } = await import('../../http/request.ts');
  const { accept } = await import('../../http/accept.ts');
  const address = iamEndpoint(context, trustedEndpoint(context, settings));
  const url = new URL(`${address}/identity/.well-known/openid-configuration`);
  const began = context.now();
  const asked = { service: 'IAM', owner: 'its description', hint: '' };
  const options = { ...asked, deadline: began + requestLimitMs };
  const answer = await requestAnswer(context, { method: 'GET', url }, options);
  // A private IAM may have no description; a captive portal's page must not count as IAM.
  const isRefusal = answer.status >= 400 && answer.status <= 499 && answer.status !== 407;
  if (!isRefusal) accept(answer, `IAM at ${url.host}`, asked);
  const theirs = Date.parse(answer.header('date') ?? '');
  return { address, theirs, ours: (began + context.now()) / 2 };
}

const iam: Check = {
  name: 'IAM',
  limitMs: networkLimitMs,
  run: async ({ context, look, iam }) => {
    const probe = await iam();
    const isVariable = Boolean(context.env.IBMCLOUD_IAM_API_ENDPOINT);
    const isSetting = look.settings.iamEndpoint !== undefined;
    if (!(probe instanceof HelperError)) {
      const origin = isVariable ? 'IBMCLOUD_IAM_API_ENDPOINT' : 'the setting iam-endpoint';
      const by = isVariable || isSetting ? ` (from ${origin})` : '';
      return ok(`${probe.address} answers${by}`);
    }
    // A certificate or proxy is the cause whatever the address is; otherwise the address is the first suspect.
    if (probe.reason !== undefined || !(isVariable || isSetting)) return failure(probe);
    const reset = 'docker-credential-icr settings iam-endpoint off';
    return failure(probe, `run ${isVariable ? 'unset IBMCLOUD_IAM_API_ENDPOINT' : reset}`);
  },
};

/** Seconds; beyond the first tokens may seem expired or not yet valid, beyond the second they do. */
const [suspiciousSkew, unusableSkew] = [60, 300];

const clock: Check = {
  name: 'clock',
  limitMs: networkLimitMs,
  run: async ({ context, iam }) => {
    const probe = await iam();
    if (probe instanceof HelperError) return skipped('IAM cannot be reached');
    if (Number.isNaN(probe.theirs)) return skipped("IAM's answer has no date");
    const seconds = Math.round((probe.ours - probe.theirs) / 1000);
    const off = Math.abs(seconds);
    if (off <= suspiciousSkew) return ok("agrees with IAM's");
    const amount = off < 120 ? `${off} s` : `${Math.round(off / 60)} min`;
    const message = `${amount} ${seconds < 0 ? 'behind' : 'ahead of'} IAM's`;
    const hint = `run ${setClock(context)}`;
    return off > unusableSkew ? problem(message, hint) : warning(message, hint);
  },
};

function setClock({ platform }: Context): string {
  if (platform === 'darwin') return 'sudo sntp -sS time.apple.com';
  if (platform === 'win32') return 'w32tm /resync';
  return fs.existsSync('/run/systemd/system')
    ? 'sudo timedatectl set-ntp true'
    : 'sudo hwclock --hctosys';
}

const proxy: Check = {
  name: 'proxy',
  run: async ({ context, look }) => {
    if (!context.env.HTTPS_PROXY && !context.env.https_proxy) return ok('none');
    // `IAM` reports an invalid address.
    const own = await attempt(() => iamEndpoint(context, trustedEndpoint(context, look.settings)));
    const addresses = [...(own instanceof HelperError ? [] : [own]), 'https://icr.io'];
    return ok(addresses.map((address) => routeTo(context, new URL(address))).join(', '));
  },
};

function routeTo(context: Context, url: URL): string {
  const way = proxyFor(context, url);
  return `${url.host} ${way === undefined ? 'directly' : `through ${way.host}:${way.port}`}`;
}

const caVariables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

const certificates: Check = {
  name: 'certificates',
  run: ({ context: { env } }) => {
    const set = caVariables.filter((name) => env[name]);
    const problems = set.flatMap((name) => caProblems(name, env[name] ?? ''));
    if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
      const what =
        'NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here, and makes other programs insecure';
      problems.push(warning(what, 'run unset NODE_TLS_REJECT_UNAUTHORIZED'));
    }
    if (problems.length > 0) return problems;
    const places = set.map((name) => `${name}=${env[name]}`);
    return ok(set.length === 0 ? 'the default authorities' : `also ${places.join(', ')}`);
  },
};

function caProblems(name: (typeof caVariables)[number], place: string): Finding[] {
  const unset = (why: string) => [problem(`${name} is ${place}, ${why}`, `run unset ${name}`)];
  const stat = statOf(place);
  if (stat === undefined) return unset('which does not exist');
  if (name === 'SSL_CERT_DIR') return stat.isDirectory() ? [] : unset('which is not a directory');
  if (!stat.isFile()) return unset('which is not a regular file');
  try {
    const hasCertificate = fs.readFileSync(place, 'utf8').includes('-----BEGIN ');
    return hasCertificate ? [] : unset('which has no PEM certificate');
  } catch {
    const hint = `run sudo chmod a+r ${typed(place)}`;
    return [problem(`${name} is ${place}, which cannot be read`, hint)];
  }
}

export const networkChecks: readonly Check[] = [iam, clock, proxy, certificates];

/** The finding for a failed request. If IAM cannot be reached at all, `IAM` reports it. */
export async function requestFailure(
  { iam }: Examined,
  error: HelperError,
  hint: string | undefined,
): Promise<Finding> {
  const isNetwork = error.code === 'unreachable' && error.reason !== 'metadata';
  if (isNetwork && (await iam()) instanceof HelperError) {
    return skipped('not tried: IAM cannot be reached');
  }
  return failure(error, isNetwork ? undefined : hint);
}
