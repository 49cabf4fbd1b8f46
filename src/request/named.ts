import type { FastifyRequest } from 'fastify'

/** The names of an environment and a secret in a request. They have not been validated. */
export interface Named {
  readonly env: string
  readonly name: string
}

/**
 * Returns the names of the environment and the secret that a request is about. They are in the path, unless `findSecretById` has
 * found them. Each of them is empty if the request has none.
 */
export const namedIn = ({ found: { named }, params }: FastifyRequest): Named => ({ env: '', name: '', ...named ?? params as Partial<Named> })
