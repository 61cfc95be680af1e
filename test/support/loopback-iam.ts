import http from 'node:http';
import { noon } from './context.ts';

/** An IAM on loopback that issues `canary-1`, `canary-2`, … from noon on, for an hour each. */
export interface LoopbackIam {
  readonly endpoint: string;
  /** The forms that it was asked with. */
  readonly forms: URLSearchParams[];
  /** The HTTP status of its answers. */
  status: number;
  readonly close: () => void;
}

export async function startLoopbackIam(): Promise<LoopbackIam> {
  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      iam.forms.push(new URLSearchParams(text));
      response.writeHead(iam.status);
      const access_token = `canary-${iam.forms.length}`;
      const expiration = noon / 1000 + 3600;
      const refresh_token = 'not_supported';
      const answer = { access_token, refresh_token, expires_in: 3600, expiration };
      response.end(JSON.stringify({ ...answer, token_type: 'Bearer' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const iam: LoopbackIam = {
    endpoint: `http://127.0.0.1:${port}`,
    forms: [],
    status: 200,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return iam;
}
