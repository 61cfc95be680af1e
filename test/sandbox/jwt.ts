import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { validity } from './ca.ts';
import * as x509 from './x509.ts';

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

export async function createSigner(clock: () => number): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=IBM Cloud sandbox tokens',
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
  });
  const sign = async (header: JWTHeaderParameters, claims: JWTPayload, expiresIn?: number) => {
    const iat = Math.floor(clock() / 1000);
    const exp = expiresIn === undefined ? {} : { exp: iat + expiresIn };
    return await new SignJWT({ ...claims, iat, ...exp })
      .setProtectedHeader(header)
      .sign(keys.privateKey);
  };
  const withKeyId = { alg: 'RS256', kid: '20260101-0000' };
  const withCertificate = { alg: 'RS256', typ: 'JWT', x5c: [certificate.toString('base64')] };
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    clock,
    signWithKeyId: (claims, expiresIn) => sign(withKeyId, claims, expiresIn),
    signWithCertificate: (claims, expiresIn) => sign(withCertificate, claims, expiresIn),
    async verify(token, issuer) {
      try {
        const options = { issuer, currentDate: new Date(clock()) };
        return (await jwtVerify(token, keys.publicKey, options)).payload;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
