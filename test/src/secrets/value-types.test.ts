import t from 'tap'
import { checkType } from '#src/secrets/value-types'

/** Adds members to valid database credentials, and returns the paths of the members that are refused. */
function wrong (more: Record<string, unknown>): string[] {
  const found: string[] = []
  checkType('database', { value: { engine: 'cassandra', host: 'db', username: 'app', password: 'p', ...more } }, (member) => { found.push(member) })
  return found
}

t.test('a port is an integer from 1 to 65535, as a number or in digits', async (t) => {
  for (const port of [1, 5_432, 65_535, '1', '65535']) t.same(wrong({ port }), [], JSON.stringify(port))
  for (const port of [0, -1, 65_536, 1.5, null, true, [1], '', '0', '65536', '-1', '1.5', '1e3', '0x10', ' 1', '1 ', 'ssh']) {
    t.same(wrong({ port }), ['value/port'], JSON.stringify(port))
  }
})

t.test('a flag is a boolean, or a string that contains one', async (t) => {
  for (const ssl of [true, false, 'true', 'false']) t.same(wrong({ ssl }), [], JSON.stringify(ssl))
  for (const ssl of [1, 0, null, '', 'True', 'yes']) t.same(wrong({ ssl }), ['value/ssl'], JSON.stringify(ssl))
})

t.test('a string is not empty', async (t) => {
  for (const host of ['', 1, null, {}]) t.same(wrong({ host }), ['value/host'], JSON.stringify(host))
})
