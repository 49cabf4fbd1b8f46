import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newKey, signingKey } from '#src/audit/key'
import { verifyTrail, type Verification, type VerifyOptions } from '#src/audit/verify'

/** The folder of the trails. On Linux, it is in memory, because hundreds of tests would otherwise wait for the disk. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** The folder that holds the audit trails of this process's gateways, and the key that signs these trails. */
const folder = mkdtempSync(join(parent, 'gateway-audit-'))
process.on('exit', () => { rmSync(folder, { recursive: true, force: true }) })

const pem = newKey()
export const trailKey = signingKey(pem)
const keyFile = join(folder, 'key.pem')
writeFileSync(keyFile, pem, { mode: 0o600 })

/** Returns the `audit` section of a configuration, with a new trail. */
export const newTrail = (): { file: string, keyFile: string } =>
  ({ file: join(mkdtempSync(join(folder, 'trail-')), 'audit.jsonl'), keyFile })

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read arbitrary members
export type AuditRecord = any

export const readTrail = (file: string): AuditRecord[] =>
  readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line): AuditRecord => JSON.parse(line))

async function* once (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Verifies files. Trusts the key in the trail itself, unless `options` has other keys. */
export const verifyWithOptions = async (files: readonly Uint8Array[], options: VerifyOptions): Promise<Verification> =>
  verifyTrail(files.map((bytes, index) => ({ name: `file ${index + 1}`, chunks: once(bytes) })), options)

/** Verifies files with the tests' key. */
export const verifyBytes = async (files: readonly Uint8Array[], options: VerifyOptions = {}): Promise<Verification> =>
  verifyWithOptions(files, { keys: [trailKey.publicKey], ...options })

/** Verifies the files of a trail, oldest first, against the head file of the last file. */
export const verifyFiles = async (...files: readonly [...string[], string]): Promise<Verification> =>
  verifyBytes(files.map((file) => readFileSync(file)), { head: readFileSync(`${files.at(-1) ?? ''}.head`, 'utf8') })
