import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { app } from '#src/app'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { declared } from '#test/helper'

const root = join(import.meta.dirname, '..', '..')

async function gateway (t: Test): Promise<FastifyInstance> {
  const fastify = Fastify(serverOptions('silent'))
  t.teardown(async () => fastify.close())
  await fastify.register(app, { config: liveConfig(configFrom(declared)) })
  await fastify.ready()
  return fastify
}

const fileOf = (step: string): string => `${step.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`

t.test('the documented order of the steps is the order that runs', async (t) => {
  const { pipeline } = await gateway(t)
  // Nodes in a diagram must have unique names. If a step is drawn twice, the second node is named `step_`, with the label `step`.
  const page = (await readFile(join(root, 'docs', 'request.md'), 'utf8')).replaceAll(/\w+_\["(\w+)"\]/g, '$1')
  const steps = pipeline.flatMap(({ stage, steps }) => steps.map((step) => [stage, step]))
  t.same(Array.from(page.matchAll(/^\| ([a-z ]+) \| `(\w+)` \|/gm), ([, stage, step]) => [stage, step]), steps, 'in the table')

  const drawn = Array.from(page.matchAll(/^ {2}subgraph \w+\["([a-z ]+).*?"\]\n(.*?)^ {2}end$/gms), ([, stage, body = '']) =>
    ({ stage, body, names: new Set(body.match(/\w+/g)) }))
  const byStage = Map.groupBy(steps, ([stage]) => stage)
  t.same(drawn.map(({ stage, names }) => [stage, [...names].sort()]), Array.from(byStage, ([stage, all]) => [stage, all.map(([, step]) => step).sort()]), 'in the diagram')

  // The arrows between the steps of a stage in the diagram must match the order in which the steps run.
  const arrows = drawn.flatMap(({ stage, body }) =>
    Array.from(body.matchAll(/(\w+) -->(?= (\w+))/g), ([, from, to]) => ({ stage, from, to })))
  t.ok(arrows.length >= 8)
  const position = new Map(steps.map(([stage, step], index) => [`${stage}: ${step}`, index]))
  for (const { stage, from, to } of arrows) {
    const [before, after] = [from, to].map((step) => position.get(`${stage}: ${step}`))
    t.ok((before ?? NaN) < (after ?? NaN), `${stage}: ${from} before ${to}`)
  }
})

t.test('each step has its own file', async (t) => {
  const { pipeline } = await gateway(t)
  const files = await readdir(join(root, 'src', 'request', 'steps'))
  const limits = ['limitClaim', 'limitCaller', 'limitAddress', 'limitEnvironment']
  // The set removes duplicates: a step is listed twice if some routes run it before the body is read, and others afterwards.
  const steps = new Set(pipeline.flatMap(({ steps }) => steps))
  t.same(files.sort(), [...steps].filter((step) => !limits.includes(step)).map(fileOf).sort())
})

t.test('no other hook handles a request', async (t) => {
  const allowed = ['onClose', 'onListen', 'onReady', 'onRoute', 'preClose']
  for (const folder of ['plugins', 'routes']) {
    const files = await readdir(join(root, folder), { recursive: true })
    for (const file of files.filter((name) => name.endsWith('.ts') && join(folder, name) !== 'plugins/request.ts')) {
      const source = await readFile(join(root, folder, file), 'utf8')
      const hooks = Array.from(source.matchAll(/addHook\('(\w+)'|^\s+(onRequest|preParsing|preValidation|preHandler|preSerialization|onSend|onResponse|onError)\b/gm), ([, added, own]) => added ?? own)
      t.same(hooks.filter((hook) => hook !== undefined && !allowed.includes(hook)), [], `${folder}/${file}`)
    }
  }
})
