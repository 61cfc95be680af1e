/** The API key for this program only; it takes precedence over all other sources. */
export const ownVariable = 'DOCKER_CREDENTIAL_ICR_API_KEY';

/** The variables from which IBM's tools read an API key, in their order of precedence. */
export const ambientVariables = ['IBMCLOUD_API_KEY', 'BLUEMIX_API_KEY', 'IC_API_KEY'];

/** All variables with an API key, in their order of precedence. */
export const apiKeyVariables: readonly string[] = [ownVariable, ...ambientVariables];

/** Variables with secrets that are removed from the environment of other programs; in upper case. */
export const secretVariables: readonly string[] = [
  ...apiKeyVariables,
  'DOCKER_AUTH_CONFIG',
  // An API key for IBM's SDKs, and the ibmcloud CLI's token of a compute resource.
  'CONTAINER_REGISTRY_APIKEY',
  'IBMCLOUD_CR_TOKEN',
  // Of IBM Cloud's Terraform provider, which Schematics sets.
  'BM_API_KEY',
  'IC_IAM_TOKEN',
  'IC_IAM_REFRESH_TOKEN',
  'IBMCLOUD_IAM_TOKEN',
  'IBMCLOUD_IAM_REFRESH_TOKEN',
  // Set by `exec` for its command, which may be a client that calls this program.
  'ICR_PASSWORD',
  'CF_DOCKER_PASSWORD',
];
