import fs from 'node:fs';
import path from 'node:path';
import type { ArchiveFile } from '../package/archive.ts';
import { program } from '../package/targets.ts';
import { filesOf, pinsFor } from './debian-packages.ts';
import type { LayerEntry } from './layer.ts';

/** The user of the image, as in distroless images. */
export const user = 65532;
const home = 'home/nonroot';
/** `kubernetes daemonset` expects the executable here. */
export const executablePath = `usr/local/bin/${program}`;

/** What the executable loads, and what name resolution may load. */
const library =
  /^(usr\/)?lib(64)?\/(.*\/)?(ld-linux-.*|lib(c|m|dl|pthread|resolv|nss_\w+))\.so\.\d$/;
const copyright = /^usr\/share\/doc\/[^/]+\/copyright$/;

/** The commands of busybox in the image for the DaemonSet, whose script runs them. */
const applets = [
  'sh',
  'cat',
  'chmod',
  'cmp',
  'cp',
  'id',
  'ls',
  'mkdir',
  'mv',
  'rm',
  'sleep',
  'stat',
  'test',
];

export const basePackages = ['libc6', 'ca-certificates'];
export const shellPackages = ['busybox-static'];

/** Returns glibc, the certificate authorities and the user. */
export async function baseEntries(architecture: string): Promise<LayerEntry[]> {
  const [libc, authorities] = await Promise.all(pinsFor(architecture, basePackages).map(filesOf));
  if (libc === undefined || authorities === undefined) throw new Error('a package is missing');
  const certificates = authorities
    .filter(({ name }) => /^usr\/share\/ca-certificates\/.*\.crt$/.test(name))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ data }) => data);
  return [
    ...libc.filter(({ name }) => library.test(name)).map((file) => ({ ...file, mode: 0o755 })),
    ...[...libc, ...authorities].filter(({ name }) => copyright.test(name)),
    { name: 'etc/ssl/certs/ca-certificates.crt', data: Buffer.concat(certificates) },
    text(
      'etc/passwd',
      `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${user}:${user}:nonroot:/${home}:/sbin/nologin\n`,
    ),
    text('etc/group', `root:x:0:\nnonroot:x:${user}:\n`),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    { name: 'home' },
    // Not 0700: with another user ID, as in OpenShift, the helper must see that nothing is configured.
    { name: home, mode: 0o755, uid: user },
    { name: 'tmp', mode: 0o1777 },
  ];
}

/** Returns the executable and the licenses of what it contains. */
export function programEntries(
  executable: string,
  documents: readonly ArchiveFile[],
): LayerEntry[] {
  const licenses = documents.filter(({ name }) => !name.includes('/'));
  return [
    { name: executablePath, data: fs.readFileSync(executable), mode: 0o755 },
    ...licenses.map(({ name, data }) => ({
      name: path.posix.join('usr/share/doc', program, name),
      data,
    })),
  ];
}

/** Returns the shell for the DaemonSet. */
export async function shellEntries(architecture: string): Promise<LayerEntry[]> {
  const [files = []] = await Promise.all(pinsFor(architecture, shellPackages).map(filesOf));
  const busybox = files.find(({ name }) => /^(usr\/)?bin\/busybox$/.test(name));
  if (busybox === undefined) throw new Error('busybox-static has no bin/busybox');
  return [
    { name: 'bin/busybox', data: busybox.data, mode: 0o755 },
    ...files.filter(({ name }) => copyright.test(name)),
    ...applets.map((name) => ({ name: `bin/${name}`, link: 'busybox' })),
  ];
}

function text(name: string, content: string): LayerEntry {
  return { name, data: Buffer.from(content) };
}
