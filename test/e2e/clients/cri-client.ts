import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import type { AuthConfig } from '../../kubelet/keyring.ts';

/** A container runtime, as the kubelet talks to it. */
export interface Runtime {
  /** `PullImage`; the reference of the image that arrived. Throws what the runtime says. */
  pullImage(image: string, auth?: AuthConfig): Promise<string>;
  close(): void;
}

const file = path.join(import.meta.dirname, 'cri.proto');
/** Milliseconds. */
const timeLimit = 60_000;

interface PullImageResponse {
  readonly imageRef: string;
}

export function connectRuntime(socket: string): Runtime {
  const definition = loader.loadSync(file)['runtime.v1.ImageService'];
  if (definition === undefined || !('PullImage' in definition))
    throw new Error(`no service in ${file}`);
  const {
    path: method,
    requestSerialize,
    responseDeserialize,
  } = definition.PullImage as grpc.MethodDefinition<object, PullImageResponse>;
  const client = new grpc.Client(`unix://${socket}`, grpc.credentials.createInsecure());
  return {
    pullImage: (image, auth) =>
      new Promise((resolve, reject) => {
        const request = { image: { image }, ...(auth && { auth }) };
        const options = { deadline: Date.now() + timeLimit };
        client.makeUnaryRequest(
          method,
          requestSerialize,
          responseDeserialize,
          request,
          options,
          (error, response) => (error ? reject(error) : resolve(response?.imageRef ?? '')),
        );
      }),
    close: () => client.close(),
  };
}
