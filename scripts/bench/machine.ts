import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import { executable } from '../build.ts';
import { findProgram } from './find-program.ts';

/** Returns the date, the machine and the versions, one line each. */
export function describeMachine(): string[] {
  const cpus = os.cpus();
  const [load = 0] = os.loadavg();
  const megabytes = (fs.statSync(executable).size / 1024 ** 2).toFixed(0);
  return [
    `date: ${new Date().toISOString().slice(0, 10)}`,
    `machine: ${cpus.length} × ${cpus[0]?.model.trim()}, ${os.type()} ${os.release()}, load ${load.toFixed(2)} at the start`,
    `docker-credential-icr ${manifest.version} (${commit()}), ${megabytes} MiB, Bun ${process.versions.bun}`,
    ...['pass', 'secretservice', 'ecr-login'].map(versionOf),
  ];
}

function commit(): string {
  const { stdout, status } = spawnSync('git', ['describe', '--always', '--dirty'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'no git';
}

function versionOf(name: string): string {
  const program = findProgram(`docker-credential-${name}`);
  if (program === undefined) return `docker-credential-${name}: not installed`;
  const said = execFileSync(program, ['version'], { encoding: 'utf8' });
  const [version] = said.match(/\d+\.\d+\.\d+\S*/) ?? ['unknown'];
  return `docker-credential-${name} ${version}`;
}
