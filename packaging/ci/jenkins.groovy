// Jenkins: save this file in vars/ of a shared library. The closure runs logged in to IBM Cloud Container Registry:
// icrLogin(registries: 'us.icr.io') { sh 'docker push us.icr.io/NAMESPACE/IMAGE' }
def call(Map options = [:], Closure body) {
  String folder = "${env.WORKSPACE_TMP}/icr-${env.BUILD_NUMBER}-${UUID.randomUUID()}"
  List variables = [
    "ICR_FOLDER=${folder}",
    "ICR_REGISTRIES=${options.registries ?: ''}",
    "ICR_PRESENT=${options.present ?: 'iambearer'}",
    "ICR_BASE_URL=${options.baseUrl ?: '@BASE_URL@'}",
    "PATH+ICR=${folder}/bin",
    "DOCKER_CONFIG=${folder}/docker",
    "DOCKER_CREDENTIAL_ICR_CONFIG_DIR=${folder}/config",
    "DOCKER_CREDENTIAL_ICR_CACHE_DIR=${folder}/cache",
  ]
  withEnv(variables) {
    try {
      withCredentials([string(credentialsId: options.credentialsId ?: 'ibmcloud-api-key', variable: 'IBMCLOUD_API_KEY')]) {
        sh '''#!/bin/sh
          set -eu
          mkdir -p "${ICR_FOLDER%/*}"
          folder=$ICR_FOLDER
          @LOGIN@
        '''
      }
      body()
    } finally {
      sh 'rm -rf "$ICR_FOLDER"'
    }
  }
}
