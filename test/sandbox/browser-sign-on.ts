import { createHash, randomBytes } from 'node:crypto';

/** How IAM's page for signing in with a browser behaves. */
interface SignOnPage {
  /** The IAM ID of the user who is signed in in the browser. Without one, the page shows a form and does not redirect. */
  readonly user?: string;
  /** The hosts of redirect addresses with `http:` that IAM accepts, with any port. */
  readonly redirectHosts: readonly string[];
  /** Whether PKCE is announced and verified. */
  readonly hasPkce: boolean;
  /** The error that is sent instead of a code, such as `access_denied`. */
  readonly error?: string;
}

interface IssuedCode {
  readonly user: string;
  readonly redirectUri: string;
  readonly challenge: string | undefined;
}

/** Creates the state of signing in with a browser: the page's behaviour and the authorization codes. */
export function createBrowserSignOn() {
  let page: SignOnPage = { redirectHosts: ['127.0.0.1', 'localhost'], hasPkce: false };
  const codes = new Map<string, IssuedCode>();
  return {
    signOnPage: (): SignOnPage => page,
    /** Changes the given properties; the others get their defaults. */
    setSignOnPage(changes: Partial<SignOnPage>): void {
      page = { redirectHosts: ['127.0.0.1', 'localhost'], hasPkce: false, ...changes };
    },
    addCode(issued: IssuedCode): string {
      const code = `canary-code-${randomBytes(24).toString('base64url')}`;
      codes.set(code, issued);
      return code;
    },
    /** Consumes a code and returns its user; undefined if the code, its redirect address or the verifier does not match. */
    useCode(code: string, redirectUri: string, verifier: string | null): string | undefined {
      const issued = codes.get(code);
      codes.delete(code);
      if (issued === undefined || issued.redirectUri !== redirectUri) return undefined;
      const given = createHash('sha256')
        .update(verifier ?? '')
        .digest('base64url');
      const isProven = issued.challenge === undefined || issued.challenge === given;
      return isProven ? issued.user : undefined;
    },
  };
}
