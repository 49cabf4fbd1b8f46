import { postgresql } from './databases/postgresql.ts'
import { rotationHandler } from './rotation.ts'
import { singleUser } from './strategies/single-user.ts'

/** A rotation function for the password of a PostgreSQL user, which the user changes itself. */
export const handler = rotationHandler(postgresql, singleUser)
