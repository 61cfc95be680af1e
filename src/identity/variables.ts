/** An API key for this very program; it wins over everything. */
export const ownVariable = 'DOCKER_CREDENTIAL_ICR_API_KEY';

/** The names under which IBM's own tools look for an API key, in their order. */
export const ambientVariables = ['IBMCLOUD_API_KEY', 'BLUEMIX_API_KEY', 'IC_API_KEY'];
