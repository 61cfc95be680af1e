/**
 * Writes docs/benchmarks-targets.md: the size of each file in dist/release, the start-up time and memory of each build
 * that runs on this machine, and experiments to reduce the size. Requires `make package package-node`. The only argument
 * is the number of rounds.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Build, findBuilds } from '../test/package/builds.ts';
import { makeHome } from './bench/home.ts';
import { install } from './bench/own.ts';
import type { Program } from './bench/program.ts';
import { type Timing, timeInTurns } from './bench/rounds.ts';
import { table } from './bench/table.ts';
import { releaseFolder } from './package/finish.ts';
import { buildEmptyProgram, tryBuilds, tryPackings } from './package/sizes.ts';
import { readStamp, root } from './package/stamp.ts';
import { archiveName, executableName, targets } from './package/targets.ts';

const [rounds = 100] = process.argv.slice(2).map(Number);
const file = path.join(root, 'docs', 'benchmarks-targets.md');
const { version, commit } = readStamp();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-bench-targets-'));

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1);
}

function size(...names: readonly string[]): string {
  const whole = path.join(root, 'dist', ...names);
  return fs.existsSync(whole) ? mebibytes(fs.statSync(whole).size) : 'not built';
}

function sizes(): string {
  const rows = targets.map((target) => [
    target.name,
    size('targets', target.name, executableName(target)),
    size('release', archiveName(target, version)),
  ]);
  const node = 'linux-x64-node';
  const archive = `docker-credential-icr-${version}-${node}.tar.gz`;
  rows.push([node, size('targets', node, 'docker-credential-icr'), size('release', archive)]);
  return table(['target', 'executable', 'archive'], rows);
}

function others(): string {
  const names = fs.readdirSync(releaseFolder).filter((name) => /\.(deb|rpm|tgz)$/.test(name));
  return table(
    ['file', 'MiB'],
    names.sort().map((name) => [name, size('release', name)]),
  );
}

/** A `get` call, as a client makes it. */
function get({ name, command, env }: Build): Program {
  const [program = '', ...args] = command;
  const home = makeHome(scratch, name.replaceAll(/\W+/g, '-'));
  const file = install(program, home.folder, path.basename(program));
  return {
    name,
    file,
    args: [...args, 'get'],
    input: 'us.icr.io\n',
    env: { ...home.env, ...env?.(home.folder) },
    outputPrefix: 'credentials not found in native keychain\n',
    status: 1,
  };
}

/** An interactive command, which loads many more modules than `get`. */
function help(build: Build): Program {
  return {
    ...get({ ...build, name: `${build.name}, help` }),
    args: ['login', '--help'],
    outputPrefix: 'docker-credential-icr login',
    status: 0,
  };
}

function timings(programs: readonly Program[]): string[][] {
  return timeInTurns(programs, rounds).map(({ program, min, median, memory }: Timing) => [
    program.name,
    min.toFixed(1),
    median.toFixed(1),
    memory === undefined ? '' : (memory / 1024).toFixed(0),
  ]);
}

function starts(): string {
  const found = findBuilds(scratch);
  const builds = found.flatMap((each) => ('build' in each ? [each.build] : []));
  // Under an emulator, the time would be that of the emulator.
  const measured = builds.filter(({ command }) => !/qemu|wine/.test(command[0] ?? ''));
  const rows = timings(measured.map(get));
  const emulated = builds
    .filter((build) => !measured.includes(build))
    .map(({ name }) => [name, 'started, not measured']);
  const unstarted = found.flatMap((each) =>
    'why' in each ? [[each.name, `not started: ${each.why}`]] : [],
  );
  return table(['build', 'min', 'median', 'peak MiB'], [...rows, ...emulated, ...unstarted]);
}

function smallerBuilds(): string {
  const tried = tryBuilds(scratch);
  const programs = tried.flatMap(({ name, file: program }) =>
    program === undefined ? [] : [get, help].map((way) => way({ name, command: [program] })),
  );
  const times = new Map(timings(programs).map(([name = '', ...cells]) => [name, cells]));
  const rows = tried.map(({ name, file: program }) => {
    if (program === undefined) return [name, '', 'no start', ''];
    const medians = [name, `${name}, help`].map((each) => times.get(each)?.[1] ?? '');
    return [name, mebibytes(fs.statSync(program).size), ...medians];
  });
  const nothing = mebibytes(fs.statSync(buildEmptyProgram(scratch)).size);
  rows.push(['empty program', nothing, '', '']);
  return table(['build', 'MiB', 'get', 'login --help'], rows);
}

function smallerArchives(): string {
  const rows = tryPackings(
    path.join(root, 'dist', 'targets', 'linux-x64', 'docker-credential-icr'),
  );
  const cells = rows.map(({ name, bytes, seconds }) => [
    name,
    mebibytes(bytes),
    seconds.toFixed(0),
  ]);
  return table(['linux-x64, compressed by', 'MiB', 'seconds'], cells);
}

function report(): string {
  const cpus = os.cpus();
  const [load = 0] = os.loadavg();
  return [
    '# Size, start-up time and memory of each target',
    'Generated by `make bench-targets`.',
    [
      `- date: ${new Date().toISOString().slice(0, 10)}`,
      `- machine: ${cpus.length} × ${cpus[0]?.model.trim()}, ${os.type()} ${os.release()}, load ${load.toFixed(2)} at the start`,
      `- docker-credential-icr ${version} (${commit.slice(0, 12)}), Bun ${process.versions.bun}`,
    ].join('\n'),
    '## Size',
    'In MiB. Nearly all of an executable is Bun or Node.',
    sizes(),
    others(),
    '## Start-up time and memory',
    `\`get\` for a host without a credential, milliseconds from process start to exit; ${rounds} rounds, in which each build runs once.`,
    starts(),
    '## Experiments to reduce the size of the executable',
    smallerBuilds(),
    'Size in MiB, and medians in milliseconds of `get` and of a command that loads most modules of the interactive commands. None of these options is used: a smaller executable may start at most 5 % slower, and bytecode that is left out must be compiled at every start that needs it. Stripping removes only symbols that Bun has removed already, or the embedded program. Compressing the executable (UPX and similar) was not measured: it would be decompressed at every start.',
    '## Experiments to reduce the size of the archive',
    smallerArchives(),
    'The archives use gzip: zstd is smaller, but tar needs a separate program for it, which a minimal system does not have. The .rpm uses zstd and the .deb uses xz, which their tools include.',
    '',
  ].join('\n\n');
}

try {
  const text = report();
  fs.writeFileSync(file, text);
  console.log(text);
} finally {
  fs.rmSync(scratch, { recursive: true });
}
