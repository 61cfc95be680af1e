import fs from 'node:fs';
import path from 'node:path';

/** Modules that decide trust or hold secrets, and the tests that have to notice a change of them. */
export interface Group {
  readonly name: string;
  /** Glob patterns below the root of the project. */
  readonly sources: readonly string[];
  readonly except?: readonly string[];
  /** Glob patterns again. The fastest first: the first test that fails ends the others. */
  readonly tests: readonly string[];
}

export const groups: readonly Group[] = [
  {
    name: 'hosts',
    sources: ['src/registry/{match,parse,regions}.ts'],
    tests: [
      'test/unit/{regions,match,parse-bounds,parse}.test.ts',
      'test/unit/parse-properties.test.ts',
    ],
  },
  {
    name: 'lookup',
    sources: [
      'src/identity/{find,lookup,mapping,environment,present,signed-out,hosts}.ts',
      'src/identity/{api-key-variable,docker-login,ibmcloud,expiry}.ts',
    ],
    tests: [
      'test/unit/{present,hint,environment,mapping,docker-login,credential-lookup}.test.ts',
      'test/unit/{expiry,ibmcloud,stored-login,sign-out-marks,answered-hosts,key-problem,lookup-reads}.test.ts',
    ],
  },
  {
    name: 'trusted settings',
    sources: ['src/config/{trusted-endpoint,change-lock}.ts'],
    tests: ['test/unit/{trusted-endpoint,change-lock,replace-secret}.test.ts'],
  },
  {
    name: 'files',
    sources: ['src/files/*.ts'],
    except: ['src/files/lock*.ts'],
    tests: [
      'test/unit/{executables,bun-reader,regular-file,temporary-files,own-directories}.test.ts',
      'test/unit/{symlink-trust,storage-error}.test.ts',
      'test/unit/{file-facts,act-as-owner,unnamed-file,private-read,private-write,file-store}.test.ts',
      'test/unit/{own-files,clock-back,lock,file-readers}.test.ts',
    ],
  },
  {
    name: 'locks',
    sources: ['src/files/lock*.ts'],
    tests: ['test/unit/{lock-*,clock-back,own-files}.test.ts', 'test/unit/lock.test.ts'],
  },
  {
    name: 'secret stores',
    sources: ['src/secrets/*.ts'],
    except: ['src/secrets/move*.ts'],
    tests: [
      'test/unit/{credential-file,read-credential,helper-answers,helper-search,helper-program}.test.ts',
      'test/unit/{secret-stores,replace-secret,choose*,credential-helper-loop}.test.ts',
      'test/unit/{file-store*,helper-store,move-copies,require-writable}.test.ts',
    ],
  },
  {
    name: 'moves of secrets',
    sources: ['src/secrets/move*.ts'],
    tests: ['test/unit/{move-copies,move,store-move,move-steps}.test.ts'],
  },
  {
    name: 'token cache',
    sources: ['src/iam/{cache*,cached-token,single-flight}.ts'],
    tests: ['test/unit/{token-cache-files,kubelet-duration,min-lifetime,iam-cache}.test.ts'],
  },
  {
    name: 'kubelet identities',
    sources: [
      'src/kubernetes/{*identity*,pull-credentials,keyring-key,provider-request,service-account}.ts',
    ],
    tests: [
      'test/unit/{keyring-key,kubelet-request,kubelet-reports}.test.ts',
      'test/unit/{kubelet-identities,pull-credentials}.test.ts',
    ],
  },
  {
    name: 'masked secrets',
    sources: ['src/{mask,unescape,pieces}.ts'],
    tests: ['test/unit/{pieces,mask}.test.ts', 'test/unit/mask-{properties,large}.test.ts'],
  },
  {
    name: 'names in output',
    sources: ['src/visible.ts'],
    tests: ['test/unit/visible.test.ts', 'test/unit/visible-properties.test.ts'],
  },
  {
    name: 'calling processes',
    sources: ['src/process-tree.ts'],
    tests: ['test/unit/process-tree.test.ts'],
  },
  {
    name: "other programs' files",
    sources: ['src/clients/read-file.ts'],
    tests: ['test/unit/clients-read-file.test.ts'],
  },
];

/** Returns the files below `root` that match, each once, in the order of the patterns. */
export function filesOf(
  root: string,
  patterns: readonly string[],
  except: readonly string[] = [],
): string[] {
  const found = patterns.flatMap((pattern) => fs.globSync(pattern, { cwd: root }).sort());
  return [...new Set(found)].filter(
    (file) => !except.some((pattern) => path.matchesGlob(file, pattern)),
  );
}
