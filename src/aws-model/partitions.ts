/** An AWS partition. Its accounts, credentials and ARNs are not valid in any other partition. */
interface Partition {
  /** The region to use if none is specified. */
  readonly defaultRegion: string
  readonly regions: readonly string[]
}

const commercial: Partition = {
  defaultRegion: 'us-east-1',
  regions: [
    'af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-south-2',
    'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7',
    'ca-central-1', 'ca-west-1', 'eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1',
    'eu-west-2', 'eu-west-3', 'il-central-1', 'me-central-1', 'me-south-1', 'me-west-1', 'mx-central-1', 'sa-east-1',
    'sa-west-1', 'us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'
  ]
}

/** AWS's partitions. `test/contract/partitions.test.ts` compares them with the data of the AWS SDK. */
const partitions: Readonly<Record<string, Partition>> = {
  aws: commercial,
  'aws-cn': { defaultRegion: 'cn-northwest-1', regions: ['cn-north-1', 'cn-northwest-1'] },
  'aws-eusc': { defaultRegion: 'eusc-de-east-1', regions: ['eusc-de-east-1'] },
  'aws-iso': { defaultRegion: 'us-iso-east-1', regions: ['us-iso-east-1', 'us-iso-west-1'] },
  'aws-iso-b': { defaultRegion: 'us-isob-east-1', regions: ['us-isob-east-1', 'us-isob-west-1'] },
  'aws-iso-e': { defaultRegion: 'eu-isoe-west-1', regions: ['eu-isoe-west-1'] },
  'aws-iso-f': { defaultRegion: 'us-isof-south-1', regions: ['us-isof-east-1', 'us-isof-south-1'] },
  'aws-us-gov': { defaultRegion: 'us-gov-west-1', regions: ['us-gov-east-1', 'us-gov-west-1'] }
}

const partitionByRegion: ReadonlyMap<string, string> = new Map(
  Object.entries(partitions).flatMap(([partition, { regions }]) => regions.map((region) => [region, partition]))
)

/** The names of all partitions. A partition's name is the second part of each ARN in it. */
export const partitionNames: readonly string[] = Object.keys(partitions)

/** All AWS regions, in all partitions. */
export const regions: readonly string[] = [...partitionByRegion.keys()]

/** Returns the partition that a region belongs to, such as `aws-cn`, or undefined if AWS has no such region. */
export const partitionOf = (region: string): string | undefined => partitionByRegion.get(region)

/** Returns the partition in an ARN, or undefined if the text is not an ARN. */
export const partitionInArn = (text: string): string | undefined => /^arn:([^:]+):.*$/s.exec(text)?.[1]

/** Returns the default region of a partition or, if AWS has no such partition, that of `aws`. */
export const defaultRegionOf = (partition: string): string => (partitions[partition] ?? commercial).defaultRegion
