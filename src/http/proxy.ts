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
 * Returns the proxy for an `https:` URL, or undefined for a direct connection. Follows the rules of Go's `net/http`, so
 * that the helper uses the same proxy as the container client: `HTTPS_PROXY` or `https_proxy`, with the default scheme
 * `http`; `NO_PROXY` or `no_proxy` with host names (which include subdomains), addresses, CIDR blocks or `*`, each with
 * or without a port; never a proxy for loopback addresses. Throws `misconfigured` if the proxy is not a URL; the
 * message does not contain it, because it may contain a password.
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
    // A percent sign that was not escaped.
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
  // With a leading dot, only subdomains match; without one, the name matches too.
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function isInBlock(entry: string, host: string): boolean {
  const [, network = '', prefix] = /^(.*)\/(\d+)$/.exec(entry) ?? [];
  const family = net.isIPv6(network) ? 'ipv6' : 'ipv4';
  if (net.isIP(network) === 0 || net.isIP(host) !== net.isIP(network)) return false;
  const block = new net.BlockList();
  try {
    block.addSubnet(network, Number(prefix), family);
  } catch {
    // The prefix length is invalid.
    return false;
  }
  return block.check(host, family);
}
