/** An API key for this very program; it wins over everything. */
export const ownVariable = 'DOCKER_CREDENTIAL_ICR_API_KEY';

/** The names under which IBM's own tools look for an API key, in their order. */
export const ambientVariables = ['IBMCLOUD_API_KEY', 'BLUEMIX_API_KEY', 'IC_API_KEY'];

/** Variables with secrets that no program started by this one needs, in upper case. */
export const secretVariables: readonly string[] = [
  ownVariable,
  ...ambientVariables,
  'DOCKER_AUTH_CONFIG',
  // The names under which IBM's SDKs and its CLI look for an API key and a compute resource's token.
  'CONTAINER_REGISTRY_APIKEY',
  'IBMCLOUD_CR_TOKEN',
  // `exec` sets these for its command, which may be a client that calls this program.
  'ICR_PASSWORD',
  'CF_DOCKER_PASSWORD',
];
