import { randomBytes, randomUUID } from 'node:crypto';
import type { Subject, Subjects } from './subjects.ts';

interface RefreshToken {
  readonly value: string;
  readonly iamId: string;
  readonly sessionId: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
  state: 'live' | 'rotated' | 'expired';
}

interface RefreshTokenOptions {
  /** The IAM ID of the owner. */
  readonly owner: string;
  readonly value?: string;
  /** In milliseconds since 1970. The default is 72 hours from now. */
  readonly expiresAt?: number;
}

type RefreshTokenProblem = 'unknown' | 'rotated' | 'expired' | 'session-ended';

const hour = 60 * 60 * 1000;

/** The maximum lifetime of a refresh token; it also ends with its login session. */
const refreshTokenLifeMs = 72 * hour;

/** Creates the store of refresh tokens, their login sessions, and the one-time passcodes that start a session. */
export function createSessions(subjects: Subjects, clock: () => number) {
  const tokens = new Map<string, RefreshToken>();
  const ended = new Set<string>();
  const passcodes = new Map<string, string>();

  const issue = (iamId: string, sessionId: string, value?: string, expiresAt?: number) => {
    const token: RefreshToken = {
      value: value ?? `OKD${randomBytes(420).toString('base64url')}`,
      iamId,
      sessionId,
      expiresAt: expiresAt ?? clock() + refreshTokenLifeMs,
      state: 'live',
    };
    tokens.set(token.value, token);
    return token;
  };
  const find = (value: string): Subject | RefreshTokenProblem => {
    const token = tokens.get(value);
    if (token === undefined) return 'unknown';
    if (ended.has(token.sessionId)) return 'session-ended';
    if (token.state !== 'live') return token.state;
    if (token.expiresAt <= clock()) return 'expired';
    return subjects.subject(token.iamId) ?? 'unknown';
  };
  return {
    /** Starts a login session. `expiresAt` is in milliseconds since 1970. */
    addRefreshToken(options: RefreshTokenOptions): RefreshToken {
      if (subjects.subject(options.owner) === undefined) throw new Error('no such owner');
      return issue(options.owner, `C-${randomUUID()}`, options.value, options.expiresAt);
    },
    /**
     * Returns the owner of a refresh token if it is the newest of an active session. This does not consume the token.
     */
    ownerOfRefreshToken: find,
    sessionOfRefreshToken: (value: string) => tokens.get(value)?.sessionId,
    /**
     * Returns the next token of the session and invalidates the given one. Of two parallel calls, one gets undefined.
     */
    rotateRefreshToken(value: string): RefreshToken | undefined {
      const token = tokens.get(value);
      if (token?.state !== 'live') return undefined;
      token.state = 'rotated';
      return issue(token.iamId, token.sessionId);
    },
    expireRefreshToken({ value }: { readonly value: string }): void {
      const token = tokens.get(value);
      if (token !== undefined) token.state = 'expired';
    },
    /** Ends a session, as IAM does after long inactivity (BXNIM0439E). */
    endSession({ sessionId }: { readonly sessionId: string }): void {
      ended.add(sessionId);
    },
    /** Returns all refresh tokens with their states, the newest last. */
    refreshTokens: () => [...tokens.values()],
    /** Adds a passcode, which a user copies from the browser after logging in. */
    addPasscode({ owner, value }: { readonly owner: string; readonly value?: string }): string {
      const passcode = value ?? randomBytes(8).toString('base64url').slice(0, 10);
      passcodes.set(passcode, owner);
      return passcode;
    },
    /** Consumes a passcode. It can be used once, even if the use fails. */
    usePasscode(passcode: string): Subject | undefined {
      const owner = passcodes.get(passcode);
      passcodes.delete(passcode);
      return owner === undefined ? undefined : subjects.subject(owner);
    },
  };
}
