import { createPrivateKey, createPublicKey } from 'node:crypto';
import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { loadX509, privateKeyPem, validity } from './ca.ts';
import { sharedKeys } from './shared-keys.ts';

/** Signs the tokens of IAM and of the registry. They differ in their issuer. */
export interface Signer {
  /** The certificate for a registry's `rootcertbundle`. */
  readonly certificatePem: string;
  /** By the simulator's clock, in milliseconds since 1970. */
  readonly clock: () => number;
  /**
   * Signs a token like IAM, with a key ID in the header. `expiresIn` is in seconds; without it, the token does not
   * expire. `iat` and `exp` are added.
   */
  signWithKeyId(claims: JWTPayload, expiresIn: number | undefined): Promise<string>;
  /** Signs a token like the registry, with the certificate in the header, which docker-registry requires. */
  signWithCertificate(claims: JWTPayload, expiresIn: number): Promise<string>;
  /** Returns undefined if the token is invalid, expired, or has another issuer. */
  verify(token: string, issuer: string): Promise<JWTPayload | undefined>;
}

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

interface SignerKeys {
  readonly keyPem: string;
  readonly certificatePem: string;
}

async function createSignerKeys(): Promise<SignerKeys> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=IBM Cloud sandbox tokens',
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
  });
  const certificatePem = `${certificate.toString('pem')}\n`;
  return { keyPem: await privateKeyPem(keys.privateKey), certificatePem };
}

export async function createSigner(clock: () => number): Promise<Signer> {
  const { keyPem, certificatePem } = await sharedKeys('signer', createSignerKeys);
  const [privateKey, publicKey] = [createPrivateKey(keyPem), createPublicKey(keyPem)];
  const certificate = certificatePem.replace(/-----.*-----|\s/g, '');
  const sign = async (header: JWTHeaderParameters, claims: JWTPayload, expiresIn?: number) => {
    const iat = Math.floor(clock() / 1000);
    const exp = expiresIn === undefined ? {} : { exp: iat + expiresIn };
    return await new SignJWT({ ...claims, iat, ...exp })
      .setProtectedHeader(header)
      .sign(privateKey);
  };
  const withKeyId = { alg: 'RS256', kid: '20260101-0000' };
  const withCertificate = { alg: 'RS256', typ: 'JWT', x5c: [certificate] };
  return {
    certificatePem,
    clock,
    signWithKeyId: (claims, expiresIn) => sign(withKeyId, claims, expiresIn),
    signWithCertificate: (claims, expiresIn) => sign(withCertificate, claims, expiresIn),
    async verify(token, issuer) {
      try {
        const options = { issuer, currentDate: new Date(clock()) };
        return (await jwtVerify(token, publicKey, options)).payload;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
