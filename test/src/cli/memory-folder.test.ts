import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { privateFolder } from '#src/cli/memory-folder'

const memory = '/dev/shm'

/** Creates an in-memory folder for this test alone, like the runtime folder of a login session. */
function runtimeFolder (t: Test): string {
  const folder = mkdtempSync(join(memory, 'runtime-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  return folder
}

const folders = (): string[] => readdirSync(memory).filter((name) => name.startsWith('secretsctl-'))

const listeners = (): number => ['exit', 'SIGINT', 'SIGTERM'].reduce((sum, event) => sum + process.listenerCount(event), 0)

t.test('a private folder is in memory, and only in one place', { skip: existsSync(memory) ? false : 'there is no /dev/shm' }, async (t) => {
  const runtime = runtimeFolder(t)
  const [others, before] = [folders(), listeners()]
  const folder = privateFolder({ XDG_RUNTIME_DIR: runtime })
  const added = folders().filter((name) => !others.includes(name))
  t.equal(dirname(folder.path), runtime)
  t.equal(folder.isInMemory, true)
  t.equal(statSync(folder.path).mode & 0o777, 0o700)
  t.same(added, [], 'nothing is left elsewhere')
  t.equal(listeners(), before + 3, 'it is removed when the process ends')
  folder.remove()
  t.same(readdirSync(runtime), [])
  t.equal(listeners(), before)
  for (const XDG_RUNTIME_DIR of [undefined, 'relative', '/proc']) {
    const elsewhere = privateFolder({ XDG_RUNTIME_DIR })
    t.equal(dirname(elsewhere.path), memory, 'what is not in memory is not used')
    elsewhere.remove()
    t.equal(existsSync(elsewhere.path), false)
  }
})

t.test('a folder that is kept stays', { skip: existsSync(memory) ? false : 'there is no /dev/shm' }, async (t) => {
  const folder = privateFolder({ XDG_RUNTIME_DIR: runtimeFolder(t) })
  folder.keep()
  folder.remove()
  t.equal(existsSync(folder.path), true)
})
