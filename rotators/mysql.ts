import { mysql } from './databases/mysql.ts'
import { rotationHandler } from './rotation.ts'
import { singleUser } from './strategies/single-user.ts'

/** A rotation function for the password of a MySQL or MariaDB user, which the user changes itself. */
export const handler = rotationHandler(mysql, singleUser)
