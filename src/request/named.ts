import type { FastifyRequest } from 'fastify'

/** The names of an environment and a secret, as a request has them. They may be any text. */
export interface Named {
  readonly env: string
  readonly name: string
}

/**
 * Returns the names of the environment and the secret that a request is about. They are in the path, unless `findSecretById` has
 * found them. If there are none, they are empty.
 */
export const namedIn = ({ found: { named }, params }: FastifyRequest): Named => ({ env: '', name: '', ...named ?? params as Partial<Named> })
