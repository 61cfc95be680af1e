/** Of the container registry: Reader pulls, Writer pushes as well, Manager also administers. */
export const roles = ['Reader', 'Writer', 'Manager'] as const;

export type Role = (typeof roles)[number];
