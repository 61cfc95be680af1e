import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { iamEndpoint } from '../../iam/endpoint.ts';
import { proxyFor } from '../../iam/proxy.ts';
import {
  type Check,
  type Examined,
  type Finding,
  fail,
  networkLimit,
  ok,
  skip,
  warn,
} from './check.ts';
import type { Look } from './look.ts';
import { failure } from './run-check.ts';

const publicAddress = 'https://iam.cloud.ibm.com';

const iam: Check = {
  name: 'IAM',
  limit: networkLimit,
  run: async (examined) => {
    const probe = await examined.iam();
    if ('error' in probe) return fail(withoutAdvice(probe.error), mendIam(examined, probe.error));
    const { address } = probe;
    return ok(`${address} answers${address === publicAddress ? '' : ` (${originOf(examined)})`}`);
  },
};

/** Who says that it is another IAM than the public one. */
function originOf({ context }: Examined): string {
  return context.env.IBMCLOUD_IAM_API_ENDPOINT
    ? 'IBMCLOUD_IAM_API_ENDPOINT says so'
    : 'the setting iam-endpoint says so';
}

/** What is wrong without "try again later": the line below says what to do. */
function withoutAdvice({ message }: HelperError): string {
  return message.replace(/; (try again later|put it into HTTPS_PROXY)$/, '');
}

/** What was set by hand is the first to be doubted. */
function mendIam({ context, look }: Examined, { message }: HelperError): string | undefined {
  if (/certificate is not trusted/.test(message)) return 'export NODE_EXTRA_CA_CERTS=YOUR-CA.pem';
  const password = passwordFor(context, message);
  if (password !== undefined) return password;
  if (/proxy/i.test(message)) return 'unset HTTPS_PROXY https_proxy';
  if (context.env.IBMCLOUD_IAM_API_ENDPOINT) return 'unset IBMCLOUD_IAM_API_ENDPOINT';
  return look.readableSettings().iamEndpoint === undefined
    ? undefined
    : 'docker-credential-icr settings iam-endpoint off';
}

/** To be filled in: the proxy stays, and wants to know who asks. */
function passwordFor({ env }: Context, message: string): string | undefined {
  if (!/proxy .* asks for a password/.test(message)) return undefined;
  const setting = env.HTTPS_PROXY || env.https_proxy || '';
  const proxy = URL.parse(setting.includes('://') ? setting : `http://${setting}`);
  return proxy === null
    ? undefined
    : `export HTTPS_PROXY=${typed(`${proxy.protocol}//USER:PASSWORD@${proxy.host}`)}`;
}

/** Seconds that a clock may be off before tokens look expired, or not yet valid. */
const doubtful = 60;
const useless = 300;

const clock: Check = {
  name: 'clock',
  limit: networkLimit,
  run: async ({ context, iam: ask }) => {
    const probe = await ask();
    if ('error' in probe) return skip('IAM cannot be asked for the time');
    if (probe.theirs === undefined) return skip('IAM did not tell the time');
    const off = Math.round((probe.ours - probe.theirs) / 1000);
    const message = `${spoken(Math.abs(off))} ${off < 0 ? 'behind' : 'ahead of'} IAM's`;
    if (Math.abs(off) > useless) return fail(message, setClock(context));
    return Math.abs(off) > doubtful ? warn(message, setClock(context)) : ok("agrees with IAM's");
  },
};

function spoken(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function setClock({ platform }: Context): string {
  if (platform === 'darwin') return 'sudo sntp -sS time.apple.com';
  if (platform === 'win32') return 'w32tm /resync';
  return fs.existsSync('/run/systemd/system')
    ? 'sudo timedatectl set-ntp true'
    : 'sudo hwclock --hctosys';
}

const proxy: Check = {
  name: 'proxy',
  run: ({ context, look }) => {
    if (!context.env.HTTPS_PROXY && !context.env.https_proxy) {
      return ok('none, connections are direct');
    }
    const addresses = [...addressOfIam(context, look), 'https://icr.io'];
    try {
      return ok(addresses.map((address) => wayTo(context, new URL(address))).join(', '));
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      return failure(error, 'unset HTTPS_PROXY https_proxy');
    }
  },
};

/** None where it cannot be understood, which is said of IAM. */
function addressOfIam(context: Context, { readableSettings }: Look): string[] {
  try {
    return [iamEndpoint(context, trustedEndpoint(context, readableSettings()))];
  } catch (error) {
    if (error instanceof HelperError) return [];
    throw error;
  }
}

function wayTo(context: Context, url: URL): string {
  const way = proxyFor(context, url);
  return `${url.host} ${way === undefined ? 'directly' : `by ${way.host}:${way.port}`}`;
}

const caVariables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

const certificates: Check = {
  name: 'certificates',
  run: ({ context: { env } }) => {
    const set = caVariables.filter((name) => env[name]);
    const problems = set.flatMap((name) => problemOf(name, env[name] ?? ''));
    if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
      const what =
        'NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here, and endangers other programs';
      problems.push(warn(what, 'unset NODE_TLS_REJECT_UNAUTHORIZED'));
    }
    if (problems.length > 0) return problems;
    const places = set.map((name) => `${name}=${env[name]}`);
    return ok(set.length === 0 ? 'the usual authorities' : `also those of ${places.join(', ')}`);
  },
};

function problemOf(name: (typeof caVariables)[number], place: string): Finding[] {
  const away = (problem: string) => [fail(`${name} names ${place}, ${problem}`, `unset ${name}`)];
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return away('which does not exist');
  if (name === 'SSL_CERT_DIR') return stat.isDirectory() ? [] : away('which is not a folder');
  if (!stat.isFile()) return away('which is not a file');
  try {
    const hasCertificate = fs.readFileSync(place, 'utf8').includes('-----BEGIN ');
    return hasCertificate ? [] : away('which has no certificate in PEM form in it');
  } catch {
    return [fail(`${name} names ${place}, which cannot be read`, `sudo chmod a+r ${typed(place)}`)];
  }
}

export const networkChecks: readonly Check[] = [iam, clock, proxy, certificates];
