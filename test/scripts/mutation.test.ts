import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { readCoverage } from '../../scripts/mutation/coverage.ts'
import { mutantsOf } from '../../scripts/mutation/mutants.ts'
import { chooseTests } from '../../scripts/mutation/trial.ts'
import { isCertainlyBelow } from '../../scripts/mutation/verdict.ts'

t.test('the verdict on a sample allows for bad luck', async (t) => {
  for (const [noticed, tried, isBelow] of [
    [0, 0, false], [0, 2, false], [0, 3, true], [5, 12, true], [6, 12, false], [14, 25, true], [15, 25, false], [40, 40, false], [219, 300, true], [226, 300, false]
  ] as const) t.equal(isCertainlyBelow(0.8, { noticed, tried }), isBelow, `${noticed} of ${tried}`)
})

t.test('the tests of a mutant', async (t) => {
  const root = t.testdirName
  const file = 'src/audit/end.ts'
  const source = pathToFileURL(join(root, file)).href
  const range = (startOffset: number, endOffset: number, count: number): object => ({ startOffset, endOffset, count })
  const covering = (isExecuted: boolean): string => JSON.stringify({
    result: [{ url: source, functions: [{ ranges: [range(0, 100, 1), range(10, 20, isExecuted ? 1 : 0)] }] }]
  })
  const info = (uuid: string, test: string, first?: string): string => JSON.stringify({ uuid, root: first, argv: ['node', join(root, test)], runtime: 7 })
  t.testdir({
    '.tap': {
      processinfo: {
        'a.json': info('a', 'test/src/audit/end.test.ts'),
        'b.json': info('b', 'src/server.ts', 'a'),
        'c.json': info('c', 'test/routes/audit.test.ts'),
        'd.json': info('d', 'test/browser/console-changes.test.ts'),
        'e.json': info('e', 'test/browser/posture.test.ts'),
        // Processes that were killed leave incomplete files.
        'f.json': '',
        'g.json': info('g', 'src/server.ts', 'a').slice(0, 9)
      },
      coverage: { 'a.json': covering(false), 'b.json': covering(true), 'c.json': covering(false) }
    }
  })
  const testsAt = readCoverage(root)
  const names = (path: string, offset: number): string[] => testsAt(path, offset).map((test) => test.file)
  t.same(names(file, 9), ['test/src/audit/end.test.ts', 'test/routes/audit.test.ts'])
  t.same(names(file, 10), ['test/src/audit/end.test.ts'], 'a process that the test has started executes it')
  t.same(names('src/audit/trail.ts', 0), [], 'no test executes it')
  t.same(names('src/pages/console/main.js', 0), ['test/browser/console-changes.test.ts'], 'a script that a browser runs')
  t.same(names('src/pages/shared/dom.js', 0), ['test/browser/console-changes.test.ts', 'test/browser/posture.test.ts'])

  const [mutant] = mutantsOf(file, 'const isOver = false')
  if (mutant === undefined) throw new TypeError('there is no mutant')
  t.same(mutant, { file, start: 15, end: 20, replacement: 'true' })
  const tests = [...testsAt(file, 9)].reverse()
  t.same(chooseTests(tests, mutant, 1).map((test) => test.file), ['test/src/audit/end.test.ts'], 'the test at the mirrored path comes first')
})
