import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findProjectFile, readProject } from '#src/cli/profiles/project-file'

const name = '.secretsctl.yaml'

t.test('the file in the nearest parent folder applies', async (t) => {
  const folder = t.testdir({ [name]: '', a: { b: {} }, other: { [name]: '', c: {} }, odd: { [name]: {} } })
  const found = (...parts: string[]): string | undefined => findProjectFile(join(folder, ...parts))
  t.equal(found(), join(folder, name))
  t.equal(found('a', 'b'), join(folder, name))
  t.equal(found('other', 'c'), join(folder, 'other', name))
  t.equal(found('odd'), join(folder, name), 'a folder of this name is no file')
  t.equal(findProjectFile('/proc/self'), undefined, 'there is none')
})

t.test('valid and invalid project files', async (t) => {
  const file = join(t.testdir({}), name)
  const read = async (content: string): Promise<unknown> => {
    writeFileSync(file, content)
    return readProject(file, false)
  }
  t.strictSame(await read(''), { file })
  t.strictSame(await read('gateway: https://Secrets.example.com/\nenvironment: dev\nprefix: shop/\nmapping: { A: shop/db#password }'), {
    file, gateway: 'https://secrets.example.com', environment: 'dev', prefix: 'shop/', mapping: { A: 'shop/db#password' }
  })
  t.strictSame(await read('profile: work'), { file, profile: 'work' })
  for (const [content, message] of [
    ['a: [', `${file}:`], ['[1]', `${file} must contain an object`], ['text', `${file} must contain an object`],
    ['constructor: x', `${file} has an unknown member constructor; it can have gateway, profile, environment, prefix, mapping`],
    ['gateway: ftp://h', 'gateway in'], ['gateway: 7', 'gateway in'], ['gateway: ""', 'gateway in'], ['profile: ""', 'profile in'], ['profile: 7', 'profile in'],
    ['environment: ""', 'environment in'], ['environment: ".."', 'environment in'], ['prefix: ""', 'prefix in'], ['prefix: [a]', 'prefix in'],
    ['mapping: a', 'mapping in'], ['mapping: { A: "" }', 'mapping in'], ['mapping: { A: a, B: 1 }', 'mapping in'],
    ['gateway: https://h\nprofile: work', `${file} has both a gateway and a profile`]
  ] as const) await t.rejects(read(content), new RegExp(`^${message}`), content)
  await t.rejects(readProject(join(file, 'none'), false), /can't be read: not a directory$/)
})

t.test('a file that was found is used only if nobody else can change it', async (t) => {
  const file = join(t.testdir({ [name]: 'environment: dev' }), name)
  const project = { file, environment: 'dev' }
  const { uid, gid } = statSync(file)
  for (const mode of [0o600, 0o644, 0o755]) {
    chmodSync(file, mode)
    t.strictSame(await readProject(file, false), project, mode.toString(8))
  }
  const changeable = new RegExp(`Other users can change ${file}, so it is not used\nTo use it: chmod go-w ${file}$`)
  for (const mode of [0o602, 0o666, ...uid === gid ? [] : [0o620]]) {
    chmodSync(file, mode)
    await t.rejects(readProject(file, false), changeable, mode.toString(8))
    t.strictSame(await readProject(file, true), project, 'one that the user has named is used anyway')
  }
  chmodSync(file, 0o660)
  if (uid === gid) t.strictSame(await readProject(file, false), project, 'the group is that of the user alone')
  if (process.getuid?.() !== 0) return
  chownSync(file, uid, gid + 1)
  await t.rejects(readProject(file, false), changeable, 'another group')
  chownSync(file, uid + 1, gid)
  await t.rejects(readProject(file, false), new RegExp(`${file} belongs to another user, so it is not used\nTo use it all the same: export SECRETS_GATEWAY_PROJECT_FILE=${file}$`))
  chmodSync(file, 0o600)
  t.intercept(process, 'getuid', { value: () => uid + 1 })
  t.strictSame(await readProject(file, false), project, 'its owner is the user')
  t.intercept(process, 'getuid', { value: () => uid + 2 })
  await t.rejects(readProject(file, false), /belongs to another user/, 'neither the user nor root owns it')
  t.strictSame(await readProject(file, true), project)
})

t.test('a file in a missing folder', async (t) => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'a'))
  await t.rejects(readProject(join(folder, 'a', name), true), /can't be read: no such file or directory$/)
})
