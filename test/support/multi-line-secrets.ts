/** The key file of a Google Cloud service account, which is the password of user `_json_key`. */
const googleKey = JSON.stringify(
  { type: 'service_account', private_key: '-----BEGIN PRIVATE KEY-----\ncanary\n' },
  null,
  2,
);

/** Secrets of other registries, which are stored and returned unchanged. */
export const multiLineSecrets: readonly [name: string, secret: string][] = [
  ['a key of Google Cloud', `${googleKey}\n`],
  ['CR LF', 'canary\r\ncanary\r\n'],
  ['line ends only', '\n\n'],
  ['spaces and tabs around it', ' \tcanary\t '],
  ['NUL, ESC, DEL and C1', 'canary\0\x1b\x7f\x85'],
  ['other scripts and an emoji', 'canary-密碼-пароль-🔑'],
  ['line separators and a byte order mark', '\ufeffcanary\u2028\u2029'],
  ['quotes and backslashes', '"canary\\\\"\'$`'],
  ['64 KiB', `canary\n${'x'.repeat(64 * 1024)}`],
];
