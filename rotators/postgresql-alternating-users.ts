import { postgresql } from './databases/postgresql.ts'
import { rotationHandler } from './rotation.ts'
import { alternatingUsers } from './strategies/alternating-users.ts'

/** A rotation function for two PostgreSQL users that take turns. */
export const handler = rotationHandler(postgresql, alternatingUsers)
