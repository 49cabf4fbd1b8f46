import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { compare, placesOf } from './compare.ts'
import { differences, type Difference } from './differences.ts'
import { readTap } from './tap-results.ts'

/** The output of tap for two files, the second of which could not be loaded. */
const tap = `TAP version 14
not ok 1 - test/a.test.ts # time=9ms {
    # Subtest: outer
        # Subtest: inner
            ok 1 - should be equal
            not ok 2 - should match pattern
              ---
              diff: |
                -a
                +b
              stack: |
                read (test/a.test.ts:2:7)
                Test.<anonymous> (test/a.test.ts:3:12)
              ...
            1..2
        not ok 1 - inner # time=3ms
        ok 2 - of outer itself
        1..2
    not ok 1 - outer # time=5ms

    # Subtest: passes
        ok 1 - should be equal
        1..1
    ok 2 - passes # time=1ms

    # Subtest: unfinished
        ok 1 - should be equal
    not ok 3 - unfinished # time=1ms
    1..3
}
not ok 2 - test/b.test.ts # time=1ms
  ---
  exitCode: 1
  ...
1..2
`

const lineOf = (file: string, line: number): string => `${file} ${line}`
const difference = (places: Difference['places']): Difference => ({ moto: 'x', aws: 'y', evidence: 'recorded', places })

t.test('parses the output of tap: each test with assertions, and the lines of the failed ones', async (t) => {
  const { tests, failures } = readTap(tap)
  t.same(tests, new Map([['test/a.test.ts', new Set(['outer > inner', 'outer', 'passes', 'unfinished'])], ['test/b.test.ts', new Set([''])]]))
  t.match(failures, [
    { file: 'test/a.test.ts', test: 'outer > inner', line: 3, message: 'should match pattern\n-a\n+b' },
    { file: 'test/a.test.ts', test: 'unfinished', line: undefined },
    { file: 'test/b.test.ts', test: '', line: undefined }
  ])
})

t.test('a failure that is not in the table is unexpected', async (t) => {
  t.match(compare(readTap(tap), [], lineOf), { tests: 5, passed: 2, different: 0, unexpected: { length: 3 }, stale: [] })
})

t.test('a failure in the table is a difference, but only in that line of that test', async (t) => {
  const known = difference({ 'test/a.test.ts': { 'outer > inner': ['a.test.ts 3'] } })
  t.match(compare(readTap(tap), [known], lineOf), { passed: 2, different: 1, unexpected: [{ test: 'unfinished' }, { file: 'test/b.test.ts' }], stale: [] })
  for (const elsewhere of [{ 'test/a.test.ts': { 'outer > inner': ['a.test.ts 2'] } }, { 'test/a.test.ts': { outer: ['a.test.ts 3'] } }, { 'test/b.test.ts': { 'outer > inner': ['a.test.ts 3'] } }]) {
    t.match(compare(readTap(tap), [difference(elsewhere)], lineOf), { different: 0, unexpected: { length: 3 }, stale: { length: 1 } })
  }
})

t.test('an assertion in the table that does not fail is stale', async (t) => {
  const passes = difference({ 'test/a.test.ts': { passes: ['a.test.ts'] } })
  t.same(compare(readTap(tap), [passes], lineOf).stale, [{ file: 'test/a.test.ts', test: 'passes', line: 'a.test.ts' }])
})

/** Returns true if the source contains the name of the test, as a string or as the name of a method in a table of tests. */
const isTestIn = (source: string, name: string): boolean =>
  source.includes(`'${name.replaceAll('\'', '\\\'')}'`) || source.includes(`\n  async ${name} (`) || source.includes(`\n  ${name}: async (`)

t.test('all tests and lines in the table exist', async (t) => {
  const root = join(import.meta.dirname, '..', '..')
  t.match(await readFile(join(root, 'docs/embedded-backend.md'), 'utf8'), `the ${differences.length} known differences between moto and AWS`)
  for (const { file, test, line } of placesOf(differences)) {
    const source = await readFile(join(root, file), 'utf8')
    t.ok(source.split('\n').some((text) => text.includes(line)), `${file}: ${line}`)
    for (const name of test.split(' > ')) t.ok(isTestIn(source, name), `${file}: ${name}`)
  }
})
