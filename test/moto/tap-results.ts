import { Parser, type FinalResults, type Result } from 'tap-parser'

/** An assertion that failed. */
export interface Failure {
  /** The test file, relative to the root of the repository. */
  file: string
  /** The test with its parents: `readSecret > returns one field of a JSON value`. */
  test: string
  /** The line of the assertion, counted from 1. For an assertion in a helper function, the line that calls the function. */
  line: number | undefined
  /** The assertion's message and the difference that it found. */
  message: string
}

/** The results of a run of tap. */
export interface TapResults {
  /** The tests that have assertions, by file. */
  tests: Map<string, Set<string>>
  failures: Failure[]
}

/** Parses the output of `tap run --reporter=tap`. */
export function readTap (tap: string): TapResults {
  const tests = new Map<string, Set<string>>()
  const failures: Failure[] = []
  const parser = new Parser()
  // The parser emits this event for each assertion. For a subtest, it emits the event only if the subtest's own result
  // contradicts its assertions, for example after a timeout.
  parser.on('result', ({ ok, name, fullname, diag }: Result) => {
    const place = placeOf(fullname === name ? name : fullname.slice(0, -` > ${name}`.length))
    tests.set(place.file, (tests.get(place.file) ?? new Set()).add(place.test))
    if (ok) return
    const { stack = '', diff = '' } = (diag ?? {}) as { stack?: string, diff?: string }
    failures.push({ ...place, line: lineIn(place.file, stack), message: `${name}\n${diff}`.trim() })
  })
  addIncompleteTests(parser, failures)
  parser.end(tap)
  return { tests, failures }
}

/** Adds a failure for each test that did not end properly, for example because its process crashed. */
function addIncompleteTests (parser: Parser, failures: Failure[]): void {
  parser.on('child', (child: Parser) => { addIncompleteTests(child, failures) })
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
