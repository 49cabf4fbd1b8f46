/**
 * Compares `src/aws-model/shapes.ts` with AWS's published model of Secrets Manager, which is botocore's `service-2.json`. Use the
 * version of that file from the time when the installed AWS SDK was released. If you name a second, newer version, the script
 * also compares `src/aws-model/newer.ts` with it.
 *
 *     node scripts/check-aws-model.ts PATH/TO/service-2.json [PATH/TO/NEWER/service-2.json]
 *
 * Prints every difference, and exits with 1 if there are any.
 */
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { newerOperations, newerShapes } from '#src/aws-model/newer'
import { operations, shapes, type Shape, type StructureShape } from '#src/aws-model/shapes'

interface PublishedShape {
  type: string
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
  sensitive?: boolean
  required?: string[]
  member?: { shape: string }
  members?: Record<string, { shape: string }>
}

interface PublishedModel {
  operations: Record<string, { input: { shape: string } }>
  shapes: Record<string, PublishedShape>
}

/** Omits `bytes`, which AWS's model does not have. */
const localShape = (shape: Shape): object => ({ ...shape, bytes: undefined })

/** Selects the properties that the local model also has. */
const publishedShape = (shape: PublishedShape): object => ({
  type: shape.type,
  min: shape.min,
  max: shape.max,
  pattern: shape.pattern,
  enum: shape.enum,
  sensitive: shape.sensitive,
  required: shape.required,
  member: shape.member?.shape,
  members: shape.members && Object.fromEntries(Object.entries(shape.members).map(([name, { shape }]) => [name, shape]))
})

const defined = (object: object): object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

/** The tables of this project that are compared with one published model. */
interface LocalModel {
  operations: Readonly<Record<string, StructureShape>>
  shapes: Readonly<Record<string, Shape>>
}

/** Returns the names of all shapes that the operations' inputs refer to, directly or indirectly. */
function reachable ({ operations, shapes }: LocalModel): Set<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    const shape = shapes[name]
    if (shape?.type === 'list') visit(shape.member)
    if (shape?.type === 'structure') Object.values(shape.members).forEach(visit)
  }
  for (const shape of Object.values(operations)) Object.values(shape.members).forEach(visit)
  return found
}

function differences (local: LocalModel, model: PublishedModel): string[] {
  const found: string[] = []
  const compare = (name: string, ours: Shape | undefined, published: PublishedShape | undefined): void => {
    const left = ours && defined(localShape(ours))
    const right = published && defined(publishedShape(published))
    if (!isDeepStrictEqual(left, right)) found.push(`${name}: local ${JSON.stringify(left)}, AWS ${JSON.stringify(right)}`)
  }
  for (const name of new Set([...Object.keys(local.operations), ...Object.keys(model.operations)])) {
    const published = model.operations[name]
    compare(name, local.operations[name], published && model.shapes[published.input.shape])
  }
  for (const name of new Set([...Object.keys(local.shapes), ...reachable(local)])) {
    compare(name, local.shapes[name], model.shapes[name])
  }
  return found
}

const paths = process.argv.slice(2)
const locals: readonly LocalModel[] = [{ operations, shapes }, { operations: newerOperations, shapes: newerShapes }]
if (paths.length === 0 || paths.length > locals.length) {
  throw new TypeError('Specify the models: node scripts/check-aws-model.ts service-2.json [NEWER/service-2.json]')
}
for (const [index, local] of locals.entries()) {
  const path = paths[index]
  if (path === undefined) break
  const found = differences(local, JSON.parse(await readFile(path, 'utf8')) as PublishedModel)
  for (const difference of found) console.error(difference)
  const compared = `${Object.keys(local.operations).length} operations and ${Object.keys(local.shapes).length} shapes compared`
  console.log(`${path}: ${compared}, ${found.length} differences`)
  if (found.length > 0) process.exitCode = 1
}
