import { parseArgs } from 'node:util';
import { createAdmin } from './admin.ts';
import { send } from './answering.ts';
import { json, readWhole, type Service } from './exchange.ts';
import { listen } from './listen.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';

/** The value of `--json-config`. */
export interface ProcessOptions extends Omit<SandboxOptions, 'clock'> {
  readonly adminPort?: number;
  /** Exits when standard input is closed, so that it does not outlive its parent. */
  readonly endsWithInput?: boolean;
}

/** The line on standard output when all servers are listening. */
export interface ReadyLine
  extends Pick<
    Sandbox,
    'iamUrl' | 'registryUrl' | 'metadataUrl' | 'caFile' | 'signingCertificateFile' | 'issuer'
  > {
  readonly adminUrl: string;
}

async function listenAdmin(service: Service, port: number) {
  return await listen(
    (request, response) => {
      readWhole(request)
        .then(service)
        .catch((error: unknown) => json(500, { error: String(error) }))
        .then((answer) => send(answer, response), console.error);
    },
    { address: '127.0.0.1', port },
  );
}

async function main(text: string): Promise<void> {
  const { adminPort = 0, endsWithInput = false, ...options }: ProcessOptions = JSON.parse(text);
  let offset = 0;
  const sandbox = await startSandbox({ ...options, clock: () => Date.now() + offset });
  const admin = createAdmin(sandbox, (by) => {
    offset += by;
  });
  const { port } = await listenAdmin(admin, adminPort);
  const { iamUrl, registryUrl, metadataUrl, caFile, signingCertificateFile, issuer } = sandbox;
  const ready: ReadyLine = {
    adminUrl: `http://127.0.0.1:${port}`,
    iamUrl,
    registryUrl,
    metadataUrl,
    caFile,
    signingCertificateFile,
    issuer,
  };
  console.log(JSON.stringify(ready));
  if (endsWithInput) process.stdin.resume().once('end', () => process.exit(0));
}

const { values } = parseArgs({ options: { 'json-config': { type: 'string' } } });
if (values['json-config'] === undefined) {
  console.error('usage: main.ts --json-config \'{"folder":"…","registryPort":0}\'');
  process.exit(2);
}
await main(values['json-config']);
