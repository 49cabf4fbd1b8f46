import { accessSync, constants, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { inspectEnd } from './end.ts'
import { parseHead, readHead } from './head.ts'
import { loadKey, newKey, signingKey } from './key.ts'
import { standardOutput, UnusableTrail, type AuditSettings } from './settings.ts'

const { R_OK, W_OK, X_OK } = constants

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/**
 * Checks that this process can write to a file, or create it.
 *
 * @param createsFolders true if missing folders will be created
 * @throws UnusableTrail if the process can't
 */
function assertWritable (file: string, createsFolders: boolean): void {
  let folder = dirname(file)
  while (createsFolders && !exists(folder)) folder = dirname(folder)
  try {
    if (exists(file)) accessSync(file, R_OK | W_OK)
    else accessSync(folder, W_OK | X_OK)
  } catch (error) {
    throw new UnusableTrail('audit.file', `${errorCode(error)} on opening ${file}`, 'a writable file')
  }
}

/** Opens a file, runs `use` with it, and closes it. */
async function withFile<Result> (file: string, use: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  const handle = await open(file)
  try {
    return await use(handle)
  } finally {
    await handle.close()
  }
}

/**
 * Checks whether a gateway could open the trail when it starts. Creates and changes nothing. The check may run beside a running
 * gateway, so the trail may be in use by another process.
 *
 * @param dataDir the default folder of the trail and its key, which the gateway creates
 * @throws UnusableTrail if the file or the key can't be used
 */
export async function checkTrail ({ file, keyFile }: AuditSettings, dataDir: string): Promise<void> {
  const [path, keyPath] = [file ?? join(dataDir, 'audit.jsonl'), keyFile ?? join(dataDir, 'audit-key.pem')]
  const createsFolder = file === undefined || keyFile === undefined
  const createsKey = keyFile === undefined && !exists(keyPath)
  if (createsKey) assertWritable(keyPath, createsFolder)
  const { publicKey } = createsKey ? signingKey(newKey()) : loadKey(keyPath, false)
  if (path === standardOutput) return

  const head = `${path}.head`
  for (const each of [path, head, `${path}.lock`]) assertWritable(each, createsFolder && dirname(each) === dataDir)
  if (!exists(path)) return
  const known = exists(head) ? parseHead(await withFile(head, readHead)) : undefined
  await withFile(path, async (handle) => inspectEnd(handle, known, publicKey, true))
}
