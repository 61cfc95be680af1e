import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { parseObject } from '../json-object.ts';
import { endOfJwt } from './expiry.ts';
import type { Found } from './lookup.ts';

/** The remaining lifetime that an access token of the session needs, because a long pull uses it until the end. */
const minLifetimeMs = 10 * 60_000;
/** The CLI's file has about ten thousand bytes. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Returns the access token of the ibmcloud CLI's session, or its refresh token if the access token expires soon. The file
 * belongs to the CLI and is never changed, not even its mode.
 */
export function foundInSession(context: Context): Found | undefined {
  const file = sessionFile(context);
  const session = file === undefined ? undefined : readSession(file);
  if (session === undefined) return undefined;
  const { access, refresh } = session;
  const location = 'ibmcloud session';
  const expiresAt = endOfJwt(access) ?? 0;
  // The session of a compute resource lacks a refresh token.
  if (expiresAt - context.now() > (refresh === '' ? 0 : minLifetimeMs)) {
    return { username: 'iambearer', secret: () => access, isMinted: true, location, expiresAt };
  }
  if (refresh === '') throw expired(String(file));
  return { username: 'iamrefresh', secret: () => refresh, isMinted: true, location };
}

/** Returns the path of the CLI's session. Source: IBM-Cloud/ibm-cloud-cli-sdk, bluemix/configuration. */
function sessionFile({ env, platform }: Context): string | undefined {
  const configHome = env.IBMCLOUD_CONFIG_HOME;
  const userHome = platform === 'win32' ? env.USERPROFILE : env.HOME;
  const home = configHome || env.IBMCLOUD_HOME || env.BLUEMIX_HOME || userHome;
  // A relative path could lead into the repository that is being built.
  if (!home || !path.isAbsolute(home)) return undefined;
  if (configHome) return path.join(configHome, 'config.json');
  const directory = path.join(home, '.ibmcloud');
  const isCurrent = fs.existsSync(directory);
  return path.join(isCurrent ? directory : path.join(home, '.bluemix'), 'config.json');
}

/** Returns undefined if the user is not logged in with the CLI. */
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
    const read = readRegular(file, maxBytes);
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
