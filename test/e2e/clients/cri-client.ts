import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as loader from '@grpc/proto-loader';
import type { AuthConfig } from '../../kubelet/keyring.ts';

/** A client of a container runtime, like the kubelet. */
export interface Runtime {
  /** Calls `PullImage`; returns the reference of the pulled image. Throws the runtime's error. */
  pullImage(image: string, auth?: AuthConfig): Promise<string>;
  close(): void;
}

const file = path.join(import.meta.dirname, 'cri.proto');
const timeoutMs = 60_000;

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
        const options = { deadline: Date.now() + timeoutMs };
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
