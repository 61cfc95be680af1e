import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { X509Certificate } from './x509.ts';

/** The certificate of the TLS servers. The private key of the CA is discarded after signing it. */
export interface ServerCertificate {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const day = 24 * 60 * 60 * 1000;
const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Uses the machine's clock instead of the simulator's, because TLS libraries use it. */
export function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 30 * day) };
}

/** Loading the library takes longer than most tests, which need no new certificate; see shared-keys.ts. */
export const loadX509 = () => import('./x509.ts');

/** Returns the key as PKCS #8 in PEM, the format of `node:tls` and other servers. */
export async function privateKeyPem(key: CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function createAuthority(keys: webcrypto.CryptoKeyPair): Promise<X509Certificate> {
  const x509 = await loadX509();
  const { KeyUsageFlags, KeyUsagesExtension } = x509;
  return await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=IBM Cloud sandbox CA',
    keys,
    signingAlgorithm: curve,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

/** Creates a CA, and a certificate for all `names` (hosts and addresses). */
export async function createServerCertificate(
  names: readonly string[],
): Promise<ServerCertificate> {
  const x509 = await loadX509();
  const authorityKeys = await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const authority = await createAuthority(authorityKeys);
  const keys = await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=IBM Cloud sandbox',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: curve,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  return {
    caPem: `${authority.toString('pem')}\n`,
    certificatePem: `${certificate.toString('pem')}\n`,
    keyPem: await privateKeyPem(keys.privateKey),
  };
}
