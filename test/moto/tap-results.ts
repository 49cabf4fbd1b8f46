import { Parser, type FinalResults, type Result } from 'tap-parser'

/** An assertion that failed. */
export interface Failure {
  /** The test file, from the root of the repository. */
  file: string
  /** The test, behind those that it is part of: `readSecret > returns one field of a JSON value`. */
  test: string
  /** Its line in the file, counted from 1: that of the test, where a function of the file asserts for it. */
  line: number | undefined
  /** What it says of itself, and how it is otherwise. */
  message: string
}

/** What a run of tap found. */
export interface TapResults {
  /** By file, the tests that assert something. */
  tests: Map<string, Set<string>>
  failures: Failure[]
}

/** Reads what `tap run --reporter=tap` writes. */
export function readTap (tap: string): TapResults {
  const tests = new Map<string, Set<string>>()
  const failures: Failure[] = []
  const parser = new Parser()
  // A subtest's own outcome is told only where it does not follow from its assertions.
  parser.on('result', ({ ok, name, fullname, diag }: Result) => {
    const place = placeOf(fullname === name ? name : fullname.slice(0, -` > ${name}`.length))
    tests.set(place.file, (tests.get(place.file) ?? new Set()).add(place.test))
    if (ok) return
    const { stack = '', diff = '' } = (diag ?? {}) as { stack?: string, diff?: string }
    failures.push({ ...place, line: lineIn(place.file, stack), message: `${name}\n${diff}`.trim() })
  })
  watchEnd(parser, failures)
  parser.end(tap)
  return { tests, failures }
}

/** Of a test that was cut off, as of a process that ended, there may be no assertion that failed. */
function watchEnd (parser: Parser, failures: Failure[]): void {
  parser.on('child', (child: Parser) => { watchEnd(child, failures) })
  parser.on('complete', (results: FinalResults) => {
    for (const { tapError } of results.failures) {
      if (tapError !== null) failures.push({ ...placeOf(parser.fullname), line: undefined, message: tapError })
    }
  })
}

function placeOf (fullname: string): { file: string, test: string } {
  const [file = '', ...test] = fullname.split(' > ')
  return { file, test: test.join(' > ') }
}

function lineIn (file: string, stack: string): number | undefined {
  const outermost = stack.split('\n').findLast((frame) => frame.includes(`${file}:`))
  return outermost === undefined ? undefined : Number(outermost.slice(outermost.indexOf(`${file}:`) + file.length + 1).split(':')[0])
}
