import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { parseObject } from '../json-object.ts';
import { lifeOf } from './expiry.ts';
import type { Found } from './source.ts';

/** Milliseconds that an access token of the session must have left: a long pull uses it to its end. */
const longEnough = 10 * 60_000;
/** Bytes; the CLI's file has some ten thousand. */
const largest = 16 * 1024 * 1024;

/**
 * The ibmcloud CLI's session: its access token while that lasts, else
 * its refresh token. The file is the CLI's: it is read and never written, not even its mode.
 */
export function foundInSession(context: Context): Found | undefined {
  const file = sessionFile(context);
  const session = file === undefined ? undefined : readSession(file);
  if (session === undefined) return undefined;
  const { access, refresh } = session;
  const keptIn = 'ibmcloud session';
  const until = lifeOf(access).exp;
  const endsAt = typeof until === 'number' ? until * 1000 : 0;
  // A compute resource's session has no refresh token.
  if (endsAt - context.now() > (refresh === '' ? 0 : longEnough)) {
    return { username: 'iambearer', secret: () => access, isMinted: true, keptIn, endsAt };
  }
  if (refresh === '') throw expired(String(file));
  return { username: 'iamrefresh', secret: () => refresh, isMinted: true, keptIn };
}

/** Where the CLI keeps its session. Source: IBM-Cloud/ibm-cloud-cli-sdk, bluemix/configuration. */
function sessionFile({ env, platform }: Context): string | undefined {
  const named = env.IBMCLOUD_CONFIG_HOME;
  const usual = platform === 'win32' ? env.USERPROFILE : env.HOME;
  const home = named || env.IBMCLOUD_HOME || env.BLUEMIX_HOME || usual;
  // A relative one would lead into the repository that is being built.
  if (!home || !path.isAbsolute(home)) return undefined;
  if (named) return path.join(named, 'config.json');
  const folder = path.join(home, '.ibmcloud');
  return path.join(fs.existsSync(folder) ? folder : path.join(home, '.bluemix'), 'config.json');
}

/** `undefined` where nobody ever logged in, or has logged out. */
function readSession(file: string): { access: string; refresh: string } | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  const { IAMToken: access = '', IAMRefreshToken: refresh = '' } = parse(text, file);
  if (typeof access !== 'string' || typeof refresh !== 'string') throw unreadable(file);
  if (access === '' && refresh === '') return undefined;
  return { access: access.replace(/^Bearer /i, ''), refresh };
}

function readText(file: string): string | undefined {
  try {
    const read = readRegular(file, largest);
    if ('bytes' in read) return read.bytes.toString();
    throw unreadable(file);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new HelperError('storage', `cannot read the ibmcloud session in ${file} (${code})`, {
      hint: 'check the owner and mode of that file, or run ibmcloud login',
    });
  }
}

function parse(text: string, file: string): Record<string, unknown> {
  const value = parseObject(text);
  if (value === undefined) throw unreadable(file);
  return value;
}

function unreadable(file: string): HelperError {
  return new HelperError('damaged', `the ibmcloud session in ${file} cannot be read`, {
    hint: 'run ibmcloud login, or try again if that is running now',
  });
}

function expired(file: string): HelperError {
  return new HelperError('refused', `the ibmcloud session in ${file} has expired`, {
    hint: 'run ibmcloud login',
  });
}
