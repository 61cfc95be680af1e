import { randomBytes, randomUUID } from 'node:crypto';
import type { Subject, Subjects } from './subjects.ts';

export interface RefreshToken {
  readonly value: string;
  readonly iamId: string;
  readonly sessionId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  state: 'live' | 'rotated' | 'expired';
}

export interface RefreshTokenOptions {
  /** IAM ID. */
  readonly owner: string;
  readonly value?: string;
  /** Milliseconds since 1970; in 72 hours when absent. */
  readonly expiresAt?: number;
}

export type RefreshTokenProblem = 'unknown' | 'rotated' | 'expired' | 'session-ended';

const hour = 60 * 60 * 1000;

/** Refresh tokens live 72 hours at most or as long as the login session. */
const refreshTokenLife = 72 * hour;

/** Refresh tokens, the login sessions they belong to, and one-time passcodes that begin one. */
export function createSessions(subjects: Subjects, clock: () => number) {
  const tokens = new Map<string, RefreshToken>();
  const ended = new Set<string>();
  const passcodes = new Map<string, string>();

  const issue = (iamId: string, sessionId: string, value?: string, expiresAt?: number) => {
    const token: RefreshToken = {
      value: value ?? `OKD${randomBytes(420).toString('base64url')}`,
      iamId,
      sessionId,
      expiresAt: expiresAt ?? clock() + refreshTokenLife,
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
    /** Begins a login session. `expiresAt` in milliseconds since 1970. */
    addRefreshToken(options: RefreshTokenOptions): RefreshToken {
      if (subjects.subject(options.owner) === undefined) throw new Error('no such owner');
      return issue(options.owner, `C-${randomUUID()}`, options.value, options.expiresAt);
    },
    /** Whose it is, if it is the newest of its session and alive. Asking does not use it up. */
    ownerOfRefreshToken: find,
    sessionOfRefreshToken: (value: string) => tokens.get(value)?.sessionId,
    /** The next one of the session; the one given stops working. Of two that ask at once, one gets `undefined`. */
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
    /** As after a long time without use: BXNIM0439E. */
    endSession({ sessionId }: { readonly sessionId: string }): void {
      ended.add(sessionId);
    },
    /** Every refresh token so far, the newest last, and what became of it. */
    refreshTokens: () => [...tokens.values()],
    /** What a person copies from the browser after signing in there. */
    addPasscode({ owner, value }: { readonly owner: string; readonly value?: string }): string {
      const passcode = value ?? randomBytes(8).toString('base64url').slice(0, 10);
      passcodes.set(passcode, owner);
      return passcode;
    },
    /** A passcode is good for one use, even a failed one. */
    usePasscode(passcode: string): Subject | undefined {
      const owner = passcodes.get(passcode);
      passcodes.delete(passcode);
      return owner === undefined ? undefined : subjects.subject(owner);
    },
  };
}
