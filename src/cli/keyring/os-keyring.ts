import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { beforeEnd } from '#src/cli/before-end'
import type { Outputs } from '#src/command-line/output'
import { KeyringFailure, NoKeyring, type Keyring, type Limits } from './keyring.ts'

/** The message that tells `helper.ts` what to do. */
export interface Call {
  operation: 'read' | 'write' | 'remove'
  /** The name of the entry. */
  entry: string
  /** The secret to write. */
  secret?: string
}

/** The message with which `helper.ts` answers. */
export type Answer =
  /** It is done. A read has no secret if there is no such entry. */
  | { secret?: string | undefined }
  /** There is no keyring. */
  | { missing: string }
  /** There is a keyring, which does not do this. It is uncertain if the keyring may have done it all the same. */
  | { failed: string, isUncertain?: boolean }

/** What the keyring's process and its user get from the command. */
interface Surroundings extends Pick<Outputs, 'stderr'> {
  readonly env: NodeJS.ProcessEnv
}

/** Long enough for a person to enter the keyring's password. */
const usual: Limits = { notice: 2_000, timeout: 30_000 }

const helper = join(import.meta.dirname, `helper${extname(import.meta.filename)}`)

/**
 * Returns the keyring of the operating system. Each call has its own process: a locked keyring asks for its password in a window,
 * and the call waits for the answer until its process is ended.
 */
export function osKeyring (surroundings: Surroundings, limits = usual): Keyring {
  const carriedOut = async (call: Call): Promise<string | undefined> => {
    const answer = await answerTo(call, surroundings, limits)
    if ('missing' in answer) throw new NoKeyring(answer.missing)
    if ('failed' in answer) throw new KeyringFailure(answer.failed, answer.isUncertain)
    return answer.secret
  }
  return {
    read: async (entry) => carriedOut({ operation: 'read', entry }),
    write: async (entry, secret) => { await carriedOut({ operation: 'write', entry, secret }) },
    remove: async (entry) => { await carriedOut({ operation: 'remove', entry }) }
  }
}

/** Has a process carry out a call. The call is a message to it, because other users can see the arguments of a process. */
async function answerTo (call: Call, { env, stderr }: Surroundings, { notice, timeout }: Limits): Promise<Answer> {
  const child = fork(helper, { env: { ...env, SECRETS_GATEWAY_TOKEN: undefined }, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const end = (): void => { child.kill('SIGKILL') }
  const noticeTimer = setTimeout(() => {
    stderr.lines(['Waiting for your keyring, which may ask for its password in a window'])
  }, notice)
  const withdraw = beforeEnd(end)
  let limit: NodeJS.Timeout | undefined
  // The first of these is the result: a time limit must not replace an answer that has arrived.
  const answer = await new Promise<Answer>((resolve) => {
    const ended = (): void => { resolve({ failed: 'the process that asks it has ended', isUncertain: true }) }
    limit = setTimeout(() => { resolve({ failed: `it did not answer within ${timeout / 1_000} seconds`, isUncertain: true }) }, timeout)
    child.on('message', resolve)
    child.on('error', ended)
    child.on('exit', ended)
    child.send(call)
  })
  end()
  withdraw()
  clearTimeout(noticeTimer)
  clearTimeout(limit)
  return answer
}
