import { getSystemErrorMessage } from 'node:util'
import { errorCode } from '#src/problems/problem'

/** Returns why a system call has failed, such as `no such file or directory`; for another error, its code. */
export const reasonOf = (error: unknown): string =>
  // Errors of zlib have their own numbers, but no system call.
  error instanceof Error && 'syscall' in error && 'errno' in error ? getSystemErrorMessage(Number(error.errno)) : errorCode(error)
