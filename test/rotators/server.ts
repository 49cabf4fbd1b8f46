import { execFile, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chown } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Gives a folder to a user, and returns the options to start a process as that user. */
export async function ownedBy (user: string, folder: string): Promise<SpawnOptions> {
  const id = async (option: string): Promise<number> => Number((await run('id', [option, user])).stdout)
  const owner = { uid: await id('-u'), gid: await id('-g') }
  await chown(folder, owner.uid, owner.gid)
  return owner
}

/** Returns a TCP port that nobody listens on. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
