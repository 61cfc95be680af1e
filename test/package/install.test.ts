import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inWorld, machine, type World } from '../integration/install-download-world.ts';
import { answer, collect, credential } from '../support/helper.ts';
import { releaseFiles, releaseFolder, version } from './release.ts';

const test = suite('install.sh with the built release');
const archive = `docker-credential-icr-${version}-${machine}.tar.gz`;
const isThere = releaseFiles(/\.tar\.gz$/).includes(archive) ? test : test.skip;

function publish({ files }: World): void {
  for (const name of [archive, 'SHA256SUMS']) {
    files.set(`/v${version}/${name}`, fs.readFileSync(path.join(releaseFolder, name)));
  }
}

function start({ target, home }: World, word: string) {
  return spawn(target, [word], { cwd: home, env: { HOME: home, PATH: '/usr/bin:/bin' } });
}

const words = [`--version=${version}`];

isThere('installs a working executable', () =>
  inWorld(async (world) => {
    publish(world);
    const { status, stderr } = await world.install(words);
    assert.is(status, 0, stderr);
    const store = start(world, 'store');
    store.stdin.end(credential('registry.example'));
    assert.is((await collect(store)).status, 0);
    const get = start(world, 'get');
    get.stdin.end('registry.example');
    assert.is((await collect(get)).stdout, answer('registry.example'));
  }),
);

isThere('an upgrade does not affect a running get', () =>
  inWorld(async (world) => {
    publish(world);
    await world.install(words);
    const store = start(world, 'store');
    store.stdin.end(credential('registry.example'));
    await collect(store);
    const running = start(world, 'get');
    await once(running, 'spawn');
    assert.is((await world.install(words)).status, 0);
    assert.is(running.exitCode, null, 'get still waits for its input');
    running.stdin.end('registry.example');
    assert.is((await collect(running)).stdout, answer('registry.example'));
  }),
);

isThere('does not install a modified archive', () =>
  inWorld(async (world) => {
    publish(world);
    const data = Buffer.from(world.files.get(`/v${version}/${archive}`) ?? '');
    const middle = Math.floor(data.length / 2);
    data[middle] = (data[middle] ?? 0) ^ 1;
    world.files.set(`/v${version}/${archive}`, data);
    const { status, stderr } = await world.install(words);
    assert.is(status, 1);
    assert.match(stderr, 'checksum mismatch');
    assert.equal(world.left(), []);
  }),
);

test.run();
