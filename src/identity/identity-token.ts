/** Docker's user name for an identity token, which a registry may issue at `docker login`. */
const identityTokenUser = '<token>';

export function isIdentityToken(username: string): boolean {
  return username === identityTokenUser;
}
