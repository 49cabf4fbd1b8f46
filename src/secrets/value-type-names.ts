/** The types against which values can be checked. They are in a module of their own, so that `secretsctl` loads nothing else. */
export const valueTypes = ['rds', 'documentdb', 'redshift', 'database', 'key-value', 'text', 'binary'] as const

export type ValueTypeName = (typeof valueTypes)[number]
