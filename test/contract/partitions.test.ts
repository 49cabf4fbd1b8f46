import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { partition } from '@aws-sdk/core/client'
import t from 'tap'
import { defaultRegionOf, partitionInArn, partitionNames, partitionOf, regions } from '#src/aws-model/partitions'

/** Returns the regions in the AWS SDK's data, without the pseudo-regions of global services, such as `aws-global`. */
function regionsOfSdk (): string[] {
  const folder = join(createRequire(import.meta.url).resolve('@aws-sdk/core/package.json'), '..')
  const source = readFileSync(join(folder, 'dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'), 'utf8')
  const names = Array.from(source.matchAll(/"([a-z-]+-\d+)": \{/g), ([, name = '']) => name)
  return [...new Set(names)]
}

t.test('the regions and their partitions match the AWS SDK', async (t) => {
  t.strictSame([...regions].sort(), regionsOfSdk().sort())
  for (const region of regions) t.equal(partitionOf(region), partition(region).name, region)
  for (const name of partitionNames) {
    t.match(partition(defaultRegionOf(name)), { name, implicitGlobalRegion: defaultRegionOf(name) })
  }
  t.equal(defaultRegionOf('aws-nowhere'), 'us-east-1')
  t.equal(new Set(regions).size, regions.length)
})

t.test('a region that AWS does not have belongs to no partition', async (t) => {
  for (const region of ['eu-west-9', 'aws-global', '', 'constructor']) t.equal(partitionOf(region), undefined, region)
})

t.test('the partition of an ARN', async (t) => {
  t.equal(partitionInArn('arn:aws-us-gov:iam::111122223333:role/gateway'), 'aws-us-gov')
  for (const text of ['alias/aws/secretsmanager', 'arn:', 'arn::iam']) t.equal(partitionInArn(text), undefined, text)
})
