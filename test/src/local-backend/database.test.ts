import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { isBusy, openDatabase } from '#src/local-backend/store/database'

/** Returns the error that `work` throws. */
function errorOf (work: () => void): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

t.test('a busy database is recognized by plain and by extended result codes', async (t) => {
  const file = join(t.testdir(), 'database.sqlite')
  const [one, other] = [new DatabaseSync(file, { timeout: 0 }), new DatabaseSync(file, { timeout: 0 })]
  t.teardown(() => { one.close(); other.close() })
  one.exec('PRAGMA journal_mode = WAL; CREATE TABLE numbers (number)')

  one.exec('BEGIN IMMEDIATE')
  const locked = errorOf(() => { other.exec('BEGIN IMMEDIATE') })
  t.match(locked, { errcode: 5 })
  t.ok(isBusy(locked))
  one.exec('ROLLBACK; BEGIN')
  one.prepare('SELECT * FROM numbers').all()
  other.exec('INSERT INTO numbers VALUES (1)')
  const outdated = errorOf(() => { one.exec('INSERT INTO numbers VALUES (2)') })
  t.match(outdated, { errcode: 517 }, 'SQLITE_BUSY_SNAPSHOT')
  t.ok(isBusy(outdated))
  one.exec('ROLLBACK')

  t.notOk(isBusy(errorOf(() => { one.exec('SELECT * FROM nothing') })))
  t.notOk(isBusy(new Error('another')))
  t.notOk(isBusy(undefined))
})

t.test('a copy takes the changes of another database, even if a value was changed outside a write, and never leaves them out', async (t) => {
  const open = (isCopy: boolean): ReturnType<typeof openDatabase> => openDatabase(undefined, (database) => {
    database.write((connection) => { connection.exec('CREATE TABLE claims (id INTEGER PRIMARY KEY, until INTEGER) STRICT') })
  }, { isCopy })
  const [original, copy] = [open(false), open(true)]
  t.teardown(() => { original.close(); copy.close() })
  original.onChange((changeset) => { copy.apply(changeset) })
  const run = (sql: string): void => { original.write((connection) => { connection.exec(sql) }) }
  const copied = (): unknown[] => copy.statement('SELECT id, until FROM claims').all({}).map((row) => ({ ...row as object }))

  run('INSERT INTO claims VALUES (1, 1), (2, 1)')
  original.statement('UPDATE claims SET until = 2').run({})
  run('UPDATE claims SET until = 3 WHERE id = 1')
  run('DELETE FROM claims WHERE id = 2')
  t.same(copied(), [{ id: 1, until: 3 }])
  original.statement('INSERT INTO claims VALUES (4, 4)').run({})
  t.throws(() => { run('UPDATE claims SET until = 5 WHERE id = 4') }, { message: /do not fit/ })
})
