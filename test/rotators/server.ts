import { execFile, type SpawnOptions } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Gives a folder to a user, and returns the options to start a process as that user. */
export async function ownedBy (user: string, folder: string): Promise<SpawnOptions> {
  const id = async (option: string): Promise<number> => Number((await run('id', [option, user])).stdout)
  const owner = { uid: await id('-u'), gid: await id('-g') }
  await chown(folder, owner.uid, owner.gid)
  return owner
}
