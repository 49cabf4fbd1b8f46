import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { isBusy } from '#src/local-backend/store/database'

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
