import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { readCoverage } from '../../scripts/mutation/coverage.ts'
import { mutantsOf } from '../../scripts/mutation/mutants.ts'
import { chooseTests } from '../../scripts/mutation/trial.ts'
import { confidenceInterval, isCertainlyBelow } from '../../scripts/mutation/verdict.ts'

t.test('the verdict on a sample allows for bad luck', async (t) => {
  for (const [noticed, tried, isBelow] of [
    [0, 0, false], [0, 2, false], [0, 3, true], [5, 12, true], [6, 12, false], [14, 25, true], [15, 25, false], [40, 40, false], [219, 300, true], [226, 300, false]
  ] as const) t.equal(isCertainlyBelow(0.8, { noticed, tried }), isBelow, `${noticed} of ${tried}`)
})

t.test('the confidence interval of a sample', async (t) => {
  // The bounds are the solutions P of (part - P)² = 1.96² · P · (1 - P) / tried.
  for (const [noticed, tried, low, high] of [[0, 10, 0, 0.2775], [10, 10, 0.7225, 1], [285, 300, 0.9192, 0.9695]] as const) {
    const bounds = confidenceInterval({ noticed, tried })
    t.same(bounds.map((bound) => Math.abs(bound).toFixed(4)), [low.toFixed(4), high.toFixed(4)], `${noticed} of ${tried}`)
  }
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
    },
    test: {
      browser: { 'console-changes.test.ts': '', 'posture.test.ts': '' },
      src: { audit: { 'end.test.ts': '', 'new.test.ts': '' } }
    }
  })
  const testsAt = readCoverage(root)
  const names = (path: string, offset: number): string[] => testsAt(path, offset).map((test) => test.file)
  t.same(names(file, 9), ['test/src/audit/end.test.ts', 'test/routes/audit.test.ts'])
  t.same(names(file, 10), ['test/src/audit/end.test.ts'], 'a process that the test has started executes it')
  t.same(names('src/audit/trail.ts', 0), [], 'no test executes it')
  t.same(names('src/audit/new.ts', 0), ['test/src/audit/new.test.ts'], 'a test that has not been measured')
  t.same(names('src/pages/console/main.js', 0), ['test/browser/console-changes.test.ts'], 'a script that a browser runs')
  t.same(names('src/pages/shared/dom.js', 0), ['test/browser/console-changes.test.ts', 'test/browser/posture.test.ts'])

  const [mutant] = mutantsOf(file, 'const isOver = false')
  if (mutant === undefined) throw new TypeError('there is no mutant')
  t.same(mutant, { file, start: 15, end: 20, replacement: 'true' })
  const tests = [...testsAt(file, 9)].reverse()
  t.same(chooseTests(tests, mutant, 1).map((test) => test.file), ['test/src/audit/end.test.ts'], 'the test at the mirrored path comes first')
})

t.test('a run in a repository', async (t) => {
  const root = join(import.meta.dirname, '..', '..')
  const folder = t.testdir({
    'package.json': '{ "type": "module" }',
    '.gitignore': 'node_modules\nresults.jsonl\n',
    src: { 'adult.ts': 'export const isAdult = (age: number): boolean => age >= 18\nexport const isStrict = true\n' },
    test: {
      src: {
        'adult.test.ts': `import { isAdult, isStrict } from '../../src/adult.ts'
          if (isAdult(17) || !isAdult(19)) console.log('not ok 1 - the age')
          if (!isStrict) console.log('not ok 2 - the strictness')`
      }
    }
  })
  const file = join(folder, 'src', 'adult.ts')
  cpSync(join(root, 'scripts', 'mutation'), join(folder, 'scripts', 'mutation'), { recursive: true })
  for (const name of ['mutate.ts', 'test-process.js']) cpSync(join(root, 'scripts', name), join(folder, 'scripts', name))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  execFileSync('git', ['add', '.'], { cwd: folder })

  const mutate = (...args: string[]): { status: number | null, lines: string[] } => {
    const { status, stdout } = spawnSync(process.execPath, ['scripts/mutate.ts', '--jobs', '1', '--results', 'results.jsonl', ...args], { cwd: folder, encoding: 'utf8' })
    return { status, lines: stdout.split('\n') }
  }
  const verdicts = (lines: readonly string[]): string[] => lines.filter((line) => /^\d+\/3 /.test(line)).map((line) => line.slice(4)).sort()

  const written = statSync(file).mtimeMs
  const { status, lines } = mutate()
  t.same(verdicts(lines), [
    'NOT NOTICED src/adult.ts:1  "18" => "(18 + 1)" by none of 1 tests',
    'NOT NOTICED src/adult.ts:1  ">=" => ">" by none of 1 tests',
    'NOTICED src/adult.ts:2  "true" => "false" by test/src/adult.test.ts the strictness'
  ])
  t.ok(lines.includes('1 of 3 mutants noticed (33.3 %), 0 of them because a test hung'))
  t.ok(lines.includes('in the whole source, between 6.1 and 79.2 % (with 95 % confidence, if the mutants are a sample of it)'))
  t.equal(status, 1, 'too few are noticed')
  t.equal(statSync(file).mtimeMs, written, 'only copies of the source are changed')

  const repeated = mutate('--least', '30')
  t.same(verdicts(repeated.lines), [], 'no mutant is tried again')
  t.ok(repeated.lines.includes('1 of 3 mutants noticed (33.3 %), 0 of them because a test hung'))
  t.equal(repeated.status, 0)

  appendFileSync(file, '// The end.\n')
  t.equal(verdicts(mutate().lines).length, 3, 'the mutants of a changed file are tried again')
})
