import { mysql } from './databases/mysql.ts'
import { rotationHandler } from './rotation.ts'
import { alternatingUsers } from './strategies/alternating-users.ts'

/** A rotation function for two MySQL or MariaDB users that take turns. */
export const handler = rotationHandler(mysql, alternatingUsers)
