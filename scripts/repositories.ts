/**
 * Builds dist/repositories, an apt and a dnf repository with the packages of dist/release, for a web server or for pages
 * of a code host. REPOSITORY_KEY_FILE is the file with the secret GPG key, REPOSITORY_URL the address at which the
 * directory will be published. It needs reprepro, createrepo_c, rpmsign and gpg.
 */
import path from 'node:path';
import { releaseFolder } from './package/finish.ts';
import { writeRepositories } from './package/repositories.ts';
import { root } from './package/stamp.ts';

const { REPOSITORY_KEY_FILE: keyFile, REPOSITORY_URL: url } = process.env;
if (!keyFile || !url) throw new Error('set REPOSITORY_KEY_FILE and REPOSITORY_URL');
if (!url.startsWith('https://')) throw new Error(`REPOSITORY_URL is not https://: ${url}`);
const folder = path.join(root, 'dist', 'repositories');
writeRepositories({ packages: releaseFolder, folder, keyFile, url });
console.log(path.relative(root, folder));
