import type { Entry } from '@napi-rs/keyring'
import type { Answer, Call } from './os-keyring.ts'

/** The name under which the keyring lists the entries. */
const service = 'secretsctl'

const operations: Record<Call['operation'], (entry: Entry, secret: string) => Answer> = {
  read: (entry) => ({ secret: entry.getPassword() ?? undefined }),
  write (entry, secret) {
    entry.setPassword(secret)
    return {}
  },
  remove (entry) {
    entry.deletePassword()
    return {}
  }
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/**
 * Matches D-Bus's messages about a program that has not answered for two seconds, the time limit of the library. They can also
 * occur before the first call, when the library opens its session with the keyring.
 */
const unanswered = /did not receive a reply|without replying/i

/**
 * Returns the answer if an entry can't be created. A keyring that hangs is not missing, so the login must not be stored in the
 * file instead.
 */
function withoutEntry (error: unknown): Answer {
  const message = messageOf(error)
  return unanswered.test(message) ? { failed: 'it does not answer' } : { missing: message }
}

async function answerTo ({ operation, entry: name, secret = '' }: Call): Promise<Answer> {
  let entry: Entry
  try {
    const keyring = await import('@napi-rs/keyring')
    // Without this option, the library would fall back to the kernel's keyring on Linux, which is lost on restart.
    entry = new keyring.Entry(service, name, { linux: { store: 'secret-service' } })
  } catch (error) {
    return withoutEntry(error)
  }
  try {
    return operations[operation](entry, secret)
  } catch (error) {
    return { failed: messageOf(error) }
  }
}

process.once('message', (call: Call) => {
  void answerTo(call).then((answer) => process.send?.(answer, () => { process.disconnect() }))
})
