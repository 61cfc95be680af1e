/** Docker's user name for a token that the registry itself gave out at `docker login`. */
const identityTokenUser = '<token>';

export function isIdentityToken(username: string): boolean {
  return username === identityTokenUser;
}
