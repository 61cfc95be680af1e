import https from 'node:https';
import tls from 'node:tls';

/**
 * Connections that trust the runtime's own list of certificate authorities, the system's store with
 * `SSL_CERT_FILE` and `SSL_CERT_DIR`, and `NODE_EXTRA_CA_CERTS`: the same on Bun and on Node, neither of which
 * looks at all of them by itself. Checking is asked for explicitly, which
 * `NODE_TLS_REJECT_UNAUTHORIZED=0` does not override. A program makes one request: nothing is kept alive.
 */
export function trustingAgent(): https.Agent {
  return new https.Agent({ keepAlive: false, rejectUnauthorized: true, ...authorities() });
}

function authorities(): { ca?: string[] } {
  // Node before 22.15 cannot tell: its default list still has NODE_EXTRA_CA_CERTS in it.
  if (typeof tls.getCACertificates !== 'function') return {};
  const found = (['bundled', 'system', 'extra'] as const).flatMap((list) =>
    tls.getCACertificates(list),
  );
  return { ca: [...new Set(found)] };
}
