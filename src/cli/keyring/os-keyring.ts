import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { cleanUpOnExit } from '#src/cli/clean-up'
import type { Outputs } from '#src/command-line/output'
import { KeyringFailure, NoKeyring, type Keyring, type Limits } from './keyring.ts'

/** The request to `helper.ts`. */
export interface Call {
  operation: 'read' | 'write' | 'remove'
  /** The name of the entry. */
  entry: string
  /** The secret to write. */
  secret?: string
}

/** The reply of `helper.ts`. */
export type Answer =
  /** The call was carried out. After a read, `secret` is absent if there is no such entry. */
  | { secret?: string | undefined }
  /** There is no keyring. */
  | { missing: string }
  /** There is a keyring, but the call failed. `isUncertain` is true if the keyring may have carried out the call anyway. */
  | { failed: string, isUncertain?: boolean }

/** The environment variables of the keyring's process, and the output for the notice to the user. */
interface KeyringContext extends Pick<Outputs, 'stderr'> {
  readonly env: NodeJS.ProcessEnv
}

/** The default limits. They are long enough for a person to enter the keyring's password. */
const defaultLimits: Limits = { notice: 2_000, timeout: 30_000 }

const helper = join(import.meta.dirname, `helper${extname(import.meta.filename)}`)

/**
 * Returns the keyring of the operating system. Each call runs in a separate process, because the only way to abort a call is to
 * end its process. A locked keyring asks for its password in a window, and the call waits for the answer.
 */
export function osKeyring (context: KeyringContext, limits = defaultLimits): Keyring {
  const carryOut = async (call: Call): Promise<string | undefined> => {
    const answer = await answerTo(call, context, limits)
    if ('missing' in answer) throw new NoKeyring(answer.missing)
    if ('failed' in answer) throw new KeyringFailure(answer.failed, answer.isUncertain)
    return answer.secret
  }
  return {
    read: async (entry) => carryOut({ operation: 'read', entry }),
    write: async (entry, secret) => { await carryOut({ operation: 'write', entry, secret }) },
    remove: async (entry) => { await carryOut({ operation: 'remove', entry }) }
  }
}

/** Runs a call in a process. The call is sent as a message, because other users can see the arguments of a process. */
async function answerTo (call: Call, { env, stderr }: KeyringContext, { notice, timeout }: Limits): Promise<Answer> {
  const child = fork(helper, { env: { ...env, SECRETS_GATEWAY_TOKEN: undefined }, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const kill = (): void => { child.kill('SIGKILL') }
  const noticeTimer = setTimeout(() => {
    stderr.lines(['Waiting for your keyring, which may ask for its password in a window'])
  }, notice)
  const cancelCleanUp = cleanUpOnExit(kill)
  let limit: NodeJS.Timeout | undefined
  // The first event determines the result: a time limit must not replace an answer that has arrived.
  const answer = await new Promise<Answer>((resolve) => {
    const ended = (): void => { resolve({ failed: 'the process that asks it has ended', isUncertain: true }) }
    limit = setTimeout(() => {
      kill()
      resolve({ failed: `it did not answer within ${timeout / 1_000} seconds`, isUncertain: true })
    }, timeout)
    child.on('message', resolve)
    child.on('error', ended)
    child.on('exit', ended)
    child.send(call)
  })
  // A process that has answered usually ends by itself.
  child.kill()
  cancelCleanUp()
  clearTimeout(noticeTimer)
  clearTimeout(limit)
  return answer
}
