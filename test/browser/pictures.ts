import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pixelmatch from 'pixelmatch'
import { PNG } from 'pngjs'
import type { Test } from 'tap'

/** The approved pictures. Each shows a page in all its forms, at a quarter of its size. */
const folder = join(import.meta.dirname, 'pictures')

/** The folder for pictures that differ from the approved ones. */
const shown = process.env.SCREENSHOTS ?? join(tmpdir(), 'secrets-gateway-pictures')

/**
 * The side of the square of pixels that becomes one pixel. It hides differences in how versions of Chromium draw the edges of
 * letters.
 */
const scale = 4

/**
 * The maximum difference of a pixel's colour, from 0 to 1, and the maximum number of pixels that exceed it. If a word or a check
 * box changes, more pixels differ.
 */
const threshold = 0.1
const tolerated = 12

const gap = 2

/** Makes a screenshot smaller. Each pixel is the mean of a square of pixels. */
export function shrink (screenshot: Buffer): PNG {
  const { width, data } = PNG.sync.read(screenshot)
  const height = data.length / width / 4
  const small = new PNG({ width: Math.floor(width / scale), height: Math.floor(height / scale) })
  for (let at = 0; at < small.width * small.height * 4; at++) {
    const [x, y] = [Math.floor(at / 4) % small.width, Math.floor(at / 4 / small.width)]
    let sum = 0
    for (let row = 0; row < scale; row++) {
      for (let column = 0; column < scale; column++) sum += data[((y * scale + row) * width + x * scale + column) * 4 + at % 4] ?? 0
    }
    small.data[at] = sum / scale / scale
  }
  return small
}

/** Combines pictures side by side. */
export function contactSheet (parts: readonly PNG[]): PNG {
  const sheet = new PNG({
    width: parts.reduce((width, part) => width + part.width + gap, -gap),
    height: Math.max(...parts.map(({ height }) => height))
  })
  // Grey, and opaque like the screenshots.
  sheet.data.fill(0x80)
  for (let alpha = 3; alpha < sheet.data.length; alpha += 4) sheet.data[alpha] = 0xff
  let x = 0
  for (const part of parts) {
    part.bitblt(sheet, 0, 0, part.width, part.height, x, 0)
    x += part.width + gap
  }
  return sheet
}

/** Returns the number of pixels that differ noticeably, and a picture that shows them. */
function differences (expected: PNG, { width, height, data }: PNG): { count: number, marked?: PNG } {
  if (expected.width !== width || expected.height !== height) return { count: width * height }
  const marked = new PNG({ width, height })
  return { count: pixelmatch(expected.data, data, marked.data, width, height, { threshold }), marked }
}

const write = (path: string, picture: PNG): void => { writeFileSync(path, PNG.sync.write(picture, { colorType: 2 })) }

/**
 * Checks that a picture looks like the approved picture. With `TAP_SNAPSHOT=1`, which `tap --snapshot` sets, approves the picture
 * instead.
 */
export function checkPicture (t: Test, name: string, picture: PNG): void {
  const approved = join(folder, `${name}.png`)
  if (process.env.TAP_SNAPSHOT === '1') {
    mkdirSync(folder, { recursive: true })
    write(approved, picture)
    return
  }
  const { count, marked } = existsSync(approved) ? differences(PNG.sync.read(readFileSync(approved)), picture) : { count: Infinity }
  if (count > tolerated) {
    mkdirSync(shown, { recursive: true })
    write(join(shown, `${name}.png`), picture)
    if (marked !== undefined) write(join(shown, `${name}-differences.png`), marked)
  }
  t.ok(count <= tolerated, `${name} looks like ${approved}: ${count} pixels differ`, {
    hint: `Look at ${shown}/${name}.png. If it is as it should be, approve it: npm test -- --snapshot FILE`
  })
}
