import net from 'node:net';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isLoopback } from './local-address.ts';

export interface HttpProxy {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly auth?: { readonly username: string; readonly password: string };
}

/**
 * The proxy for an `https:` address, or `undefined` to connect directly. The rules are those of Go's
 * `net/http`, so that the helper takes the way the container client takes: `HTTPS_PROXY` in either
 * case, `http` where it names no scheme, `NO_PROXY` of names (which cover what is under them), addresses,
 * CIDR blocks and `*`, each with or without a port; this machine is never reached through a proxy.
 * Throws `misconfigured` for a proxy that is no address; the message does not repeat it, as it may hold a password.
 */
export function proxyFor({ env }: Context, url: URL): HttpProxy | undefined {
  const setting = env.HTTPS_PROXY || env.https_proxy;
  if (!setting || url.protocol !== 'https:' || isLoopback(url.hostname)) return undefined;
  if (isExempt(url, env.NO_PROXY || env.no_proxy || '')) return undefined;
  const proxy = URL.parse(setting.includes('://') ? setting : `http://${setting}`);
  if (proxy === null || (proxy.protocol !== 'http:' && proxy.protocol !== 'https:')) {
    throw new HelperError('misconfigured', 'HTTPS_PROXY is not the address of an HTTP proxy', {
      hint: 'set it to an address like http://proxy.example:3128, or unset it',
      reason: 'proxy',
    });
  }
  return toProxy(proxy);
}

function toProxy(url: URL): HttpProxy {
  const secure = url.protocol === 'https:';
  const address = {
    protocol: secure ? 'https' : 'http',
    host: url.hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
  } as const;
  if (url.username === '') return address;
  return { ...address, auth: { username: decode(url.username), password: decode(url.password) } };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign, typed as it is.
    return text;
  }
}

function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const port = url.port || '443';
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => covers(entry.toLowerCase(), host, port));
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInBlock(entry, host);
  const [, name = entry, entryPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  // With a dot in front, only what is under the name; without one, the name as well.
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function isInBlock(entry: string, host: string): boolean {
  const [network = '', prefix] = entry.split('/');
  const family = net.isIPv6(network) ? 'ipv6' : 'ipv4';
  if (net.isIP(network) === 0 || net.isIP(host) !== net.isIP(network)) return false;
  const block = new net.BlockList();
  try {
    block.addSubnet(network, Number(prefix), family);
  } catch {
    // A prefix that no network has exempts nothing.
    return false;
  }
  return block.check(host, family);
}
