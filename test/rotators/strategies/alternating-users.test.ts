import t from 'tap'
import type { Database } from '../../../rotators/databases/database.ts'
import { alternatingUsers } from '../../../rotators/strategies/alternating-users.ts'

const unused = async (): Promise<never> => Promise.reject(new Error('not to be called'))
const database: Database = { engines: ['mysql'], longestUsername: 9, canLogIn: unused, changeOwnPassword: unused, provideUser: unused }
const current = { engine: 'mysql', host: 'db', username: 'app', password: 'p' }

t.test('the names alternate', async (t) => {
  t.equal(alternatingUsers.nextUsername(current, database), 'app_clone')
  t.equal(alternatingUsers.nextUsername({ ...current, username: 'app_clone' }, database), 'app')
  t.throws(() => alternatingUsers.nextUsername({ ...current, username: 'apps' }, database), { message: /longer than 9 characters/ })
})

t.test('the superuser must be on the same server', async (t) => {
  const change = { database, current, next: current, read: async () => Promise.resolve({ ...current, host: 'elsewhere' }) }
  await t.rejects(alternatingUsers.setPassword(change), { message: /no masterarn/ })
  await t.rejects(alternatingUsers.setPassword({ ...change, current: { ...current, masterarn: 'arn' } }), { message: /another host/ })
})
