import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';

/**
 * The agent for a request, as axios takes it. Always one of our own: the runtime's default agents send requests to the
 * proxy of the environment where `NODE_USE_ENV_PROXY=1` or `--use-env-proxy` is set. A program makes one request, so
 * nothing is kept alive.
 */
export function agents(
  { protocol }: URL,
  authority?: string,
): { httpAgent: http.Agent } | { httpsAgent: https.Agent } {
  if (protocol === 'http:') return { httpAgent: new http.Agent({ keepAlive: false }) };
  return { httpsAgent: trustingAgent(authority) };
}

/**
 * Trusts the runtime's own list of certificate authorities, the system's store with `SSL_CERT_FILE` and
 * `SSL_CERT_DIR`, and `NODE_EXTRA_CA_CERTS`: the same on Bun and on Node, neither of which looks at all of them by
 * itself. Checking is asked for explicitly, which `NODE_TLS_REJECT_UNAUTHORIZED=0` does not override.
 */
function trustingAgent(authority: string | undefined): https.Agent {
  const trusted = authority === undefined ? authorities() : { ca: [authority] };
  return new https.Agent({ keepAlive: false, rejectUnauthorized: true, ...trusted });
}

function authorities(): { ca?: string[] } {
  // Node before 22.15 cannot tell: its default list still has NODE_EXTRA_CA_CERTS in it.
  if (typeof tls.getCACertificates !== 'function') return {};
  const found = (['bundled', 'system', 'extra'] as const).flatMap((list) =>
    tls.getCACertificates(list),
  );
  return { ca: [...new Set(found)] };
}
