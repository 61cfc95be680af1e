import fs from 'node:fs';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { statOf } from '../../files/file-facts.ts';
import { readRegular } from '../../files/regular-file.ts';
import { attempt } from '../../files/storage-error.ts';
import { proxyFor } from '../../http/proxy.ts';
import { iamEndpoint } from '../../iam/endpoint.ts';
import { shellQuoted } from '../../visible.ts';
import {
  type Check,
  type Finding,
  failure,
  type IamProbe,
  networkLimitMs,
  ok,
  orElse,
  problem,
  skipped,
  warning,
} from './check.ts';
import { invalidVariable } from './path-problem.ts';
import type { Snapshot } from './snapshot.ts';

/** Less than the timeout of other requests, whose checks wait for this one. */
const probeLimitMs = 8000;

/** Returns a function that requests IAM's OpenID description, which needs no secret. Only the first call sends a request. */
export function iamProbe(context: Context, snapshot: Snapshot): () => Promise<IamProbe> {
  let probe: Promise<IamProbe> | undefined;
  return () => {
    probe ??= attempt(() => ask(context, snapshot));
    return probe;
  };
}

async function ask(context: Context, { settings }: Snapshot): Promise<IamProbe> {
  const { requestAnswer } = await import('../../http/request.ts');
  const { accept } = await import('../../http/accept.ts');
  const address = iamEndpoint(context, trustedEndpoint(context, settings));
  const url = new URL(`${address}/identity/.well-known/openid-configuration`);
  const began = context.now();
  const asked = { service: 'IAM', owner: 'its description', hint: '' };
  const options = { ...asked, deadline: began + probeLimitMs };
  const answer = await requestAnswer(context, { method: 'GET', url }, options);
  // A private IAM may respond with 404. Any other response must be JSON; the page of a captive portal is not.
  const isClientError = answer.status >= 400 && answer.status <= 499 && answer.status !== 407;
  if (!isClientError) accept(answer, `IAM at ${url.host}`, asked);
  const iamTime = Date.parse(answer.header('date') ?? '');
  return { address, iamTime, localTime: (began + context.now()) / 2 };
}

const iam: Check = {
  name: 'IAM',
  limitMs: networkLimitMs,
  run: async ({ context, snapshot, iam }) => {
    const probe = await iam();
    const isVariable = Boolean(context.env.IBMCLOUD_IAM_API_ENDPOINT);
    const isSetting = snapshot.settings.iamEndpoint !== undefined;
    if (!(probe instanceof HelperError)) {
      const name = isVariable ? 'IBMCLOUD_IAM_API_ENDPOINT' : 'the setting iam-endpoint';
      const origin = isVariable || isSetting ? ` (from ${name})` : '';
      return ok(`${probe.address} answers${origin}`);
    }
    // Suggests to reset the address, unless the cause is a certificate or a proxy.
    if (probe.reason !== undefined || !(isVariable || isSetting)) return failure(probe);
    const reset = 'docker-credential-icr settings iam-endpoint off';
    return failure(probe, `run ${isVariable ? 'unset IBMCLOUD_IAM_API_ENDPOINT' : reset}`);
  },
};

/** Above the first limit, tokens may appear expired or not yet valid; above the second, they do. */
const [warningSkewSeconds, errorSkewSeconds] = [60, 300];

const clock: Check = {
  name: 'clock',
  limitMs: networkLimitMs,
  run: async ({ context, iam }) => {
    const probe = await iam();
    if (probe instanceof HelperError) return skipped('IAM cannot be reached');
    if (Number.isNaN(probe.iamTime)) return skipped("IAM's response contains no date");
    const seconds = Math.round((probe.localTime - probe.iamTime) / 1000);
    const skew = Math.abs(seconds);
    if (skew <= warningSkewSeconds) return ok("agrees with IAM's");
    const amount = skew < 120 ? `${skew} s` : `${Math.round(skew / 60)} min`;
    const message = `${amount} ${seconds < 0 ? 'behind' : 'ahead of'} IAM's`;
    const hint = `run ${clockCommand(context)}`;
    return skew > errorSkewSeconds ? problem(message, hint) : warning(message, hint);
  },
};

function clockCommand({ platform }: Context): string {
  if (platform === 'darwin') return 'sudo sntp -sS time.apple.com';
  if (platform === 'win32') return 'w32tm /resync';
  return fs.existsSync('/run/systemd/system')
    ? 'sudo timedatectl set-ntp true'
    : 'sudo hwclock --hctosys';
}

const proxy: Check = {
  name: 'proxy',
  run: async ({ context, snapshot }) => {
    if (!context.env.HTTPS_PROXY && !context.env.https_proxy) return ok('none');
    // The check `IAM` reports an invalid address.
    const own = await attempt(() =>
      iamEndpoint(context, trustedEndpoint(context, snapshot.settings)),
    );
    const addresses = [...(own instanceof HelperError ? [] : [own]), 'https://icr.io'];
    return ok(addresses.map((address) => routeTo(context, new URL(address))).join(', '));
  },
};

function routeTo(context: Context, url: URL): string {
  const proxyUrl = proxyFor(context, url);
  const route = proxyUrl === undefined ? 'directly' : `through ${proxyUrl.host}:${proxyUrl.port}`;
  return `${url.host} ${route}`;
}

const caVariables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

const certificates: Check = {
  name: 'certificates',
  run: ({ context: { env } }) => {
    const set = caVariables.filter((name) => env[name]);
    const what =
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored here, but makes other programs insecure';
    const insecure = warning(what, 'run unset NODE_TLS_REJECT_UNAUTHORIZED');
    const places = set.map((name) => `${name}=${env[name]}`).join(', ');
    return orElse(
      [
        set.map((name) => caProblem(name, env[name] ?? '')),
        env.NODE_TLS_REJECT_UNAUTHORIZED === '0' ? insecure : undefined,
      ],
      ok(`the default authorities${places === '' ? '' : `, and ${places}`}`),
    );
  },
};

/** The lists of all public authorities have less than 1 MiB. */
const maxCertificateBytes = 16 * 1024 * 1024;

function caProblem(name: (typeof caVariables)[number], place: string): Finding | undefined {
  const unset = (why: string) => invalidVariable(name, place, why);
  const stat = statOf(place);
  if (stat === undefined) return unset('which does not exist');
  if (stat.isDirectory() !== (name === 'SSL_CERT_DIR'))
    return unset(`which is not a ${name === 'SSL_CERT_DIR' ? 'directory' : 'regular file'}`);
  if (name === 'SSL_CERT_DIR') return undefined;
  try {
    const read = readRegular(place, maxCertificateBytes);
    if ('type' in read) return unset('which is not a regular file');
    if ('size' in read) return unset('which is larger than 16 MiB');
    const hasCertificate = read.bytes.includes('-----BEGIN ');
    return hasCertificate ? undefined : unset('which contains no PEM certificate');
  } catch {
    const hint = `run sudo chmod a+r ${shellQuoted(place)}`;
    return problem(`${name} is ${place}, which cannot be read`, hint);
  }
}

export const networkChecks: readonly Check[] = [iam, clock, proxy, certificates];
